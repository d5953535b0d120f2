"""Agents behind HTTP, as Golem's gateway serves them."""
