"""Async calls of a guest, which begin and end in the same order in replay.

What a guest does next depends on which of its calls completes first. So the oplog has an entry where a call begins, and
a mark where its completion was delivered. In replay, a completion is delivered when the guest has made all calls up to
that mark.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import Any, Final

from witgen_runtime.host import Store
from witgen_runtime.host.adapters.calling.subtasks import Subtasks

from ..oplog.recorder import Recorder

__all__ = ["DurableSubtasks", "Task"]

_PATIENCE: Final = 500
"""Idle polls during replay before the guest is declared divergent."""


class Task(Future[Any]):
    """Async call in progress. Guests poll it and take its result on the thread of their store.

    Args:
        recorder: the worker's oplog.
        position: the call's position in the oplog; 0 if it is not recorded.
        prepare: returns a function that makes the call and may run in any thread.
        end: is called with a function that returns or raises the call's outcome, None if the outcome is recorded;
            returns the result for the guest.
    """

    def __init__(
        self,
        recorder: Recorder,
        position: int,
        prepare: Callable[[], Callable[[], Any]],
        end: Callable[[Callable[[], Any] | None], Any],
    ) -> None:
        super().__init__()
        self._recorder = recorder
        self._position = position
        self._prepare = prepare
        self._end = end
        self._is_made = False
        if not position or not recorder.is_replaying:
            self._make()

    def done(self) -> bool:
        """Return whether the completion is delivered now."""
        if self._recorder.has_end(self._position):
            return self._recorder.may_end(self._position)
        if not self._is_made and not self._recorder.is_replaying:
            # The call began in an earlier process and did not complete there.
            self._make()
        return super().done()

    def result(self, timeout: float | None = None) -> Any:
        """Return or raise the result for the guest."""
        if self._recorder.has_end(self._position):
            return self._end(None)
        return self._end(lambda: super(Task, self).result(timeout))

    def cancel(self) -> bool:
        """Cancel the call; if it is running, discard its outcome."""
        self._recorder.forget_task(self._position)
        return super().cancel()

    def _make(self) -> None:
        self._is_made = True
        threading.Thread(target=self._run, args=(self._prepare(),), name="async call", daemon=True).start()

    def _run(self, make: Callable[[], Any]) -> None:
        # The guest may cancel the call at any time.
        with suppress(InvalidStateError):
            try:
                self.set_result(make())
            except InvalidStateError:
                raise
            except BaseException as error:  # noqa: BLE001 - comes out of the call that led to it
                self.set_exception(error)


class DurableSubtasks(Subtasks):
    """Subtasks of a worker's guest, whose implementations return tasks."""

    def __init__(self, store: Store, recorder: Recorder) -> None:
        super().__init__(store)
        self._recorder = recorder
        self._in_vain = 0

    def begin(self, implementation: Callable[..., Any], arguments: tuple[object, ...]) -> int:
        """Begin a call; return the number of its subtask."""
        return self.watch(implementation(*arguments))

    def take(self, subtask: int) -> object:
        """Return or raise the result of a task that is done."""
        self._in_vain = 0
        return super().take(subtask)

    def _idle(self, seconds: float) -> bool:
        if self._recorder.is_replaying:
            self._in_vain += 1
            if self._in_vain > _PATIENCE:
                self._recorder.refuse_waiting()
        return super()._idle(seconds)
