"""Host functions, handles and waits that are recorded, or answered from the oplog."""
