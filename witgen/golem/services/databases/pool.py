"""Connections to databases, which components use in turn, and whose work can be interrupted."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from ..waiting import result_of
from .driver import Driver

__all__ = ["Pool"]

T = TypeVar("T")

_IDLE: Final = 8
"""Connections to one database that are kept for the next statement."""

_THREADS: Final = 32
"""Statements that run at a time."""


class Pool:
    """Connections of one driver.

    Args:
        driver: makes and uses them.
    """

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._lock = threading.Lock()
        self._idle: dict[str, list[Any]] = {}
        self._abandoned: set[int] = set()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix=f"witgen-{driver.name}")
        self._is_closed = False

    def take(self, address: str) -> Any:
        """Return a connection that nobody else uses."""
        with self._lock:
            idle = self._idle.get(address, [])
            found = idle.pop() if idle else None
        if found is not None and self._driver.is_usable(found):
            return found
        return self.wait(None, lambda: self._driver.connect(address))

    def give_back(self, address: str, connection: Any) -> None:
        """Keep a connection for others, or close it if it is in no state for that."""
        with self._lock:
            idle = self._idle.setdefault(address, [])
            is_free = id(connection) not in self._abandoned and not self._is_closed and len(idle) < _IDLE
            if is_free and self._driver.is_usable(connection):
                idle.append(connection)
                return
        self.discard(connection)

    def discard(self, connection: Any) -> None:
        """Close a connection, unless the thread that still uses it does that."""
        if id(connection) not in self._abandoned:
            self._close(connection)

    def wait(self, connection: Any, job: Callable[[], T]) -> T:
        """Run a job on another thread, and end it if the component's call has to end.

        Raises:
            Error: as WIT declares, for an error of the driver.
        """
        future = self._threads.submit(job)
        try:
            return result_of(future)
        except BaseException as error:
            if not future.done() and connection is not None:
                # The call of the component ends while the database is at work.
                self._abandoned.add(id(connection))
                future.add_done_callback(lambda _: self._close(connection))
                with contextlib.suppress(Exception):
                    self._driver.cancel(connection)
            declared = self._driver.error(error) if isinstance(error, Exception) else None
            if declared is None:
                raise
            raise declared from error

    def _close(self, connection: Any) -> None:
        self._abandoned.discard(id(connection))
        with contextlib.suppress(Exception):
            connection.close()

    def use(self, address: str, job: Callable[[Any], T]) -> T:
        """Run a job with a connection of its own."""
        connection = self.take(address)
        try:
            found = self.wait(connection, lambda: job(connection))
        except Exception:
            self.give_back(address, connection)
            raise
        except BaseException:
            self.discard(connection)
            raise
        self.give_back(address, connection)
        return found

    def close(self) -> None:
        """Close all connections; twice is fine."""
        with self._lock:
            self._is_closed = True
            idle = [each for every in self._idle.values() for each in every]
            self._idle.clear()
        for connection in idle:
            self.discard(connection)
        self._threads.shutdown(wait=False, cancel_futures=True)
