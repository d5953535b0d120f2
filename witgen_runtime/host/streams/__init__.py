"""Streams and futures of the component model, as a host reads and writes them."""
