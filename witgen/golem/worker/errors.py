"""What can go wrong with a worker, for people to read."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from witgen_runtime.values import Restorable

__all__ = [
    "DamagedError",
    "DivergenceError",
    "RefusedError",
    "StateError",
    "Stopped",
    "WorkerError",
    "as_text",
    "undamaged",
]


class WorkerError(Restorable):
    """A worker cannot do what it is asked to do; the message says why and what helps."""


class RefusedError(WorkerError):
    """A host function cannot do what the component asks for: the call fails as by a trap, and may be tried again."""


class Stopped(BaseException):
    """The process ends while a worker waits; the next one goes on with it. Host code does not catch this."""


class StateError(WorkerError):
    """A state file cannot be used: it is damaged, locked, full, or something else."""


class DamagedError(StateError):
    """A value in a state file, or in a file beside it, is not what witgen has written there."""


@contextmanager
def undamaged(what: str) -> Generator[None]:
    """Raise `DamagedError` where something that was stored cannot be read; `what` names it.

    No worker is marked as failed because of that: its file may be restored.
    """
    try:
        yield
    except (ValueError, TypeError, LookupError, AttributeError, StopIteration, OverflowError, RecursionError) as error:
        raise DamagedError(
            f"{what} is damaged ({type(error).__name__}: {error}). Nothing was changed: restore the state file from a "
            "copy, or move it away and begin with a new one."
        ) from error


def as_text(value: Any) -> str:
    """Return a value that has to be text; for use inside `undamaged`."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} is not text")
    return value


class DivergenceError(WorkerError):
    """Replay met a call that differs from the recorded one; the message shows both."""

    def __init__(self, index: int, recorded: str, made: str) -> None:
        super().__init__(
            f"replay does not follow the oplog at entry {index}:\n"
            f"  recorded: {recorded}\n"
            f"  made now: {made}\n"
            "The component does something else than it did when the oplog was written: its code has changed, or it "
            "depends on something that is not recorded (files, for instance). Run it as another worker, or update "
            "this one by snapshot."
        )
        self.index = index
        self.recorded = recorded
        self.made = made
