"""Worlds: a component, linked with the implementations of its imports, and its exports."""

# pyright: reportPrivateUsage=false
# ruff: noqa: SLF001
# Worlds keep what is the runtime's under names with an underscore, because WIT may give their functions any other.

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, Protocol, Self, TypeVar, Unpack, overload

import wasmtime

from ..values import Unique
from .adapters.options import Adapters
from .adapters.report import AdaptersTaken
from .component import ComponentSource
from .linking.definition import Definition
from .linking.instance import Instance
from .linking.instantiation import Setup, instantiate, open_component
from .linking.preparation import Prepared, check_store, prepare_for
from .linking.variants import Variants
from .open_options import Chosen, OpenOptions, choose
from .store.limits import Limits
from .store.store import Store
from .wasi.http.allowed import Http
from .wasi.settings import Wasi

__all__ = ["PLAIN", "PreparedWorld", "World", "adapters_of", "definition_of", "folders_of", "open_world"]

W = TypeVar("W", bound="World")
I = TypeVar("I")  # noqa: E741  (imports)
J = TypeVar("J")

PLAIN: Final = Setup(linked_alike="world")
"""Adds nothing to a component."""


class _HasAdapters(Protocol):
    _adapters: AdaptersTaken


def adapters_of(world: _HasAdapters) -> AdaptersTaken:
    """Return which functions of an open world go through adapters, and which functions with bytes do not."""
    return world._adapters


class _HasStore(Protocol):
    _store: Store


def folders_of(world: _HasStore) -> dict[str, Path]:
    """Return where the folders are that a `Wasi` gave an open world, by the paths at which its guest finds them.

    Those of `Wasi.memory_folder` are there until the world is closed.
    """
    return dict(world._store.stdio.folders)


def definition_of(world: type[World]) -> Definition:
    """Return the definition of a world: its imports and exports."""
    return world._definition


class World(Unique, ABC):
    """Base of generated worlds. Closing one that `open` made closes its store."""

    _definition: ClassVar[Definition]
    _WHY_UNIQUE = "is an open component"

    def __init__(self, instance: Instance, *, owns_store: bool) -> None:
        self._store = instance.store
        self._adapters = instance.adapters
        self._owns_store = owns_store
        self._bind(instance)

    @abstractmethod
    def _bind(self, instance: Instance) -> None:
        """Take the exports from an instance."""

    @classmethod
    def _open_by_options(cls, component: ComponentSource, imports: object, options: OpenOptions) -> Self:
        """Run a component in a store of its own, as the caller of the generated `open` asks."""
        return open_world(cls, component, imports, choose(f"{cls.__name__}.open", options))

    @classmethod
    def _open(
        cls,
        component: ComponentSource,
        imports: object,
        *,
        wasi: Wasi | wasmtime.WasiConfig | None = None,
        limits: Limits | None = None,
        adapters: Adapters | None = None,
        http: Http | bool = False,
    ) -> Self:
        """Run a component in a new store."""
        return open_world(cls, component, imports, Chosen(wasi, limits or Limits(), adapters, http))

    @classmethod
    def _prepare(cls, component: ComponentSource, options: OpenOptions) -> PreparedWorld[Self, Any]:
        """Prepare a component, as the caller of the generated `prepare` asks."""
        return PreparedWorld(cls, component, options)

    @classmethod
    def _instantiate(
        cls, store: Store, component: ComponentSource, imports: object, adapters: Adapters | None = None
    ) -> Self:
        """Run a component in a store that the caller closes."""
        check_store(store)
        ready = prepare_for(store, cls._definition, component, adapters)
        return cls(instantiate(cls._definition, store, ready, imports), owns_store=False)

    def close(self) -> None:
        """Close the store, if `open` made it; twice is fine."""
        World._close(self)

    def _close(self) -> None:
        if self._owns_store:
            self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        World._close(self)


class PreparedWorld(Unique, Generic[W, I]):
    """A component that was read, compiled and checked once; `open` runs it in new stores. Any thread may do so.

    Worlds make it with `prepare`.
    """

    _WHY_UNIQUE = "has machine code in this process; other processes prepare the component themselves"

    def __init__(self, world: type[W], component: ComponentSource, options: OpenOptions) -> None:
        self._world = world
        self._options = options
        self._chosen = choose(f"{world.__name__}.prepare", options)
        self._variants = Variants(world._definition, component, self._chosen.limits, self._chosen.adapters)

    def __repr__(self) -> str:
        return f"<prepared component of {self._world.__name__}>"

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            hint = ""
            if not name.startswith("_") and hasattr(self._world, name):
                hint = f": a {self._world.__name__} has it, and `open` returns one"
            message = f"{type(self).__name__} has no attribute `{name}`{hint}"
            raise AttributeError(message, name=name, obj=self)

    @overload
    def open(
        self: PreparedWorld[W, J | None], imports: None = None, **options: Unpack[OpenOptions]
    ) -> W: ...  # where all imports may be left out
    @overload
    def open(self, imports: I, **options: Unpack[OpenOptions]) -> W: ...
    def open(self, imports: object = None, **options: Unpack[OpenOptions]) -> W:
        """Instantiate the component in a new store; closing the result closes the store.

        Args:
            imports: the implementations of what the component imports.
            options: as `OpenOptions` describes them; they take precedence over those of `prepare`. Where they are part
                of the code (fuel, `interruptible`, a deadline, whether there is a memory limit), and `prepare` had
                others, the component is compiled once more, at the first such call.
        """
        chosen = self._chosen
        if options:
            chosen = choose(f"{self._world.__name__}.open", {**self._options, **options})
        return open_world(self._world, self._variants.ready(chosen.limits, chosen.adapters), imports, chosen)


def open_world(
    world: type[W], component: ComponentSource | Prepared, imports: object, options: Chosen, setup: Setup | None = None
) -> W:
    """Run a component in a new store, which is closed with the world."""
    return open_component(
        world._definition, component, imports, options, setup or PLAIN, partial(world, owns_store=True)
    )
