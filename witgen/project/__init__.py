"""Projects: their configuration, their targets, and the tools that build or watch them."""
