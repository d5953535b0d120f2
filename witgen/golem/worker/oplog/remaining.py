"""The entries that replay has not followed yet."""

from __future__ import annotations

from collections import deque
from typing import Final

from ..storage.state import State
from .entries import REPLAYED, UPDATED, Entry

__all__ = ["Remaining"]

_BLOCK: Final = 1000
"""The most entries that are read at once."""


class Remaining:
    """Recorded entries that replay has not followed yet, in order; they are read in blocks when they are needed.

    Args:
        state: the state file.
        worker: the number of the worker.
        start: the first entry.
        again: a call whose response does not count, because it is made again.
    """

    def __init__(self, state: State, worker: int, start: int, again: int | None = None) -> None:
        self._state = state
        self._worker = worker
        self._start = start
        self._next: int | None = start
        """Where the next block begins; None after the last one."""
        self._again = again
        self._read: deque[Entry] = deque()
        self._fill()

    def __bool__(self) -> bool:
        """Return whether there are any."""
        return bool(self._read)

    @property
    def first(self) -> Entry:
        """The next one."""
        return self._read[0]

    def take(self) -> Entry:
        """Remove and return the next one."""
        entry = self._read.popleft()
        if not self._read:
            self._fill()
        return entry

    def _fill(self) -> None:
        while self._next is not None and not self._read:
            block = self._state.entries(self._worker, start=self._next, limit=_BLOCK, alive=True, kinds=REPLAYED)
            self._next = block[-1].position + 1 if len(block) == _BLOCK else None
            self._read.extend(map(self._seen, filter(self._is_followed, block)))

    def _is_followed(self, entry: Entry) -> bool:
        # An update by replay leaves no trace in the component, and a snapshot is where replay begins.
        return entry.kind != UPDATED or (entry.is_snapshot and entry.position == self._start)

    def _seen(self, entry: Entry) -> Entry:
        return entry._replace(response=None) if entry.position == self._again else entry
