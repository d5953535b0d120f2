"""WebSocket servers on the loopback interface, for guests and hosts to talk to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

__all__ = ["websocket_server"]


@contextmanager
def websocket_server(handler: Callable[[ServerConnection], None], **settings: Any) -> Iterator[str]:
    """Run a WebSocket server; yield its URL."""

    def handle(connection: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            handler(connection)

    scheme = "wss" if "ssl" in settings else "ws"
    with serve(handle, "127.0.0.1", 0, max_size=None, **settings) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"{scheme}://127.0.0.1:{server.socket.getsockname()[1]}"
        finally:
            server.shutdown()
            thread.join()
