"""A component that is ready to be instantiated: compiled, with adapters, for the engine that it needs."""

from __future__ import annotations

import os
from functools import partial
from typing import Final

import wasmtime
from wasmtime.component import Component

from .. import component as components
from ..adapters.options import Adapters
from ..adapters.report import AdaptersTaken, taken
from ..adapters.request import Request, request
from ..arguments import HOST
from ..capi.engine import Settings, default_engine, finds_memories, is_concurrent, suit
from ..capi.features import ASYNC
from ..compiled_component import is_compiled
from ..component import ComponentSource
from ..content import identify, is_path, is_settled
from ..errors import ComponentError
from ..origin import origin_of
from ..store.bounded_waits import bounds_waits, may_end
from ..store.limits import Limits
from ..store.store import Store
from .definition import Definition, Needs
from .store_linker import Linkers

__all__ = ["Prepared", "check_store", "prepare", "prepare_for"]

_MOST: Final = 16
"""How many files of components a world remembers."""


class Prepared:
    """A compiled component of a world, and what its stores share.

    Attributes:
        definition: the world.
        engine: the engine for whose stores it was compiled.
        component: the compiled component.
        wanted: the request for its adapters, None if no function of its world needs one.
        linkers: the linkers that its stores use in turn.
        name: what messages call the component: its path, if it has one.
    """

    def __init__(
        self,
        definition: Definition,
        engine: wasmtime.Engine,
        component: Component,
        wanted: Request | None,
        name: str = "the component",
    ) -> None:
        self.name = name
        self.definition = definition
        self.engine = engine
        self.component = component
        self.wanted = wanted
        self.linkers = Linkers()
        # No cached properties: before CPython 3.12 these hold a lock, which a child of a fork would wait for.
        self._needs: Needs | None = None
        self._adapters: AdaptersTaken | None = None

    @property
    def concurrent(self) -> bool:
        """Whether the engine supports concurrent tasks."""
        return is_concurrent(self.engine)

    @property
    def needs(self) -> Needs:
        """What the component imports and exports.

        Raises:
            LinkError: it does not fit the world.
        """
        if self._needs is None:
            self._needs = self.definition.needs(self.component, self.engine, self.name)
        return self._needs

    def check(self) -> None:
        """Raise `LinkError` if the component does not fit its world."""
        _ = self.needs

    @property
    def adapters(self) -> AdaptersTaken:
        """The functions that go through adapters."""
        if self._adapters is None:
            refusal = self.wanted.refusal if self.wanted is not None else None
            self._adapters = taken(self.definition, self.needs, refusal)
        return self._adapters


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
    identity = identify(source) if is_path(source) else None
    if not is_path(source) or identity is None:
        return _made(definition, source, limits, adapters, bounded=bounded)
    known: dict[object, Prepared] = definition.remembered.setdefault("components", {})
    key = identity, limits.settings(concurrent=definition.concurrent), str(adapters or definition.adapters), bounded
    ready = known.get(key)
    if ready is None:
        ready = _made(definition, source, limits, adapters, bounded=bounded)
        if is_settled(identity) and identity == identify(source):
            ready = known.setdefault(key, ready)
            while len(known) > _MOST:
                known.pop(next(iter(known), key), None)
    return ready


def _made(
    definition: Definition,
    source: ComponentSource,
    limits: Limits,
    adapters: Adapters | None,
    *,
    bounded: bool,
) -> Prepared:
    if is_path(source) and is_compiled(source):
        return _from_compiled(definition, source, limits, adapters)
    try:
        engine = default_engine(limits.settings(concurrent=definition.concurrent))
        return _prepared(definition, engine, source, adapters, bounded=bounded)
    except ComponentError as error:
        if error.feature != ASYNC.name or definition.concurrent:
            raise
    return _prepared(definition, default_engine(limits.settings(concurrent=True)), source, adapters, bounded=bounded)


_WITHOUT: Final = {
    "concurrent": "support for async functions, which this world has and the component has not",
    "fuel": "fuel, and a limit of it is part of the code: compile it again with `witgen compile --fuel`",
    "interruptible": "interruption, and that is part of the code: compile it again with `witgen compile`",
}


def _from_compiled(
    definition: Definition, path: str | os.PathLike[str], limits: Limits, adapters: Adapters | None
) -> Prepared:
    """Return the component in a file that `witgen compile` wrote."""
    engine, component, note = components.load_compiled(path)
    missing = note.missing(limits.settings(concurrent=definition.concurrent))
    if missing:
        raise ComponentError(f"{path} was compiled without {_WITHOUT[missing]}")
    return _prepared(definition, engine, component, adapters, bounded=False)


def prepare_for(
    store: Store, definition: Definition, source: ComponentSource, adapters: Adapters | None = None
) -> Prepared:
    """Read and compile a component of a world for the engine of a store."""
    store.usable()
    suit(store.engine, Settings(concurrent=definition.concurrent))
    if is_path(source) and is_compiled(source):
        ready = _from_compiled(definition, source, store.limits, adapters)
        if ready.engine is not store.engine:
            raise ComponentError(
                f"{source} was compiled for another engine than this store's: `open` makes a store for it"
            )
        return ready
    return _prepared(definition, store.engine, source, adapters, bounded=may_end(store.limits))


def _prepared(
    definition: Definition,
    engine: wasmtime.Engine,
    source: ComponentSource,
    adapters: Adapters | None,
    *,
    bounded: bool,
) -> Prepared:
    wanted = request(
        definition,
        adapters or definition.adapters,
        concurrent=is_concurrent(engine),
        direct=partial(finds_memories, engine),
    )
    bounded = bounded and bounds_waits(definition)
    component = components.load(engine, source, wanted, bounded=bounded)
    return Prepared(definition, engine, component, wanted, os.fspath(source) if is_path(source) else "the component")


def check_store(store: object) -> None:
    """Raise `TypeError` unless something is a store; one of another copy of the runtime is."""
    if isinstance(store, wasmtime.Store):
        raise TypeError(
            f"store: expected {HOST}.Store, got wasmtime's own; make one with Store(), which takes an engine,"
            " a Wasi and limits"
        )
    if not isinstance(store, Store) and type(store).__name__ != Store.__name__:
        raise TypeError(f"store: expected {HOST}.Store, got {type(store).__name__}")
