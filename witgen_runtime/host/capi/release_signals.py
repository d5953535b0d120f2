"""Signals that C code sends, at any time and on any thread, without entering Python.

A signal is a CPython lock: C code can release it without the interpreter lock, and while the interpreter exits.
Acquiring it waits for the release. Signals are reused and never freed: the thread that releases one may still be using
it.
"""

from __future__ import annotations

import ctypes
from typing import Any, Final

__all__ = ["RELEASE", "free", "take", "wait"]

# Not `ctypes.pythonapi`, which holds the interpreter lock: the releasing thread may need that first.
_api: Final = ctypes.CDLL(None, handle=getattr(ctypes.pythonapi, "_handle"))  # noqa: B009  (private)

_allocate: Any = _api["PyThread_allocate_lock"]
_allocate.restype = ctypes.c_void_p
_allocate.argtypes = ()
_acquire: Any = _api["PyThread_acquire_lock_timed"]
_acquire.restype = ctypes.c_int
_acquire.argtypes = (ctypes.c_void_p, ctypes.c_longlong, ctypes.c_int)

RELEASE: Final = ctypes.cast(_api["PyThread_release_lock"], ctypes.c_void_p)
"""The C function that sends a signal; its argument is the signal."""

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
    """Wait for a signal, at most the given seconds or without limit; return whether it was sent."""
    microseconds = -1 if seconds is None else round(seconds * 1_000_000)
    return bool(_acquire(signal, microseconds, 0) == 1)
