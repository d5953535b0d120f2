"""`golem:websocket` on the `websockets` package."""

from __future__ import annotations

import threading
from collections.abc import Coroutine, Generator
from concurrent.futures import CancelledError, Future, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from websockets.asyncio.client import ClientConnection

from ..._bindings.types.golem_websocket_client import ErrorConnectionFailure, ErrorOther
from ..background import BackgroundLoop
from ..tls import trusted
from ..waiting import result_of, wait_for
from .connection import Connection
from .handshake import open_connection

__all__ = ["WebSockets"]

_SHUTTING_DOWN: Final = "the host is shutting down"


class WebSockets:
    """WebSocket connections of any number of components, which share one thread.

    Args:
        limit: the number of connections that may be open at a time; `connect` waits for a free place.
        open_timeout: the time limit of a server's answer to the handshake, in seconds.
        close_timeout: the time limit of a server's answer to a close, in seconds.
        send_timeout: the time limit of sending a message, in seconds.
        ca: a file or folder with certificates that `wss` trusts in addition to the system's.
        allowed: whether components may connect at all; if not, `connect` fails with `other("permission denied")`.
    """

    def __init__(
        self,
        *,
        limit: int = 100,
        open_timeout: float = 10,
        close_timeout: float = 5,
        send_timeout: float = 60,
        ca: Path | None = None,
        allowed: bool = True,
    ) -> None:
        self._limit = limit
        self._open_timeout = open_timeout
        self._close_timeout = close_timeout
        self.send_timeout = send_timeout
        self._tls = trusted(ca)
        self._allowed = allowed
        self.loop = BackgroundLoop("witgen-websockets")
        self._changed = threading.Condition()
        self._open: set[Connection] = set()
        self._opening: set[Future[ClientConnection]] = set()
        self._leaving: set[Future[None]] = set()
        self._reserved = 0
        self._closed = False
        self.connection: Final = type("Connection", (Connection,), {"service": self})
        """The class that implements the connections."""

    @property
    def count(self) -> int:
        """The number of open connections."""
        return len(self._open)

    def implementations(self) -> dict[str, object]:
        """Return the implementations of the imports, by field of the bindings' `ServicesImports`."""
        return {"golem_websocket_client": self.connection}

    def leave(self) -> None:
        """End all connections and connection attempts without waiting; components find them closed."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for connection in list(self._open):
            connection.leave()
        for opening in list(self._opening):
            opening.cancel()

    def close(self) -> None:
        """End all connections like `leave`, but wait for the servers' answers."""
        self.leave()
        wait(list(self._leaving), timeout=self._close_timeout)
        self.loop.close()

    def connect(self, url: str, headers: list[tuple[str, str]]) -> ClientConnection:
        """Open a connection when there are fewer than the limit; `release` frees its place.

        Raises:
            Error: the network is not allowed, the services are shutting down, or the connection fails.
        """
        if not self._allowed:
            raise ErrorOther("permission denied")
        with self._place():
            opening = open_connection(
                url, headers, tls=self._tls, open_timeout=self._open_timeout, close_timeout=self._close_timeout
            )
            return self._finish(self.loop.start(opening))

    def _finish(self, opening: Future[ClientConnection]) -> ClientConnection:
        self._opening.add(opening)
        try:
            return result_of(opening)
        except CancelledError as error:
            raise ErrorConnectionFailure(_SHUTTING_DOWN) from error
        except BaseException:
            # Ctrl-C: nothing else would ever close the connection being opened.
            opening.cancel()
            raise
        finally:
            self._opening.discard(opening)

    @contextmanager
    def _place(self) -> Generator[None]:
        """Take a place among the connections; free it if the connection fails."""
        with self._changed:
            wait_for(self._changed, lambda: self._closed or self._reserved < self._limit)
            if self._closed:
                raise ErrorConnectionFailure(_SHUTTING_DOWN)
            self._reserved += 1
        try:
            yield
        except BaseException:
            self._free()
            raise

    def _free(self) -> None:
        with self._changed:
            self._reserved -= 1
            self._changed.notify()

    def say_goodbye(self, goodbye: Coroutine[Any, Any, None]) -> None:
        """End a connection in the background; closing the services waits for it."""
        leaving = self.loop.start(goodbye)
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)

    def keep(self, connection: Connection) -> None:
        """Keep a connection, to close it with the service."""
        with self._changed:
            self._open.add(connection)

    def release(self, connection: Connection) -> None:
        """Free the place of a connection; twice is fine."""
        with self._changed:
            known = connection in self._open
            self._open.discard(connection)
        if known:
            self._free()
