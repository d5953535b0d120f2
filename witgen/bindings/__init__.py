"""From resolved WIT to the text of bindings."""
