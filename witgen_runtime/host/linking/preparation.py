"""A component that is ready to be instantiated: compiled, with adapters, for the engine that it needs."""

from __future__ import annotations

from dataclasses import dataclass

import wasmtime
from wasmtime.component import Component

from .. import component as components
from ..adapters.options import Adapters
from ..adapters.request import Request, request
from ..arguments import HOST
from ..capi.engine import Settings, default_engine, is_concurrent, suit
from ..capi.features import ASYNC
from ..component import ComponentSource
from ..errors import ComponentError
from ..origin import origin_of
from ..store.bounded_waits import bounds_waits, may_end
from ..store.limits import Limits
from ..store.store import Store
from .definition import Definition

__all__ = ["Prepared", "check_store", "prepare", "prepare_for"]


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A compiled component, and the engine for whose stores it was compiled.

    `wanted` is the request for its adapters, None if no function of its world needs one.
    """

    engine: wasmtime.Engine
    component: Component
    wanted: Request | None

    @property
    def concurrent(self) -> bool:
        """Whether the engine supports concurrent tasks."""
        return is_concurrent(self.engine)


def prepare(
    definition: Definition,
    source: ComponentSource,
    limits: Limits | None = None,
    adapters: Adapters | None = None,
    *,
    bounds: bool = True,
) -> Prepared:
    """Read and compile a component of a world for one of the runtime's own engines.

    A component may use the async part of the component model where its world has no async function. It gets an engine
    with support for concurrent tasks, which other components do without (see `Settings.concurrent`).

    Where limits may end a wait of its guests, adapters bound those inside wasmtime, unless without `bounds`.
    """
    limits = limits or Limits()
    bounded = bounds and may_end(limits)
    if isinstance(source, Component):
        engine = origin_of(source).engine() or default_engine(limits.settings(concurrent=definition.concurrent))
        return _prepared(definition, engine, source, adapters, bounded=bounded)
    try:
        engine = default_engine(limits.settings(concurrent=definition.concurrent))
        return _prepared(definition, engine, source, adapters, bounded=bounded)
    except ComponentError as error:
        if error.feature != ASYNC.name or definition.concurrent:
            raise
    return _prepared(definition, default_engine(limits.settings(concurrent=True)), source, adapters, bounded=bounded)


def prepare_for(
    store: Store, definition: Definition, source: ComponentSource, adapters: Adapters | None = None
) -> Prepared:
    """Read and compile a component of a world for the engine of a store."""
    store.usable()
    suit(store.engine, Settings(concurrent=definition.concurrent))
    return _prepared(definition, store.engine, source, adapters, bounded=may_end(store.limits))


def _prepared(
    definition: Definition,
    engine: wasmtime.Engine,
    source: ComponentSource,
    adapters: Adapters | None,
    *,
    bounded: bool,
) -> Prepared:
    wanted = request(definition, adapters or definition.adapters, concurrent=is_concurrent(engine))
    bounded = bounded and bounds_waits(definition)
    return Prepared(engine, components.load(engine, source, wanted, bounded=bounded), wanted)


def check_store(store: object) -> None:
    """Raise `TypeError` unless something is a store; one of another copy of the runtime is."""
    if isinstance(store, wasmtime.Store):
        raise TypeError(
            f"store: expected {HOST}.Store, got wasmtime's own; make one with Store(), which takes an engine,"
            " a Wasi and limits"
        )
    if not isinstance(store, Store) and type(store).__name__ != Store.__name__:
        raise TypeError(f"store: expected {HOST}.Store, got {type(store).__name__}")
