"""The WebSocket server of the demo: a real one, on a free port of 127.0.0.1."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Generator

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

__all__ = ["FAREWELL", "serving"]

FAREWELL = "Goodbye!"
"""The message that ends the conversation."""


def _converse(connection: ServerConnection) -> None:
    """Return every message to its sender; answer the farewell with a close."""
    with contextlib.suppress(ConnectionClosed):
        for message in connection:
            if message == FAREWELL:
                connection.close(1000, "bye")
            else:
                connection.send(message)


@contextlib.contextmanager
def serving() -> Generator[str, None, None]:
    """Serve until the block ends; the value is the URL."""
    with serve(_converse, "127.0.0.1", 0) as server:
        host, port = server.socket.getsockname()[:2]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"ws://{host}:{port}"
        finally:
            server.shutdown()
            thread.join()
