"""Promises of `golem:api/host`: any caller that knows a promise can complete it, which resumes its waiters."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

from ..errors import DamagedError, RefusedError, Stopped
from ..storage.state import State

__all__ = ["Promises"]

_LOOK_AGAIN: Final = 0.1
"""Seconds between two checks: another process may complete a promise too, and signal handlers have to run."""


class Promises:
    """The promises of a state file."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._changed = threading.Condition(threading.RLock())
        self._is_stopped = False
        self._watchers: dict[tuple[int, int], list[Callable[[], object]]] = {}
        self.waiting = 0
        """The number of threads that wait for promises."""

    def create(self, worker: int, position: int) -> None:
        """Create a promise, named after its position in the oplog."""
        self._state.execute("INSERT OR IGNORE INTO promises (worker, position) VALUES (?, ?)", worker, position)

    def poll(self, worker: int, position: int) -> bytes | None:
        """Return the data of a completed promise, None if it is pending; raise if it does not exist."""
        rows = self._state.execute(
            "SELECT data FROM promises WHERE worker = ? AND position = ?", worker, position
        )  # fmt: skip
        if not rows:
            raise RefusedError(f"there is no promise {position} of this worker; it may have been deleted")
        data = rows[0]["data"]
        if data is None or isinstance(data, bytes):
            return data
        raise DamagedError(f"promise {position} of the worker is damaged: restore the state file from a copy")

    def wait(self, worker: int, position: int, go_on: Callable[[], None]) -> bytes:
        """Wait until a promise is completed and return its data; `go_on` raises to end the wait."""
        with self._changed, self.counted():
            while (data := self.poll(worker, position)) is None:
                go_on()
                if self._is_stopped:
                    raise Stopped
                self._changed.wait(_LOOK_AGAIN)
        return data

    @contextmanager
    def counted(self) -> Generator[None]:
        """Count this thread as one that waits for a promise."""
        with self._changed:
            self.waiting += 1
        try:
            yield
        finally:
            with self._changed:
                self.waiting -= 1

    def watch(self, worker: int, position: int, completed: Callable[[], object]) -> None:
        """Call `completed` as soon as a promise is completed; at once, if it is already."""
        with self._changed:
            if self.poll(worker, position) is None:
                self._watchers.setdefault((worker, position), []).append(completed)
                return
        completed()

    def stop(self) -> None:
        """End all waits, because the process ends."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()

    def complete(self, worker: int, position: int, data: bytes) -> bool:
        """Complete a promise; return False if it was completed before."""
        rows = self._state.execute(
            "UPDATE promises SET data = ? WHERE worker = ? AND position = ? AND data IS NULL RETURNING position",
            data, worker, position,
        )  # fmt: skip
        with self._changed:
            watchers = self._watchers.pop((worker, position), [])
            self._changed.notify_all()
        for completed in watchers:
            completed()
        return bool(rows)

    def delete(self, worker: int, position: int) -> None:
        """Delete a promise."""
        self._state.execute("DELETE FROM promises WHERE worker = ? AND position = ?", worker, position)
