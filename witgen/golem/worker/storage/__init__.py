"""The state file: an SQLite database, and who may use it."""
