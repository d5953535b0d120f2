"""Bounds the waits of guests in wasmtime's WASI: for which stores, and how such a wait is ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .. import forking
from ..errors import EngineError

if TYPE_CHECKING:
    from ..linking.definition import Definition
    from .limits import Limits
    from .store import Store

__all__ = ["bounds_waits", "may_end", "may_wait"]

_WAITS: Final = ("wasi:io/poll@", "wasi:io/streams@")


def bounds_waits(definition: Definition) -> bool:
    """Return whether waits of a world's components can be bounded: not if the host implements `wasi:io` itself."""
    return not any(item.name.startswith(_WAITS) and not item.native for item in definition.imports)


def may_end(limits: Limits) -> bool:
    """Return whether the waits of guests may have to be ended."""
    return limits.interruptible or limits.deadline is not None or bool(forking.wasi_is_lost())


def may_wait(store: Store) -> None:
    """Raise if a guest must not wait in WASI, or no longer; adapters ask before each moment of it."""
    if store.interruption is not None:
        store.interruption.check_here()
    if lost := forking.wasi_is_lost():
        raise EngineError(f"the guest cannot wait here: {lost}")
