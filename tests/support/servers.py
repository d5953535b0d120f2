"""ASGI applications behind real servers on the loopback interface."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Generator
from typing import Any

import httpx
import hypercorn.asyncio
import uvicorn
from hypercorn.config import Config as HypercornConfig

__all__ = ["Server", "behind_hypercorn", "behind_uvicorn", "raw", "settled"]


class Server:
    """A running server: its port, and clients for it."""

    def __init__(self, port: int) -> None:
        self.port = port

    def client(self, **options: Any) -> httpx.Client:
        """Return an HTTP client whose environment has no proxy."""
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60, trust_env=False, **options)

    def connect(self) -> socket.socket:
        """Return a connection on which to speak HTTP by hand."""
        connection = socket.create_connection(("127.0.0.1", self.port))
        connection.settimeout(60)
        return connection


def raw(server: Server, request: bytes) -> bytes:
    """Send bytes; return all that comes until the server closes the connection."""
    with server.connect() as connection:
        connection.sendall(request)
        parts = []
        with contextlib.suppress(ConnectionResetError):
            while part := connection.recv(1 << 16):
                parts.append(part)
    return b"".join(parts)


@contextlib.contextmanager
def behind_uvicorn(app: Any, **options: Any) -> Generator[Server]:
    """Serve with uvicorn, in a thread, until the end of the block."""
    given = {"lifespan": "on", "log_level": "error", "http": "h11", "timeout_graceful_shutdown": 5, **options}
    server = uvicorn.Server(uvicorn.Config(app, port=0, **given))
    thread = threading.Thread(target=server.run, name="uvicorn")
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        yield Server(server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = True
        thread.join()


@contextlib.contextmanager
def behind_hypercorn(app: Any) -> Generator[Server]:
    """Serve with hypercorn, in a thread, until the end of the block."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    config = HypercornConfig()
    config.bind = [f"fd://{listener.detach()}"]
    config.errorlog = None
    config.graceful_timeout = 5
    loop, ended = asyncio.new_event_loop(), asyncio.Event()
    serving = hypercorn.asyncio.serve(app, config, shutdown_trigger=ended.wait)
    thread = threading.Thread(target=lambda: loop.run_until_complete(serving), name="hypercorn")
    thread.start()
    try:
        yield Server(port)
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        loop.close()


def settled(count: Callable[[], int]) -> int:
    """Return a number once it stays the same for a moment."""
    seen: list[int] = []
    while len(seen) < 5 or len(set(seen[-5:])) > 1:
        seen.append(count())
        time.sleep(0.1)
    return seen[-1]
