"""The instructions that ends of streams and futures give to the adapter."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from ..adapters.calling.instructions import BLOCKED, NO_KIND, Step

__all__ = ["CANCELLED", "DROPPED", "UNSIGNED", "Mover", "Order", "is_blocked"]

DROPPED, CANCELLED = 1, 2
"""The results of a built-in whose other end is gone, and that was cancelled (CanonicalABI.md, `CopyResult`)."""
UNSIGNED = 0xFFFF_FFFF


class Order(NamedTuple):
    """An instruction, its operands and its completion callback."""

    step: Step
    kind: int = NO_KIND
    end: int = 0
    address: int = 0
    first: int = 0
    amount: int = 0
    done: Callable[[int, int], None] | None = None
    lasts: bool = False
    """Whether the operation may outlast the call that starts it; if so, only the task may start it."""


class Mover(Protocol):
    """The interface of the stream manager for ends."""

    def soon(self, job: Callable[[], None]) -> None:
        """Run a job on the store's thread as soon as guests can run."""
        ...

    def order(self, order: Order) -> None:
        """Let a step be done."""
        ...

    def forget(self, end: int) -> None:
        """Remove an end that was dropped."""
        ...

    def taken(self) -> None:
        """Record that an event was consumed."""
        ...

    def may_wait(self, end: int) -> bool:
        """Record that an end is empty; return whether to wait for elements."""
        ...


def is_blocked(result: int) -> bool:
    """Return whether a built-in returned `BLOCKED`."""
    return result == BLOCKED & UNSIGNED
