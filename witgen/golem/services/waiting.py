"""Waits of host code that end with the call that they belong to: on its deadline, or when it is interrupted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

__all__ = ["checked", "wait_for"]

_SLICE: Final = 0.1
"""Seconds between two looks at whether the call has to end."""

_thread = threading.local()


@contextmanager
def checked(check: Callable[[], object]) -> Generator[None]:
    """Have waits of this thread call something now and then; it raises what the wait has to end with."""
    before = getattr(_thread, "check", None)
    _thread.check = check
    try:
        yield
    finally:
        _thread.check = before


def wait_for(changed: threading.Condition, holds: Callable[[], object], timeout: float | None = None) -> bool:
    """Wait, with the condition's lock, until something holds; tell whether it does."""
    check: Callable[[], object] | None = getattr(_thread, "check", None)
    if check is None:
        return bool(changed.wait_for(holds, timeout))
    due = None if timeout is None else time.monotonic() + timeout
    while not holds():
        rest = _SLICE if due is None else min(_SLICE, due - time.monotonic())
        if rest <= 0:
            return False
        changed.wait_for(holds, rest)
        check()
    return True
