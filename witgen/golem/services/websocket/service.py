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
    """The WebSocket connections of all components that this is given to. All of them share one thread.

    Args:
        limit: how many connections may be open at a time; `connect` waits while there are more.
        open_timeout: seconds until a server has to have answered the handshake.
        close_timeout: seconds that a server gets to answer a close.
        send_timeout: seconds that a message may take to get out.
        ca: a file or folder with certificates that `wss` trusts beside the system's.
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
        """How many connections are open."""
        return len(self._open)

    def implementations(self) -> dict[str, object]:
        """Return what implements the imports, by their names."""
        return {"golem_websocket_client": self.connection}

    def leave(self) -> None:
        """End all connections, and attempts at one, without waiting; components find them closed."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for connection in list(self._open):
            connection.leave()
        for opening in list(self._opening):
            opening.cancel()

    def close(self) -> None:
        """End all connections as `leave` does, with time for goodbyes."""
        self.leave()
        wait(list(self._leaving), timeout=self._close_timeout)
        self.loop.close()

    def connect(self, url: str, headers: list[tuple[str, str]]) -> ClientConnection:
        """Open a connection, once there are few enough; each is given back with `release`.

        Raises:
            Error: the network is not allowed, the services are shutting down, or there is no connection.
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
            # Ctrl-C: nobody would ever close what is being opened.
            opening.cancel()
            raise
        finally:
            self._opening.discard(opening)

    @contextmanager
    def _place(self) -> Generator[None]:
        """Take a place among the connections; it is free again if nothing comes of it."""
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
        """Remember a connection, to close it with the service."""
        with self._changed:
            self._open.add(connection)

    def release(self, connection: Connection) -> None:
        """Give a connection's place to another; twice is fine."""
        with self._changed:
            known = connection in self._open
            self._open.discard(connection)
        if known:
            self._free()
