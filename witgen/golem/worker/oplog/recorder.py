"""A worker's way along its oplog: first what is recorded, then live."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final, NoReturn

from ...services.budget import Budget, SpentError
from ..errors import DivergenceError, RefusedError, StateError, Stopped
from ..storage.state import State
from .codec import NOTHING, Encoded
from .entries import CALLS, COMPLETED, IMPORTED, INVOKED, LOG, REPLAYED, TASK_COMPLETED, UPDATED, Entry, open_regions
from .policy import Kind

__all__ = ["Recorder"]

_ENTRY_SIZE: Final = 100
"""Bytes that an entry takes beside its values, about."""

_SHOWN: Final = 300
"""Characters of a value that a message shows."""


class Recorder:
    """Records the calls of one worker, or answers them from the oplog as long as there are recorded ones.

    One thread at a time makes calls; output may come from another.

    Args:
        state: where the oplog is.
        worker: whose it is.
        stopping: set once the process ends. No call is made from then on; what came of one that is under way may only
            be due to that, and is not recorded.
        budget: how much space the worker may take.
    """

    def __init__(self, state: State, worker: int, stopping: threading.Event, budget: Budget | None = None) -> None:
        self.state = state
        self._budget = budget or Budget("the oplog")
        self.worker = worker
        self._stopping = stopping
        self.level = "smart"
        """What is written to the oplog: a case of `persistence-level`."""
        self.repeats = True
        """Whether a write that may have been made already is made again."""
        self.on_live: list[Callable[[], None]] = []
        """What is done when replay is over."""
        self.current = 0
        """Position of the entry of the call under way; 0 where it has none."""
        entries = self._without_open_region(state.entries(worker, alive=True))
        entries = _from_last_snapshot(entries)
        self.snapshot = entries[0] if entries and entries[0].is_snapshot else None
        """Where the worker begins, if not at its beginning."""
        self.now = entries[0].at if entries else 0
        """The worker's time, in nanoseconds since the beginning of 1970: that of the last entry, the same in replay."""
        self._recorded = deque(entry for entry in entries if entry.kind in REPLAYED)
        self._ends = {entry.number: entry for entry in entries if entry.kind == TASK_COMPLETED}
        """Where the guest was told of the end of an async call, by the entry of that, in order."""
        self._answers = {entry.position: entry.response for entry in entries if entry.position in self._ends}
        self._printed = _output_sizes(entries)
        self._is_paused = False

    def _without_open_region(self, entries: list[Entry]) -> list[Entry]:
        """Let a region that has no end count no more: it is done as a whole, or again."""
        opened = open_regions(entries)
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

    def take(self, *, is_over: bool = True) -> Entry:
        """Go past the next recorded entry; `is_over` tells whether what it stands for need not be made again."""
        entry = self._recorded.popleft()
        self.now = entry.at
        if not self._recorded and is_over:
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
            return self._execute(execute)
        if not self._recorded:
            self._spend(request)
            return self._record(name, kind, request, execute, entry_kind)
        entry = self._matching(name, request)
        self.take(is_over=entry.response is not None)
        if entry.response is not None:
            self.current = entry.position
            return entry.response
        self._go_live()
        self._refuse_again(entry, kind)
        return self._make(entry.position, execute)

    def _matching(self, name: str, request: Encoded) -> Entry:
        """Return the next recorded entry if it is of this call."""
        entry = self._recorded[0]
        if entry.kind not in CALLS or entry.name != name or entry.request != request:
            raise DivergenceError(entry.position, _shown(entry), _shown(Entry(IMPORTED, name, request)))
        return entry

    @contextmanager
    def at(self, position: int) -> Generator[None]:
        """Repeat a call of an earlier entry."""
        current, self.current = self.current, position
        try:
            yield
        finally:
            self.current = current

    # Async calls

    def begin_task(self, name: str, kind: Kind, request: Encoded) -> int:
        """Record that an async call begins, or see that it was recorded so; return where, 0 where it is not kept."""
        self._go_on()
        if not self._is_kept(name, kind):
            self.current = 0
        elif not self._recorded:
            self._spend(request)
            self.current = self._append(Entry(IMPORTED, name, request))
        else:
            entry = self._matching(name, request)
            self.take()
            if not self.has_end(entry.position):
                self._refuse_again(entry, kind)
            self.current = entry.position
        return self.current

    def has_end(self, position: int) -> bool:
        """Tell whether the end of an async call is recorded."""
        return position in self._ends

    def may_end(self, position: int) -> bool:
        """Tell whether the guest is told next of the end of this call, and has made all calls that it made before."""
        end = next(iter(self._ends.values()))
        return end is self._ends[position] and not (self._recorded and self._recorded[0].position < end.position)

    def take_task(self, position: int) -> Encoded:
        """Return what a recorded async call came to; the guest is told now."""
        self.now = self._ends.pop(position).at
        return self._answers.pop(position) or NOTHING

    def end_task(self, position: int, response: Encoded) -> None:
        """Record what an async call came to, and that the guest is told now."""
        self._go_on()
        if position:
            with self.state.transaction():
                self.state.answer(self.worker, position, response)
                self._append(Entry(TASK_COMPLETED, request=Encoded(f"[{position}]"), response=NOTHING))

    def forget_task(self, position: int) -> None:
        """Expect the end of an async call no more: the guest has given it up."""
        if self._ends.pop(position, None) is not None:
            del self._answers[position]

    def refuse_waiting(self) -> NoReturn:
        """Say that the component waits where it went on before."""
        entry = self._recorded[0]
        raise DivergenceError(entry.position, _shown(entry), "nothing: the component waits")

    def pause(self) -> None:
        """Record nothing more: the component tells its state, and is not to be found doing so in a replay."""
        self._is_paused = True

    def _is_kept(self, name: str, kind: Kind) -> bool:
        if self._is_paused:
            return False
        # What a worker asks Golem for has its place in the oplog at any level: promises and keys are named after it.
        if self.level == "smart" or name.startswith("golem:api/host@"):
            return True
        return self.level == "persist-remote-side-effects" and kind.is_remote

    def _record(
        self, name: str, kind: Kind, request: Encoded, execute: Callable[[], Encoded], entry_kind: str
    ) -> Encoded:
        if kind is not Kind.WRITE_REMOTE:
            self.current = 0
            response = self._execute(execute)
            self._spend(response)
            self.current = self._append(Entry(entry_kind, name, request, response))
            return response
        # It is in the oplog before it is made: so nobody takes it for one that was not tried.
        position = self._append(Entry(entry_kind, name, request))
        return self._make(position, execute)

    def _make(self, position: int, execute: Callable[[], Encoded]) -> Encoded:
        """Make a call that has its entry already, and write down what came of it."""
        self.current = position
        response = self._execute(execute)
        self.state.answer(self.worker, position, response)
        return response

    def _execute(self, execute: Callable[[], Encoded]) -> Encoded:
        self._go_on()
        response = execute()
        self._go_on()
        return response

    def _go_on(self) -> None:
        if self._stopping.is_set():
            raise Stopped

    def _refuse_again(self, entry: Entry, kind: Kind) -> None:
        """Raise if a recorded call, whose outcome nobody knows, must not be made again."""
        if kind is Kind.WRITE_REMOTE and not self.repeats:
            raise RefusedError(
                f"entry {entry.position}, {_shown(entry)}: the worker was stopped in the middle of this call, and with "
                "set-idempotence-mode(false) it must not be made again"
            )

    def _append(self, entry: Entry) -> int:
        """Write an entry that replay goes by, and return where it stands."""
        self.now = time.time_ns()
        return self.state.append(self.worker, replace(entry, at=self.now))

    def _spend(self, value: Encoded) -> None:
        """Take the space of a new entry before anything is done; the worker goes on where there is more again."""
        try:
            self._budget.spend(_ENTRY_SIZE + len(value.text) + len(value.data))
        except SpentError as error:
            raise StateError(str(error)) from error

    # Invocations of the worker itself

    def begin(self, function: str, key: str, request: Encoded) -> int:
        """Record that a call of the worker begins, and return where."""
        self._spend(request)
        return self._append(Entry(INVOKED, function, request, key=key))

    def complete(self, function: str, response: Encoded, key: str) -> None:
        """Record that the call of a key has ended, or see that it was recorded so."""
        if not self._recorded:
            self._append(Entry(COMPLETED, function, response=response, key=key))
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
        if self.level == "smart" and not self._is_paused:
            self._spend(Encoded("null", data))
            self.state.append(self.worker, Entry(LOG, stream, Encoded("null", data), NOTHING))


def _from_last_snapshot(entries: list[Entry]) -> list[Entry]:
    """Return the entries from the last one that a snapshot came with; what was before is in the snapshot."""
    starts = [index for index, entry in enumerate(entries) if entry.is_snapshot]
    rest = entries[starts[-1] :] if starts else entries
    return [entry for entry in rest if entry.kind != UPDATED or entry.is_snapshot]


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
