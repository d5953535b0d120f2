"""Whether calls leave memory behind."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable
from pathlib import Path

import pytest

GROWTH = 1 << 20
"""What may be added to the resident size by all the calls after the warm-up."""

measured = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads the resident size from /proc")


_C = ctypes.CDLL(None)
counted = pytest.mark.skipif(not hasattr(_C, "mallinfo2"), reason="asks the GNU C library what it has handed out")


class _Mallinfo2(ctypes.Structure):
    """What mallinfo(3) describes, of the main arena."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()  # noqa: SIM905
    ]


def allocated() -> int:
    """Return how many bytes the main thread has from the C library: exact, unlike what is resident."""
    gc.collect()
    _C.mallinfo2.restype = _Mallinfo2
    info = _C.mallinfo2()
    return int(info.uordblks + info.hblkhd)


def resident() -> int:
    """Return how many bytes of this process are in memory."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def flat(call: Callable[[], object], count: int, growth: int = GROWTH) -> None:
    """Call so many times, and fail where that has added to the resident size."""
    for _ in range(max(200, count // 20)):
        call()
    before = resident()
    for _ in range(count):
        call()
    assert resident() - before <= growth
