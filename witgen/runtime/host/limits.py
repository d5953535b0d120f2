"""What a store allows its guests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import wasmtime

from .engine import Settings, counts_fuel
from .memory import AVAILABLE

__all__ = ["Limits", "grant"]

_FOREVER: Final = 1 << 62


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a store allows its guests; None is no limit."""

    memory: int | None = None
    """Bytes of each linear memory. A guest that asks for more does not get it; if it then traps, this is why."""
    fuel: int | None = None
    """Instructions, about, for the whole life of the store."""
    deadline: float | None = None
    """Seconds for one call from Python. Wasm is interrupted; host code and waiting inside wasmtime are not."""
    interruptible: bool = False
    """Whether calls can be stopped without a deadline too."""

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
