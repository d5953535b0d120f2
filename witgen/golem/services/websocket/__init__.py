"""`golem:websocket` on the `websockets` package."""
