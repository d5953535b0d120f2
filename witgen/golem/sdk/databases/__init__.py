"""What `postgres` and `mysql` have in common: connections and cursors as PEP 249 has them."""
