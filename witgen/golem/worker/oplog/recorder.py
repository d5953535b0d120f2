"""A worker's progress along its oplog: first replay of recorded entries, then live execution."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Final, NoReturn

from ...services.budget import Budget, SpentError
from ..errors import DivergenceError, RefusedError, StateError, Stopped
from ..storage.state import State
from .codec import NOTHING, Encoded
from .entries import (
    BEGIN_FUNCTION,
    BEGIN_TRANSACTION,
    CALLS,
    COMPLETED,
    DROP_TRANSACTION,
    END_FUNCTION,
    IMPORTED,
    INVOKED,
    LOG,
    PERSISTED,
    PRE_COMMIT,
    TASK_COMPLETED,
    Entry,
    earliest_open,
)
from .policy import Kind
from .remaining import Remaining
from .transactions import IsCommitted, unknown, with_commits

__all__ = ["Recorder"]

_ENTRY_SIZE: Final = 100
"""The approximate size of an entry without its values, in bytes."""

_SHOWN: Final = 300
"""The most characters of a value that a message shows."""


class Recorder:
    """Recorder of one worker's calls, which answers from the oplog as long as there are recorded ones.

    One thread at a time makes calls; output may come from another.

    Args:
        state: the state file with the oplog.
        worker: the number of the worker.
        stopping: set when the process ends. No calls are made from then on, and the outcome of a current call is not
            recorded, because it may be a consequence of the end.
        budget: counts the space that the worker uses.
        is_committed: asks a database, by its kind and address, whether it has committed a transaction; None where it
            does not know.
    """

    def __init__(
        self,
        state: State,
        worker: int,
        stopping: threading.Event,
        budget: Budget | None = None,
        is_committed: IsCommitted = unknown,
    ) -> None:
        self.state = state
        self._is_closed = False
        self.reopened: int | None = None
        """Where a transaction of a database began that is done again."""
        self._budget = budget or Budget("the oplog")
        self.worker = worker
        self._stopping = stopping
        self.level = "smart"
        """The persistence level, a case of `persistence-level`."""
        self.repeats = True
        """Whether to repeat a write that may have been made already."""
        self.on_live: list[Callable[[], None]] = []
        """Called when replay ends."""
        self.current = 0
        """Position of the current call's entry; 0 if it has none."""
        again = self._forget_open(with_commits(state, worker, state.brackets(worker), is_committed))
        self.snapshot = state.last_snapshot(worker, tried=True)
        """The snapshot that the worker starts from, if any, which covers everything before it."""
        start = 1 if self.snapshot is None else self.snapshot.position
        self.now = next((entry.at for entry in state.entries(worker, start=start, limit=1, alive=True)), 0)
        """The worker's time, in nanoseconds since 1970: that of the last entry, which is the same in replay."""
        self._recorded = Remaining(state, worker, start, again)
        ends = state.entries(worker, start=start, alive=True, kinds={TASK_COMPLETED})
        self._ends = {entry.number: entry for entry in ends}
        """The completions of async calls, by the call's entry, in the order of delivery."""
        self._answers: dict[int, Encoded | None] = {}
        """The outcomes of async calls that have begun and whose completions are recorded."""
        self._printed = state.output_sizes(worker, start)
        self._is_paused = False
        self.waiting: Callable[[], AbstractContextManager[None]] = nullcontext
        """Returns the context in which the worker waits for pollables."""

    def _forget_open(self, brackets: list[Entry]) -> int | None:
        """Discard what is done again: an atomic region without an end, or a library's function without a result.

        Return the position of a write with an unknown outcome that comes before it, if any.
        """
        opened = earliest_open(brackets)
        if opened is None:
            return None
        self.state.forget(self.worker, opened + 1, "jump")
        begin = next(entry for entry in brackets if entry.position == opened)
        if begin.kind == BEGIN_TRANSACTION:
            self.reopened = opened
        # Without a response it is a write with an unknown outcome, which may be one that must not be repeated.
        return opened if begin.kind == BEGIN_FUNCTION and '"write-remote' in begin.request.text else None

    @property
    def is_replaying(self) -> bool:
        """Return whether there are recorded entries left."""
        return bool(self._recorded)

    def next_entry(self) -> Entry | None:
        """Return the next recorded entry, None if the worker is live."""
        return self._recorded.first if self._recorded else None

    def take(self, *, is_over: bool = True) -> Entry:
        """Consume and return the next recorded entry; `is_over` says whether its call need not be repeated."""
        entry = self._recorded.take()
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
            kind: its effect.
            request: the arguments.
            execute: makes the call and returns the response.
            entry_kind: the kind of its entry.

        Raises:
            DivergenceError: the oplog has a different call here.
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

    def take_persisted(self) -> Entry:
        """Consume and return the recorded result of a library's function, and what it had recorded before that.

        Raises:
            RefusedError: the worker is live.
            DivergenceError: the oplog has no such result here.
        """
        depth = 0
        first = self.next_entry()
        while self._recorded and self._recorded.first.kind not in {INVOKED, COMPLETED}:
            entry = self.take()
            self.forget_task(entry.position)
            if entry.kind == PERSISTED and depth == 0:
                return entry
            depth += (entry.kind == BEGIN_FUNCTION) - (entry.kind == END_FUNCTION)
        if first is None:
            raise RefusedError("there is no recorded result to read: the worker is live, and has to call the function")
        raise DivergenceError(first.position, _shown(first), "a recorded function is read that has no result")

    def _matching(self, name: str, request: Encoded) -> Entry:
        """Return the next recorded entry; raise if it is not of this call."""
        entry = self._recorded.first
        if entry.kind not in CALLS or entry.name != name or entry.request != request:
            raise DivergenceError(entry.position, _shown(entry), _shown(Entry(IMPORTED, name, request)))
        return entry

    @contextmanager
    def at(self, position: int) -> Generator[None]:
        """Set the current entry to an earlier one while its call is repeated."""
        current, self.current = self.current, position
        try:
            yield
        finally:
            self.current = current

    # Transactions of databases

    def before_commit(self, begin: int, about: tuple[str, str, str | None]) -> None:
        """Record what tells later whether a transaction was committed, which is about to be."""
        if begin and about[2] is not None:
            self._append(Entry(PRE_COMMIT, request=Encoded(json.dumps([begin, *about])), response=NOTHING))

    def drop_transaction(self, begin: int) -> None:
        """Record that the component has dropped a transaction; one that ends with the session is done again."""
        if begin and not self._recorded and not self._is_closed and not self._stopping.is_set():
            self._append(Entry(DROP_TRANSACTION, request=Encoded(f"[{begin}]"), response=NOTHING))

    def close(self) -> None:
        """Say that the session ends, and with it objects that the component has not dropped."""
        self._is_closed = True

    # Async calls

    def begin_task(self, name: str, kind: Kind, request: Encoded) -> int:
        """Record the beginning of an async call, or check it in replay; return its position, 0 if not recorded."""
        self._go_on()
        if not self._is_kept(name, kind):
            self.current = 0
        elif not self._recorded:
            self._spend(request)
            self.current = self._append(Entry(IMPORTED, name, request))
        else:
            entry = self._matching(name, request)
            self.take()
            if self.has_end(entry.position):
                self._answers[entry.position] = entry.response
            else:
                self._refuse_again(entry, kind)
            self.current = entry.position
        return self.current

    def has_end(self, position: int) -> bool:
        """Return whether the completion of an async call is recorded."""
        return position in self._ends

    def may_end(self, position: int) -> bool:
        """Return whether this call's completion is the next to deliver, and all calls recorded before it are made."""
        end = next(iter(self._ends.values()))
        return end is self._ends[position] and not (self._recorded and self._recorded.first.position < end.position)

    def take_task(self, position: int) -> Encoded:
        """Return the recorded outcome of an async call, which is delivered now."""
        self.now = self._ends.pop(position).at
        return self._answers.pop(position) or NOTHING

    def end_task(self, position: int, response: Encoded) -> None:
        """Record the outcome of an async call, which is delivered now."""
        self._go_on()
        if position:
            with self.state.transaction():
                self.state.answer(self.worker, position, response)
                self._append(Entry(TASK_COMPLETED, request=Encoded(f"[{position}]"), response=NOTHING))

    def forget_task(self, position: int) -> None:
        """Stop expecting the completion of an async call that the guest has cancelled."""
        self._ends.pop(position, None)
        self._answers.pop(position, None)

    def refuse_waiting(self) -> NoReturn:
        """Raise because the component waits where it continued in the recording."""
        entry = self._recorded.first
        raise DivergenceError(entry.position, _shown(entry), "nothing: the component waits")

    def pause(self) -> None:
        """Stop recording: the component saves its state, which replay must not repeat."""
        self._is_paused = True

    def _is_kept(self, name: str, kind: Kind) -> bool:
        if self._is_paused:
            return False
        # Calls of Golem's own functions are recorded at any level, because promises and keys are named after positions.
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
        # The entry is written before the call, so that an attempted call is never mistaken for one not made.
        position = self._append(Entry(entry_kind, name, request))
        return self._make(position, execute)

    def _make(self, position: int, execute: Callable[[], Encoded]) -> Encoded:
        """Make a call that already has an entry, and record its outcome."""
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
        """Raise if a recorded call with an unknown outcome must not be repeated."""
        if kind is Kind.WRITE_REMOTE and not self.repeats:
            raise RefusedError(
                f"entry {entry.position}, {_shown(entry)}: the worker was stopped in the middle of this call, and with "
                "set-idempotence-mode(false) it must not be repeated"
            )

    def _append(self, entry: Entry) -> int:
        """Write an entry that replay follows, and return its position."""
        self.now = time.time_ns()
        return self.state.append(self.worker, entry._replace(at=self.now))

    def _spend(self, value: Encoded) -> None:
        """Count the space of a new entry before the call; without space, the worker can continue here later."""
        try:
            self._budget.spend(_ENTRY_SIZE + len(value.text) + len(value.data))
        except SpentError as error:
            raise StateError(str(error)) from error

    # Invocations of the worker itself

    def begin(self, function: str, key: str, request: Encoded) -> int:
        """Record the beginning of a call of the worker; return its position."""
        self._spend(request)
        return self._append(Entry(INVOKED, function, request, key=key))

    def complete(self, function: str, response: Encoded, key: str) -> None:
        """Record the end of the call with a key, or check it in replay."""
        if not self._recorded:
            self._append(Entry(COMPLETED, function, response=response, key=key))
            return
        entry = self._recorded.first
        if entry.kind != COMPLETED or entry.response != response:
            raise DivergenceError(entry.position, _shown(entry), f"{function} returns {_shorten(response.text)}")
        self.take()

    # Output

    def put_out(self, stream: str, data: bytes, output: Callable[[str, bytes], object]) -> None:
        """Pass on and record output, except for the part that was passed on before the worker was reloaded."""
        known = min(self._printed.get(stream, 0), len(data))
        if known:
            self._printed[stream] -= known
            data = data[known:]
        if not data:
            return
        # In this order, output is not lost if the process dies in between, but it may appear twice.
        output(stream, data)
        if self.level == "smart" and not self._is_paused:
            self._spend(Encoded("null", data))
            self.state.append(self.worker, Entry(LOG, stream, Encoded("null", data), NOTHING))


def _shown(entry: Entry) -> str:
    if entry.kind == COMPLETED:
        return f"{entry.name} returns {_shorten(entry.response.text if entry.response else 'nothing')}"
    word = "the worker is called: " if entry.kind == INVOKED else ""
    return f"{word}{entry.name}({_shorten(entry.request.text[1:-1])})"


def _shorten(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
