"""`wasi:keyvalue` in an SQLite file."""
