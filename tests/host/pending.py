"""Signals that are pending at a moment that a test chooses."""

from __future__ import annotations

import ctypes
import signal
from collections.abc import Iterator
from itertools import repeat
from typing import Any

import pytest

__all__ = ["Interrupt", "pending", "raised"]


class Interrupt(BaseException):
    """What a signal's handler raises."""


@pytest.fixture
def raised() -> Iterator[list[Interrupt]]:
    """Make SIGALRM raise, and return what was raised."""
    made: list[Interrupt] = []

    def handle(*_: object) -> None:
        made.append(Interrupt())
        raise made[-1]

    before = signal.signal(signal.SIGALRM, handle)
    yield made
    signal.signal(signal.SIGALRM, before)


def pending() -> Any:
    """Return an iterator that raises SIGALRM in C: Python sees it at the next opportunity, and not before."""
    return map(ctypes.PyDLL(None)["raise"], repeat(int(signal.SIGALRM)))
