"""The oplog: its entries, how values stand in it, and what is recorded."""
