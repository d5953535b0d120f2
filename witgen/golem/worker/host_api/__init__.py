"""`golem:api` and `golem:rpc` for workers."""
