"""Async calls of a guest: begun, waited for, and ended in the same order in replay.

What a guest does next depends on which of its calls is over first. So the oplog has an entry where a call begins, and
a mark where the guest was told of its end; in replay the guest is told when it has made all calls up to that mark.
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
"""How often a guest in replay finds nothing to go on with until it is taken to wait for something else than before."""


class Task(Future[Any]):
    """An async call that is under way. Guests ask for it, and take it, on their store's thread.

    Args:
        recorder: the worker's oplog.
        position: where the call stands in it; 0 where it does not.
        prepare: returns what makes the call, in any thread.
        end: gets what returns or raises what the call came to, None where that is recorded; returns what the guest is
            told.
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
        """Tell whether the guest is told of the end now."""
        if self._recorder.has_end(self._position):
            return self._recorder.may_end(self._position)
        if not self._is_made and not self._recorder.is_replaying:
            # Begun in an earlier life of the worker, and not over when that ended.
            self._make()
        return super().done()

    def result(self, timeout: float | None = None) -> Any:
        """Return or raise what the guest is told."""
        if self._recorder.has_end(self._position):
            return self._end(None)
        return self._end(lambda: super(Task, self).result(timeout))

    def cancel(self) -> bool:
        """Forget the call; where it is being made, its outcome."""
        self._recorder.forget_task(self._position)
        return super().cancel()

    def _make(self) -> None:
        self._is_made = True
        threading.Thread(target=self._run, args=(self._prepare(),), name="async call", daemon=True).start()

    def _run(self, make: Callable[[], Any]) -> None:
        # The guest may give the call up at any moment.
        with suppress(InvalidStateError):
            try:
                self.set_result(make())
            except InvalidStateError:
                raise
            except BaseException as error:  # noqa: BLE001 - comes out of the call that led to it
                self.set_exception(error)


class DurableSubtasks(Subtasks):
    """What guests of a worker wait for: their implementations make tasks."""

    def __init__(self, store: Store, recorder: Recorder) -> None:
        super().__init__(store)
        self._recorder = recorder
        self._in_vain = 0

    def begin(self, implementation: Callable[..., Any], arguments: tuple[object, ...]) -> int:
        """Begin a call; return its ticket."""
        return self.watch(implementation(*arguments))

    def take(self, subtask: int) -> object:
        """Return or raise what came of a task that is done."""
        self._in_vain = 0
        return super().take(subtask)

    def _idle(self, seconds: float) -> bool:
        if self._recorder.is_replaying:
            self._in_vain += 1
            if self._in_vain > _PATIENCE:
                self._recorder.refuse_waiting()
        return super()._idle(seconds)
