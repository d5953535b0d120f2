"""Requests of other processes to workers that run here, which `witgen workers interrupt` leaves in the state file."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import Final

from ..errors import StateError
from .state import State

__all__ = ["Wishes"]

_LOOK_AGAIN: Final = 0.2
"""Seconds between two checks."""


class Wishes:
    """Watcher for requests in the state file, until it is closed.

    Args:
        state: the state file.
        interrupt: ends the current call of the worker with a number.
    """

    def __init__(self, state: State, interrupt: Callable[[int], None]) -> None:
        self._state = state
        self._interrupt = interrupt
        self._closed = threading.Event()
        state.execute("UPDATE workers SET wish = '' WHERE wish <> ''")
        self._thread = threading.Thread(target=self._run, name="wishes", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop watching; twice is fine."""
        self._closed.set()
        self._thread.join()

    def _run(self) -> None:
        seen = 0
        while not self._closed.wait(_LOOK_AGAIN):
            # A file that is locked or full now may be usable at the next check.
            with contextlib.suppress(StateError):
                # This number changes when another process has written to the file.
                [version] = self._state.execute("PRAGMA data_version")
                if version[0] != seen:
                    seen = self._look(version[0])

    def _look(self, version: int) -> int:
        for row in self._state.execute("SELECT number FROM workers WHERE wish <> ''"):
            self._interrupt(row["number"])
            self._state.execute("UPDATE workers SET wish = '' WHERE number = ?", row["number"])
        return version
