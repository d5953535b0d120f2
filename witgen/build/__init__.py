"""Building components from Python applications."""
