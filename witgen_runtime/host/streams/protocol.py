"""What the ends of streams and futures have in common: the steps that they order."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from ..adapters.calling.instructions import BLOCKED, NO_KIND, Step

__all__ = ["CANCELLED", "DROPPED", "UNSIGNED", "Mover", "Order", "is_blocked"]

DROPPED, CANCELLED = 1, 2
"""The results of a built-in whose other end is gone, and that was cancelled (CanonicalABI.md, `CopyResult`)."""
UNSIGNED = 0xFFFF_FFFF


class Order(NamedTuple):
    """A step with its numbers, and what is told what came of it."""

    step: Step
    kind: int = NO_KIND
    end: int = 0
    address: int = 0
    first: int = 0
    amount: int = 0
    done: Callable[[int, int], None] | None = None
    lasts: bool = False
    """Whether it may go on after the call in which it is done; then that has to be the task's own."""


class Mover(Protocol):
    """What ends need of those that have their steps done."""

    def soon(self, job: Callable[[], None]) -> None:
        """Run a job on the store's thread as soon as guests can go on."""
        ...

    def later(self, job: Callable[[], None]) -> None:
        """Run a job on the store's thread; for finalizers too, which must not wait for anybody."""
        ...

    def order(self, order: Order) -> None:
        """Let a step be done."""
        ...

    def forget(self, end: int) -> None:
        """Be told that an end is no more."""
        ...

    def taken(self) -> None:
        """Be told that an event was taken."""
        ...

    def may_wait(self, end: int) -> bool:
        """Be told that there is nothing to read, and tell whether it can be waited for."""
        ...


def is_blocked(result: int) -> bool:
    """Tell whether a built-in could not do anything yet."""
    return result == BLOCKED & UNSIGNED
