"""The state file, an SQLite database, and its lock."""
