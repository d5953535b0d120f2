"""Host functions, handles and waits that are recorded in the oplog, or answered from it."""
