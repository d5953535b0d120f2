"""Whether calls leave memory behind."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path

import pytest

GROWTH = 1 << 20
"""What may be added to the resident size by all the calls after the warm-up."""

measured = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads the resident size from /proc")


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
