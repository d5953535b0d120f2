"""Waits of host code that end with their call: at its deadline, or when it is interrupted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Final, TypeVar

__all__ = ["LOOK_AGAIN", "checked", "look", "result_of", "wait_for"]

T = TypeVar("T")

LOOK_AGAIN: Final = 0.1
"""Seconds between two checks whether the call has to end."""

_thread = threading.local()


class checked:  # noqa: N801 - a context manager, as `contextlib.suppress`
    """Let waits of this thread call `check` regularly; it raises an exception to end the wait."""

    __slots__ = ("_before", "_check")

    def __init__(self, check: Callable[[], object]) -> None:
        self._check = check

    def __enter__(self) -> None:
        """Begin, inside of another call or not."""
        self._before = getattr(_thread, "check", None)
        _thread.check = self._check

    def __exit__(self, *_: object) -> None:
        """Return to what was checked before."""
        _thread.check = self._before


def look() -> None:
    """Raise if waits of this thread have to end."""
    check: Callable[[], object] | None = getattr(_thread, "check", None)
    if check is not None:
        check()


def wait_for(changed: threading.Condition, holds: Callable[[], object], timeout: float | None = None) -> bool:
    """Wait, holding the condition's lock, until `holds` returns True; return whether it does."""
    check: Callable[[], object] | None = getattr(_thread, "check", None)
    if check is None:
        return bool(changed.wait_for(holds, timeout))
    due = None if timeout is None else time.monotonic() + timeout
    while not holds():
        rest = LOOK_AGAIN if due is None else min(LOOK_AGAIN, due - time.monotonic())
        if rest <= 0:
            return False
        changed.wait_for(holds, rest)
        check()
    return True


def result_of(future: Future[T]) -> T:
    """Return the result of another thread's future; cancel it if the call has to end earlier."""
    try:
        while not wait([future], LOOK_AGAIN).done:
            look()
    except BaseException:
        future.cancel()
        raise
    return future.result()
