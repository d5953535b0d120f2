"""From a component to its instance: the one way in which generated worlds, loaded ones and workers run components."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import TypeVar

from .. import forking
from ..adapters.calling.bound_imports import DRIVE, START
from ..component import ComponentSource
from ..open_options import Chosen
from ..store.store import Store
from .definition import Definition
from .implementations import check_imports
from .instance import Instance
from .linker import Linkage
from .preparation import Prepared, prepare
from .store_linker import DifferentDefinitionsError

__all__ = ["Setup", "instantiate", "open_component"]

T = TypeVar("T")


def _nothing(_: object) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What the code that opens a component adds to its store and to its linker.

    Attributes:
        streams: whether Python may pass wasmtime's streams to guests, even if no function of the world does.
        bounds_waits: whether adapters bound the waits inside wasmtime that limits may end.
        on_store: called with the new store, before anything is linked.
        wrap: replaces the implementations of imports, once it is known that they have all that the component uses.
        on_linkage: called when all imports are defined, and no code of the component has run.
        linked_alike: stands for what `on_linkage` defines: stores with the same value use linkers in turn. None where
            each store needs a new one.
    """

    streams: bool = False
    bounds_waits: bool = True
    on_store: Callable[[Store], None] = _nothing
    wrap: Callable[[object], object] | None = None
    on_linkage: Callable[[Linkage], None] = _nothing
    linked_alike: Hashable = None


def open_component(
    definition: Definition,
    component: ComponentSource | Prepared,
    imports: object,
    options: Chosen,
    setup: Setup,
    bind: Callable[[Instance], T],
) -> T:
    """Run a component in a new store, and return what `bind` makes of its instance. If that fails, close the store."""
    check_imports(definition, imports)
    if isinstance(component, Prepared):
        ready = component
    else:
        ready = prepare(definition, component, options.limits, options.adapters, bounds=setup.bounds_waits)
    try:
        return _open_prepared(ready, imports, options, setup, bind)
    except DifferentDefinitionsError:
        return _open_prepared(ready, imports, options, replace(setup, linked_alike=None), bind)


def _open_prepared(ready: Prepared, imports: object, options: Chosen, setup: Setup, bind: Callable[[Instance], T]) -> T:
    definition = ready.definition
    store = Store(
        ready.engine,
        wasi=options.wasi,
        limits=options.limits,
        concurrent=ready.concurrent,
        streams=setup.streams or definition.passes_streams,
        http=options.http,
    )
    try:
        setup.on_store(store)
        return bind(instantiate(definition, store, ready, imports, setup))
    except BaseException:
        store.close()
        raise


def instantiate(
    definition: Definition, store: Store, ready: Prepared, imports: object, setup: Setup | None = None
) -> Instance:
    """Run a prepared component in a store of its engine."""
    setup = setup or Setup()
    store.usable()
    forking.note_wasi()
    needs = ready.needs
    if ready.wanted is not None:
        ready.wanted.insist()
    linkers = ready.linkers if setup.linked_alike is not None else None
    linkage = Linkage(definition, store, imports, linkers, setup.linked_alike)
    linkage.check(needs)
    if setup.wrap is not None:
        linkage.wrap(setup.wrap)
    linkage.define(needs)
    setup.on_linkage(linkage)
    instance = Instance(store, linkage.instantiate(ready.component), needs, linkage)
    if DRIVE.name in needs.adapters:
        linkage.streams.driven_by(instance.function(START), instance.function(DRIVE))
    instance.adapters = ready.adapters
    return instance
