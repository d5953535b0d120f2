"""Components as tools of language models: `witgen mcp`."""
