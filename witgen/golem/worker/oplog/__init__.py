"""The oplog: its entries, the encoding of values, and the policy of what is recorded."""
