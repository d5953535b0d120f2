"""Records how compiled components were made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import wasmtime
from wasmtime.component import Component

from .adapters.refusal import Refusal
from .direct_lists import ListForm

__all__ = ["Origin", "note_origin", "origin_of"]


@dataclass(frozen=True, slots=True)
class Origin:
    """How a component was made: whether it has adapters, which determines the meaning of its types.

    `lists` is the form in which adapters may pass its lists. `refusal` is the reason for the lack of adapters. `engine`
    returns the engine for which it was compiled, if that is known and still exists. `types` has the signatures that
    functions had before it was composed (`Request.types`).
    """

    composed: bool = False
    lists: ListForm = "plain"
    refusal: Refusal | None = None
    engine: Callable[[], wasmtime.Engine | None] = lambda: None
    types: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])


_origins: WeakKeyDictionary[Component, Origin] = WeakKeyDictionary()


def note_origin(component: Component, origin: Origin) -> None:
    """Note how a component came to be."""
    _origins[component] = origin


def origin_of(component: Component) -> Origin:
    """Return the origin of a component; a component that this runtime did not load has no adapters."""
    return _origins.get(component, Origin())
