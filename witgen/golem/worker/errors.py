"""Errors of workers, with messages for users."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from witgen_runtime.values import Restorable

__all__ = [
    "DamagedError",
    "DivergenceError",
    "RefusedError",
    "StateError",
    "Stopped",
    "TrappedError",
    "WorkerError",
    "as_text",
    "as_time",
    "expect",
    "undamaged",
]


def expect(parameter: str, value: object, wanted: type) -> None:
    """Check an argument from a caller that no type checker has seen.

    Raises:
        TypeError: it is not of the parameter's type.
    """
    if not isinstance(value, wanted):
        raise TypeError(f"{parameter}: expected {wanted.__name__}, got {type(value).__name__}")


class WorkerError(Restorable):
    """Request that a worker cannot fulfil; the message gives the reason and a remedy."""


class RefusedError(WorkerError):
    """Host call that cannot be made: the component's call fails as by a trap, and may be retried."""


class TrappedError(Exception):
    """End of a call at the component's own request: it calls `trap` of `golem:api/host` with the reason."""


class Stopped(BaseException):
    """End of the process while a worker waits; the next process resumes it. Host code must not catch this."""


class StateError(WorkerError):
    """State file that cannot be used: it is damaged, locked, full, or not a state file."""


class DamagedError(StateError):
    """Damaged value in a state file, or in a file beside it."""


class undamaged:  # noqa: N801 - a context manager, as `contextlib.suppress`
    """Raise `DamagedError` if a stored value, named by `what`, cannot be read.

    The worker is not marked as failed, because the file may be restored.
    """

    __slots__ = ("_what",)

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        """Begin to read."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Translate the error."""
        if not isinstance(error, _DAMAGE):
            return
        raise DamagedError(
            f"{self._what} is damaged ({type(error).__name__}: {error}). Nothing was changed: restore the state file "
            "from a copy, or move it away and start with a new one."
        ) from error


_DAMAGE: Final = (ValueError, TypeError, LookupError, AttributeError, StopIteration, OverflowError, RecursionError)
"""What is raised where a stored value is not as it was written."""


def as_text(value: Any) -> str:
    """Return a value that must be text; for use inside `undamaged`."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} is not text")
    return value


_SECONDS: Final = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp())
"""The last time that a date can show."""


def as_time(value: Any, per_second: int) -> int:
    """Return a value that must be a number of parts of seconds since 1970; for use inside `undamaged`."""
    number = int(value)
    if not -1 <= number <= _SECONDS * per_second:
        raise ValueError(f"{value!r:.40} is not a time")
    return number


class DivergenceError(WorkerError):
    """Call in replay that differs from the recorded one; the message shows both."""

    def __init__(self, index: int, recorded: str, made: str) -> None:
        super().__init__(
            f"replay does not follow the oplog at entry {index}:\n"
            f"  recorded: {recorded}\n"
            f"  made now: {made}\n"
            "The component does not do what it did when the oplog was written: its code has changed, or it "
            "depends on something that is not recorded (files, for instance). Run it as a new worker, or update this "
            "one by snapshot."
        )
        self.index = index
        self.recorded = recorded
        self.made = made
