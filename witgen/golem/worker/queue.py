"""Calls that run in the background: triggered without waiting, scheduled, or awaited later."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ..services.waiting import checked
from .errors import Stopped
from .storage.tables import Invocation

if TYPE_CHECKING:
    from .roles import WorkerExecutor

__all__ = ["Queue"]

T = TypeVar("T")

_THREADS: Final = 64
_LOOK_AGAIN: Final = 0.1
"""Seconds between two checks whether the caller still waits."""

_LONGEST_PAUSE: Final = 60.0
"""Seconds after which the clock is checked again, because it may have been set."""


class Queue:
    """Queue of the pending calls of a state file, also of earlier processes, which makes them when they are due."""

    def __init__(self, executor: WorkerExecutor) -> None:
        self._executor = executor
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="workers")
        self._changed = threading.Condition()
        self._busy: set[Future[Any]] = set()
        self._started: set[tuple[int, str]] = set()
        self._is_closed = False
        self.is_left = False
        """Whether a job was left running that nothing waits for any more."""
        self._thread: threading.Thread | None = None

    def submit(self, job: Callable[[], T]) -> Future[T]:
        """Run a job on another thread."""
        return self._watched(self._threads.submit(job))

    def ask(self, job: Callable[[], T], check: Callable[[], object]) -> T:
        """Run a job on a separate thread and wait for it until `check` raises, after which it continues alone.

        A pool thread does not suffice, because all of them may be waiting for other calls.
        """
        future: Future[T] = Future()
        context = copy_context()
        left = threading.Event()

        def leave() -> None:
            if left.is_set():
                raise Stopped

        def run() -> None:
            try:
                with checked(leave):
                    future.set_result(context.run(job))
            except BaseException as error:  # noqa: BLE001 - raised where somebody waits
                future.set_exception(error)

        self._watched(future)
        try:
            threading.Thread(target=run, name="asked", daemon=True).start()
        except RuntimeError as error:
            future.set_exception(error)
        try:
            while not wait([future], _LOOK_AGAIN).done:
                check()
        except BaseException:
            self.is_left = True
            left.set()
            raise
        return future.result()

    def _watched(self, future: Future[T]) -> Future[T]:
        with self._changed:
            self._busy.add(future)
        future.add_done_callback(self._done)
        return future

    def _done(self, future: Future[T]) -> None:
        with self._changed:
            self._busy.discard(future)
            self._changed.notify_all()

    def look(self) -> None:
        """Check for pending calls, now and from now on."""
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="pending invocations", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def settle(self) -> None:
        """Wait until all due calls are done or wait for a promise."""
        with self._changed:
            while len(self._busy) > self._executor.promises.waiting or self._due():
                self._changed.wait(0.1)

    def close(self, stop: Callable[[], object]) -> None:
        """Begin no more calls and wait for the current ones; twice is fine.

        Args:
            stop: is called repeatedly during the wait.
        """
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
        self._threads.shutdown(wait=False, cancel_futures=True)
        while self._busy:
            stop()
            with self._changed:
                self._changed.wait_for(lambda: not self._busy, _LOOK_AGAIN)
        self._threads.shutdown(wait=True)

    def _waiting(self) -> list[Invocation]:
        pending = self._executor.records.pending()
        return [each for each in pending if (each.worker, each.key) not in self._started]

    def _due(self) -> list[Invocation]:
        now = time.time_ns()
        return [each for each in self._waiting() if each.due <= now]

    def _run(self) -> None:
        with self._changed:
            while not self._is_closed:
                for invocation in self._due():
                    self._started.add((invocation.worker, invocation.key))
                    self.submit(lambda each=invocation: self._make(each))  # type: ignore[misc]
                later = self._waiting()
                pause = (later[0].due - time.time_ns()) / 1e9 if later else _LONGEST_PAUSE
                self._changed.wait(min(max(pause, 0.0), _LONGEST_PAUSE))

    def _make(self, invocation: Invocation) -> None:
        executor = self._executor
        record = executor.records.numbered(invocation.worker)
        try:
            executor.invoke(executor.worker(record), invocation.function, invocation.request, invocation.key)
        except Exception as error:  # noqa: BLE001 - nobody else would learn of it
            executor.say(f"worker `{record.name}`: {invocation.function}: {error}")
        executor.records.settle(invocation.worker, invocation.key, "done")
