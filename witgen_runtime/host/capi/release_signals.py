"""Signals that C gives, at any time and on any thread, without entering Python.

A signal is one of CPython's own locks: C code can release it without the interpreter lock, and while the interpreter
ends. Taking it waits for the release. Signals are used again, and never freed: nobody knows whether the thread that
releases one has left it.
"""

from __future__ import annotations

import ctypes
from typing import Any, Final

__all__ = ["RELEASE", "free", "take", "wait"]

# Not `ctypes.pythonapi`, which keeps the interpreter lock: who releases a signal may need that first.
_api: Final = ctypes.CDLL(None, handle=getattr(ctypes.pythonapi, "_handle"))  # noqa: B009  (private)

_allocate: Any = _api["PyThread_allocate_lock"]
_allocate.restype = ctypes.c_void_p
_allocate.argtypes = ()
_acquire: Any = _api["PyThread_acquire_lock_timed"]
_acquire.restype = ctypes.c_int
_acquire.argtypes = (ctypes.c_void_p, ctypes.c_longlong, ctypes.c_int)

RELEASE: Final = ctypes.cast(_api["PyThread_release_lock"], ctypes.c_void_p)
"""The C function that gives a signal; its argument is the signal."""

_free: list[int] = []


def take() -> int:
    """Return a signal that is not given yet."""
    try:
        return _free.pop()
    except IndexError:
        signal: int | None = _allocate()
        if not signal:
            raise MemoryError from None
        wait(signal, 0)
        return signal


def free(signal: int) -> None:
    """Let a signal that was given, and waited for, be used again."""
    _free.append(signal)


def wait(signal: int, seconds: float | None) -> bool:
    """Wait until a signal is given, at most so long, or for ever; tell whether it was."""
    microseconds = -1 if seconds is None else round(seconds * 1_000_000)
    return bool(_acquire(signal, microseconds, 0) == 1)
