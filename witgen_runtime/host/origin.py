"""How compiled components came to be what they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import wasmtime
from wasmtime.component import Component

from .adapters.refusal import Refusal

__all__ = ["Origin", "note_origin", "origin_of"]


@dataclass(frozen=True, slots=True)
class Origin:
    """How a component came to be: whether adapters were put around it, which tells what its types mean.

    `text`: its bytes may travel as text there. `refusal` is why there are no adapters. `engine` returns the engine that
    it was compiled for, if that is known and still exists.
    """

    composed: bool = False
    text: bool = False
    refusal: Refusal | None = None
    engine: Callable[[], wasmtime.Engine | None] = lambda: None


_origins: WeakKeyDictionary[Component, Origin] = WeakKeyDictionary()


def note_origin(component: Component, origin: Origin) -> None:
    """Note how a component came to be."""
    _origins[component] = origin


def origin_of(component: Component) -> Origin:
    """Return how a component came to be; one that was not loaded by this runtime is as its user made it."""
    return _origins.get(component, Origin())
