"""Limits on the resources that the guests of a store may use."""

from __future__ import annotations

import math
import operator
import sys
import threading
from dataclasses import dataclass
from numbers import Real
from typing import Final

import wasmtime

from ..capi.engine import Settings, counts_fuel
from ..capi.memory import AVAILABLE

__all__ = ["Limits", "grant"]

_FOREVER: Final = 1 << 62

_MOST_MEMORY: Final = sys.maxsize
_MOST_FUEL: Final = (1 << 64) - 1
_LONGEST: Final = threading.TIMEOUT_MAX
"""The longest time that a thread can wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The resources that a store's guests may use; None means unlimited.

    Raises:
        TypeError: a limit is of the wrong type; a bool does not count as a number.
        ValueError: a limit is out of range.
    """

    memory: int | None = None
    """Bytes of each linear memory. Requests for more fail; the guest may then trap."""
    fuel: int | None = None
    """Approximate number of instructions for the whole life of the store."""
    deadline: float | None = None
    """Seconds for one call from Python, and for opening. It holds for wasm, for waiting and for coroutines of the
    host. A plain host function is not interrupted; the call ends when that returns."""
    interruptible: bool = False
    """Whether calls can be stopped without a deadline too: by Ctrl-C, and by `Store.interrupt`."""

    def __post_init__(self) -> None:
        """Check every limit, and store numbers of other types (numpy's) as Python's."""
        _check_flag(self.interruptible)
        numbers = (
            ("memory", _whole("memory", "bytes", self.memory, _MOST_MEMORY)),
            ("fuel", _whole("fuel", "instructions", self.fuel, _MOST_FUEL)),
            ("deadline", _seconds(self.deadline)),
        )
        for name, number in numbers:
            object.__setattr__(self, name, number)

    def settings(self, *, concurrent: bool) -> Settings:
        """Return what they need of the engine."""
        interruptible = self.interruptible or self.deadline is not None
        bounded = self.memory is not None and AVAILABLE
        return Settings(concurrent, fuel=self.fuel is not None, interruptible=interruptible, bounded=bounded)


def grant(store: wasmtime.Store, limits: Limits, *, bounded: bool) -> None:
    """Allow a store what its limits allow; without them, that is everything, whatever its engine counts."""
    if limits.memory is not None and not bounded:
        store.set_limits(memory_size=limits.memory)
    store.set_epoch_deadline(_FOREVER)
    if limits.fuel is not None:
        store.set_fuel(limits.fuel)
    elif counts_fuel(store.engine):
        store.set_fuel(_FOREVER)


def _check_flag(value: object) -> None:
    if not isinstance(value, bool):
        raise TypeError(f"interruptible: expected True or False, got {_shown(value)}")


def _whole(name: str, unit: str, value: object, most: int) -> int | None:
    """Return a limit that counts something as an int."""
    if value is None:
        return None
    accepted = f"{name}: expected a whole number of {unit} from 0 to {most}, or None for no limit, got {_shown(value)}"
    if isinstance(value, bool):
        raise TypeError(accepted)
    try:
        number = operator.index(value)  # type: ignore[arg-type]  # what is no whole number raises
    except TypeError:
        raise TypeError(accepted) from None
    if not 0 <= number <= most:
        raise ValueError(accepted)
    return number


def _seconds(value: object) -> float | None:
    """Return a deadline as a float."""
    if value is None:
        return None
    most = f"{_LONGEST:.0f}"
    accepted = f"deadline: expected seconds, more than 0 and at most {most}, or None for no limit, got {_shown(value)}"
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(accepted)
    try:
        seconds = float(value)
    except OverflowError:
        raise ValueError(accepted) from None
    if math.isnan(seconds) or not 0 < seconds <= _LONGEST:
        raise ValueError(accepted)
    return seconds


def _shown(value: object) -> str:
    """Return a value with its type, shortened: it may come from anywhere."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001  (of a class of the user's, or of an int that is too long to be written)
        text = "a value"
    return f"{text if len(text) <= 80 else text[:80] + '…'} ({type(value).__name__})"
