"""A worker's way along its oplog: first what is recorded, then live."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from .codec import NOTHING, Encoded
from .entries import CALLS, COMPLETED, IMPORTED, INVOKED, LOG, REPLAYED, UPDATED, Entry
from .errors import DivergenceError, RefusedError
from .policy import Kind
from .state import State

__all__ = ["Recorder"]

_SHOWN: Final = 300
"""Characters of a value that a message shows."""


class Recorder:
    """Records the calls of one worker, or answers them from the oplog as long as there are recorded ones.

    One thread at a time makes calls; output may come from another.
    """

    def __init__(self, state: State, worker: int) -> None:
        self.state = state
        self.worker = worker
        self.level = "smart"
        """What is written to the oplog: a case of `persistence-level`."""
        self.repeats = True
        """Whether a write that may have been made already is made again."""
        self.on_live: list[Callable[[], None]] = []
        """What is done when replay is over."""
        self.current = 0
        """Position of the entry of the call under way; 0 where it has none."""
        entries = self._without_open_region(state.entries(worker, alive=True))
        self._recorded = deque(_from_last_snapshot([entry for entry in entries if entry.kind in REPLAYED]))
        self._printed = _output_sizes(entries)

    def _without_open_region(self, entries: list[Entry]) -> list[Entry]:
        """Let a region that has no end count no more: it is done as a whole, or again."""
        opened: list[int] = []
        for entry in entries:
            if entry.kind == "begin-atomic-region":
                opened.append(entry.position)
            elif entry.kind == "end-atomic-region":
                begin = int(entry.request.text.strip("[]"))
                opened = [each for each in opened if each < begin]
        if not opened:
            return entries
        self.state.forget(self.worker, opened[0] + 1, "jump")
        return [entry for entry in entries if entry.position <= opened[0]]

    @property
    def is_replaying(self) -> bool:
        """Tell whether there are recorded entries left."""
        return bool(self._recorded)

    def next_entry(self) -> Entry | None:
        """Return the recorded entry that is next, None where the worker is live."""
        return self._recorded[0] if self._recorded else None

    def take(self) -> Entry:
        """Go past the next recorded entry."""
        entry = self._recorded.popleft()
        unfinished = entry.kind in CALLS and entry.response is None
        if not self._recorded and not unfinished:
            self._go_live()
        return entry

    def _go_live(self) -> None:
        for action in self.on_live:
            action()

    def call(
        self, name: str, kind: Kind, request: Encoded, execute: Callable[[], Encoded], *, entry_kind: str = IMPORTED
    ) -> Encoded:
        """Answer a call from the oplog, or make it and record it.

        Args:
            name: the function, with its interface.
            kind: what it does to the world.
            request: the arguments.
            execute: makes the call and returns the response.
            entry_kind: what its entry is called.

        Raises:
            DivergenceError: the oplog has another call here.
        """
        if not self._is_kept(name, kind):
            self.current = 0
            return execute()
        if not self._recorded:
            return self._record(name, kind, request, execute, entry_kind)
        entry = self._recorded[0]
        if entry.kind not in CALLS or entry.name != name or entry.request != request:
            raise DivergenceError(entry.position, _shown(entry), _shown(Entry(entry_kind, name, request)))
        self.take()
        if entry.response is not None:
            self.current = entry.position
            return entry.response
        return self._make_again(entry, kind, execute)

    def _is_kept(self, name: str, kind: Kind) -> bool:
        # What a worker asks Golem for has its place in the oplog at any level: promises and keys are named after it.
        if self.level == "smart" or name.startswith("golem:api/host@"):
            return True
        return self.level == "persist-remote-side-effects" and kind.is_remote

    def _record(
        self, name: str, kind: Kind, request: Encoded, execute: Callable[[], Encoded], entry_kind: str
    ) -> Encoded:
        if kind is not Kind.WRITE_REMOTE:
            response = execute()
            self.state.append(self.worker, Entry(entry_kind, name, request, response))
            return response
        # It is in the oplog before it is made: so nobody takes it for one that was not tried.
        self.current = position = self.state.append(self.worker, Entry(entry_kind, name, request))
        response = execute()
        self.state.answer(self.worker, position, response)
        return response

    def _make_again(self, entry: Entry, kind: Kind, execute: Callable[[], Encoded]) -> Encoded:
        """Make the last recorded call, whose outcome nobody knows."""
        self._go_live()
        if kind is Kind.WRITE_REMOTE and not self.repeats:
            raise RefusedError(
                f"entry {entry.position}, {_shown(entry)}: the worker was stopped in the middle of this call, and with "
                "set-idempotence-mode(false) it must not be made again"
            )
        self.current = entry.position
        response = execute()
        self.state.answer(self.worker, entry.position, response)
        return response

    # Invocations of the worker itself

    def begin(self, function: str, key: str, request: Encoded) -> int:
        """Record that a call of the worker begins, and return where."""
        return self.state.append(self.worker, Entry(INVOKED, function, request, key=key))

    def complete(self, function: str, response: Encoded) -> None:
        """Record that a call of the worker has ended, or see that it was recorded so."""
        if not self._recorded:
            self.state.append(self.worker, Entry(COMPLETED, function, response=response))
            return
        entry = self._recorded[0]
        if entry.kind != COMPLETED or entry.response != response:
            raise DivergenceError(entry.position, _shown(entry), f"{function} returns {_shorten(response.text)}")
        self.take()

    # Output

    def put_out(self, stream: str, data: bytes, output: Callable[[str, bytes], object]) -> None:
        """Pass on the part of some output that was not put out in an earlier life of the worker, and record it."""
        known = min(self._printed.get(stream, 0), len(data))
        if known:
            self._printed[stream] -= known
            data = data[known:]
        if not data:
            return
        # In this order: nothing is lost when the process dies in between, but may come twice.
        output(stream, data)
        if self.level == "smart":
            self.state.append(self.worker, Entry(LOG, stream, Encoded("null", data), NOTHING))


def _from_last_snapshot(entries: list[Entry]) -> list[Entry]:
    """Return the entries from the last one that a snapshot came with; what was before is in the snapshot."""
    starts = [index for index, entry in enumerate(entries) if entry.kind == UPDATED and entry.request.data]
    rest = entries[starts[-1] :] if starts else entries
    return [entry for index, entry in enumerate(rest) if entry.kind != UPDATED or (index == 0 and entry.request.data)]


def _output_sizes(entries: list[Entry]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for entry in entries:
        if entry.kind == LOG:
            sizes[entry.name] = sizes.get(entry.name, 0) + len(entry.request.data)
    return sizes


def _shown(entry: Entry) -> str:
    if entry.kind == COMPLETED:
        return f"{entry.name} returns {_shorten(entry.response.text if entry.response else 'nothing')}"
    word = "the worker is called: " if entry.kind == INVOKED else ""
    return f"{word}{entry.name}({_shorten(entry.request.text[1:-1])})"


def _shorten(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
