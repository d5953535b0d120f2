"""Waits for wasmtime-py's output functions, which Python code on a wasmtime thread releases.

Before 3.14, CPython kills such a thread while the interpreter exits, and Rust aborts the process. Only the total number
of these functions is known, not which settings they belong to.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from typing import Any, Final

__all__ = ["count", "deleting", "settle"]

_PATIENCE: Final = 0.02
"""Seconds that a release takes at most, as a rule; there may be none to wait for."""

_FAREWELL: Final = 0.2
_PAUSE: Final = 0.0005

_slab: Final[Any] = importlib.import_module("wasmtime._wasi").CUSTOM_OUTPUTS


def count() -> int:
    """Return how many functions wasmtime-py keeps for guests' output."""
    if hasattr(_slab, "handles"):
        return len(_slab.handles)
    # Older releases: free places have numbers.
    return sum(not isinstance(each, int) for each in _slab.list)


def deleting(delete: Callable[[], None]) -> None:
    """Delete a store, and wait for the release of one of its functions, if it has any."""
    before = count()
    delete()
    end = time.monotonic() + _PATIENCE
    while before and count() >= before and time.monotonic() < end:
        time.sleep(_PAUSE)


def settle() -> None:
    """Wait until no function is being released any more."""
    end = time.monotonic() + _FAREWELL
    last, since = count(), time.monotonic()
    while last and since + _PATIENCE > time.monotonic() < end:
        time.sleep(_PAUSE)
        if (now := count()) != last:
            last, since = now, time.monotonic()
