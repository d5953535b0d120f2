"""Several agents and a test, of which one runs at a time, on a clock that moves only while all of them wait.

Each call of an agent has a thread. Threads hand the turn on where they wait, so tests are deterministic.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from witgen_runtime.testing import Pollable, Trap

__all__ = ["DeadlockError", "Scheduler", "Task"]

_SECOND: Final = 1_000_000_000


class DeadlockError(Trap):
    """Everything waits, and nothing can happen any more."""


class Abandoned(BaseException):
    """The test has ended: what still waits is given up."""


class Task:
    """Something that runs in turn: a call of an agent, or the test itself."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.turn = threading.Event()
        self.waits_for: Sequence[Pollable] = ()
        self.deadline: float | None = None
        self.is_abandoned = False


class Scheduler:
    """Hands turns to tasks, and keeps the time."""

    def __init__(self) -> None:
        self.main = Task("the test")
        self.current = self.main
        self._tasks: deque[Task] = deque()
        """Those that wait."""
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self._virtual = threading.local()
        self._started = _REAL["monotonic"]()
        self._epoch = _REAL["time_ns"]()
        self._now = float(self._started)

    # ---- The clock

    def monotonic(self) -> float:
        """Return the time of the tests' clock in seconds."""
        return self._now

    def time_ns(self) -> int:
        """Return the time of the tests' clock in nanoseconds since the beginning of 1970."""
        return int(self._epoch) + round((self._now - float(self._started)) * _SECOND)

    @property
    def is_virtual(self) -> bool:
        """Whether the current thread lives by the tests' clock."""
        return getattr(self._virtual, "on", False)

    @contextmanager
    def virtually(self) -> Generator[None]:
        """Let the current thread live by the tests' clock."""
        before = self.is_virtual
        self._virtual.on = True
        try:
            yield
        finally:
            self._virtual.on = before

    def at(self, when: float, function: Callable[[], None]) -> None:
        """Call a function at a time of the tests' clock."""
        self._count += 1
        self._timers.append((when, self._count, function))

    def advance(self, seconds: float) -> None:
        """Let time pass for the test: what is due meanwhile happens."""
        self.sleep(seconds)

    def sleep(self, seconds: float) -> None:
        """Wait in the current task."""
        self._block((), self.monotonic() + max(seconds, 0.0))

    # ---- Turns

    def start(self, name: str, function: Callable[[], None]) -> None:
        """Let a task begin when it gets a turn."""
        task = Task(name)
        task.deadline = self.monotonic()  # it can run now

        def run() -> None:
            task.turn.wait()
            task.turn.clear()
            try:
                if not task.is_abandoned:
                    with self.virtually():
                        function()
            except Abandoned:
                return
            finally:
                if not task.is_abandoned:
                    self._hand_on(None)

        threading.Thread(target=run, name=f"witgen agent: {name}", daemon=True).start()
        self._tasks.append(task)

    def wait(self, pollables: Sequence[Pollable]) -> list[int]:
        """Wait until at least one of some pollables is ready, and return the indices of those that are.

        Raises:
            DeadlockError: nothing can make one ready any more.
        """
        while True:
            ready = [index for index, each in enumerate(pollables) if self.is_ready(each)]
            if ready:
                return ready
            self._block(pollables, None)

    def settle(self) -> None:
        """Let everything run that need not wait."""
        while any(self._can_run(each) for each in self._tasks):
            self._block((), self.monotonic())

    def is_ready(self, pollable: Pollable) -> bool:
        """Return whether a pollable is ready by the tests' clock."""
        with self.virtually():
            return pollable.is_set()

    def abandon(self) -> None:
        """End the tasks that still wait."""
        for task in self._tasks:
            task.is_abandoned = True
            task.turn.set()
        self._tasks.clear()

    def _block(self, pollables: Sequence[Pollable], deadline: float | None) -> None:
        task = self.current
        task.waits_for, task.deadline = pollables, deadline
        self._tasks.append(task)
        self._hand_on(task)
        if task.is_abandoned:
            raise Abandoned

    def _hand_on(self, task: Task | None) -> None:
        """Give the turn to the next task that can run, and wait for it to come back to `task`."""
        following = self._next()
        if following is None:
            # The test gets it, and learns that nothing can happen any more.
            following = self.main
            self.main.is_abandoned = True
            if task is self.main:
                self._tasks.remove(self.main)
                self.main.is_abandoned = False
                raise DeadlockError(self._explained())
        self._tasks.remove(following)
        self.current = following
        if following is task:
            return
        following.turn.set()
        if task is not None:
            task.turn.wait()
            task.turn.clear()
            if task is self.main and task.is_abandoned:
                task.is_abandoned = False
                raise DeadlockError(self._explained())

    def _next(self) -> Task | None:
        while True:
            found = next((each for each in self._tasks if self._can_run(each)), None)
            if found is not None:
                return found
            times = [*(when for when, *_ in self._timers), *self._deadlines()]
            if not times:
                return None
            self._now = max(self._now, min(times))
            self._fire()

    def _fire(self) -> None:
        due = sorted(each for each in self._timers if each[0] <= self.monotonic())
        self._timers = [each for each in self._timers if each not in due]
        for *_, function in due:
            function()

    def _can_run(self, task: Task) -> bool:
        if task.deadline is not None and task.deadline <= self.monotonic():
            return True
        return any(self.is_ready(each) for each in task.waits_for)

    def _deadlines(self) -> Iterator[float]:
        for task in self._tasks:
            if task.deadline is not None:
                yield task.deadline
            yield from (each.deadline for each in task.waits_for if each.deadline is not None)

    def _explained(self) -> str:
        names = ", ".join(each.name for each in self._tasks if each is not self.main)
        waiting = f"; still waiting: {names}" if names else ""
        return f"nothing can happen any more, and the test waits for something{waiting}"


_REAL: Final[dict[str, Callable[..., Any]]] = {
    name: getattr(time, name) for name in ("sleep", "monotonic", "monotonic_ns", "time", "time_ns")
}


@contextmanager
def patched(scheduler: Scheduler) -> Generator[None]:
    """Let Python's `time` give the tests' clock to the threads that live by it."""
    ours: dict[str, Callable[..., Any]] = {
        "sleep": scheduler.sleep,
        "monotonic": scheduler.monotonic,
        "monotonic_ns": lambda: round(scheduler.monotonic() * _SECOND),
        "time": lambda: scheduler.time_ns() / _SECOND,
        "time_ns": scheduler.time_ns,
    }

    def choosing(name: str) -> Callable[..., Any]:
        def chosen(*arguments: Any) -> Any:
            return (ours if scheduler.is_virtual else _REAL)[name](*arguments)

        return chosen

    before = {name: getattr(time, name) for name in ours}
    for name in ours:
        setattr(time, name, choosing(name))
    try:
        yield
    finally:
        for name, function in before.items():
            setattr(time, name, function)
