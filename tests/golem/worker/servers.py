"""Servers that workers talk to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from websockets.sync.server import ServerConnection, serve

__all__ = ["serving"]


@contextmanager
def serving(handler: Callable[[ServerConnection], None]) -> Iterator[str]:
    """Answer connections on the loopback interface; the URL is the result."""
    with serve(handler, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        finally:
            server.shutdown()
            thread.join()
