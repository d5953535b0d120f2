"""Fakes as the host of a real component: the same tests run against what componentize-py built.

The host side is imported by name and only when a component is opened: guests have no wasmtime.
"""

# Attributes of fakes are private, because public names belong to WIT.
# ruff: noqa: SLF001
# pyright: reportPrivateUsage=false
from __future__ import annotations

import atexit
from collections.abc import Callable
from dataclasses import replace
from functools import cache, lru_cache, partial
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from .. import abi, check
from .fakes import Fakes
from .objects import Object, Pollable, wait
from .standard_wasi import Replaced, StandardWasi, in_test, replaced
from .wrappers import rebuilt

__all__ = ["open_component"]

_STREAMS = "wasi:io/streams@0.2."
_FAKED = ("wasi:io/", "wasi:http/")
"""What fakes implement although wasmtime could, in worlds with streams."""


class Host:
    """Turns fakes into implementations of a world's imports; `base` is the base class of the host's resources."""

    def __init__(self, fakes: Fakes, base: type[Any]) -> None:
        self._fakes = fakes
        self._base = base
        self.classes: dict[abi.Resource, Any] = {}
        """The class of the objects that the component gets for each resource of the fakes."""
        self._native: set[abi.Resource] = set()

    def implement(self, items: tuple[Any, ...]) -> SimpleNamespace:
        """Return the implementations of the imported interfaces of a world, except those that wasmtime provides."""
        for item in items:
            for resource, name in item.interface.resources:
                base = getattr(item.module, name, self._base)
                self.classes[resource] = base if item.native else self._host_class(name, base, item.interface, resource)
                self._fakes._resources[resource]._stand_in = partial(self._handle_of, abi.Own(resource))
                if item.native:
                    self._native.add(resource)
        given: dict[str, Any] = {}
        for item in items:
            if not item.native:
                given |= self._attributes(item)
        return SimpleNamespace(**given)

    def _attributes(self, item: Any) -> dict[str, Any]:
        interface: abi.Interface = item.interface
        members: dict[str, Any] = {name: self.classes[resource] for resource, name in interface.resources}
        for function in interface.functions:
            if function.resource is None:
                members[function.python] = self._called(function, interface)
        if not item.attribute:
            return members
        return {item.attribute: next(iter(members.values())) if interface.is_one_class else _Namespace(members)}

    def _host_class(self, name: str, found: Any, interface: abi.Interface, resource: abi.Resource) -> type[Any]:
        """Return the class of host objects that represent the fake's objects for the component."""
        base = found if issubclass(found, self._base) else self._base
        members: dict[str, Any] = {"_object": None, base._dropped_hook: _dropped}
        for function in interface.functions:
            if function.resource is not resource:
                continue
            if function.kind is abi.FunctionKind.CONSTRUCTOR:
                members["__init__"] = _constructor(self._called(function, interface))
            elif function.kind is abi.FunctionKind.STATIC:
                members[function.python] = staticmethod(self._called(function, interface))
            else:
                members[function.python] = _method(self._called(function, interface))
        members.setdefault("__init__", object.__init__)
        return type(name, (base,), members)

    def _called(self, function: abi.Function, interface: abi.Interface) -> Callable[..., Any]:
        """Return a function that passes a component's call on to the fake."""
        declared: type[Exception] | tuple[()] = function.raises or ()
        # Python's own waits in the component, such as `time.sleep`, are no calls of the guest's.
        is_poll = function.name == "poll" and interface.name.startswith("wasi:io/poll@0.2.")

        def call(*arguments: Any) -> Any:
            fake = self._fakes._fakes[interface]._functions[function.name]
            given: list[Any] = check.arguments(function, arguments, _object_of)
            if is_poll and not in_test(given[0]):
                return wait(given[0])
            try:
                return check.result(function, fake._respond(tuple(given)), self._handle_of)
            except declared as error:
                raise rebuilt(function, error, self._handle_of) from error.__cause__

        return call

    def _handle_of(self, type_: abi.Type, value: object) -> object:
        """Return the host object that represents a fake's object."""
        if not isinstance(value, Object) or not isinstance(type_, abi.Own | abi.Borrow):
            return value
        cls: Any = self.classes[type_.resource]
        if isinstance(value, Pollable) and type_.resource in self._native:
            follower = cls()
            value.follow(follower)
            return follower
        made = cls.__new__(cls)
        made._object = value
        return made


class _Namespace:
    """An implementation of an interface that has more than one member."""

    def __init__(self, members: dict[str, Any]) -> None:
        self.__dict__.update(members)


def _object_of(type_: abi.Type, value: Any) -> object:
    return value._object if isinstance(type_, abi.Own | abi.Borrow) and hasattr(value, "_object") else value


def _dropped(self: Any) -> None:
    self._object.dropped = True


def _constructor(call: Callable[..., Any]) -> Callable[..., None]:
    def __init__(self: Any, *arguments: object) -> None:  # noqa: N807
        self._object = call(*arguments)._object

    return __init__


def _method(call: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: Any, *arguments: object) -> Any:
        return call(self, *arguments)

    return method


def _giving_back(take: Callable[[int], Any]) -> Callable[[int], Any]:
    """Return a function that takes host objects back as the fakes' objects, which tests know."""

    def taken(number: int) -> Any:
        instance = take(number)
        found: Object | None = getattr(instance, "_object", None)
        return instance if found is None else found

    return taken


@cache
def _of_fakes(definition: Any) -> Any:
    """Return the definition of a world whose streams are fakes: then wasmtime's cannot be used beside them."""
    if not any(item.name.startswith(_STREAMS) for item in definition.imports):
        return definition
    imports = (replace(each, native=each.native and not each.name.startswith(_FAKED)) for each in definition.imports)
    return replace(definition, imports=tuple(imports))


@lru_cache(maxsize=4)
def _prepared(definition: Any, component: str, changed: int) -> tuple[Any, list[Replaced]]:
    """Return a component that is ready to be instantiated, and what is not wasmtime's in it.

    `changed` is when its file was changed.
    """
    del changed
    ready = import_module("...host.linking.preparation", __name__).prepare(definition, component)
    streams = any(item.name.startswith(_STREAMS) and not item.native for item in definition.imports)
    return ready, replaced(definition, ready.component.type, ready.engine) if streams else []


# Components cannot be deleted any more when the interpreter has cleared its modules.
atexit.register(_prepared.cache_clear)


def open_component(component: str | Path, fakes: Fakes, world: Any) -> Any:
    """Run a component of a host's world in a new store, with `fakes` as the implementations of its imports."""
    instantiation, resource, store = (
        import_module(f"...host.{name}", __name__)
        for name in ("linking.instantiation", "store.resource", "store.store")
    )
    definition = _of_fakes(world._definition)
    host = Host(fakes, resource.Resource)
    imports = host.implement(definition.imports)
    # Property-based tests open one component a hundred times.
    ready, interfaces = _prepared(definition, str(component), Path(component).stat().st_mtime_ns)
    made = store.Store(ready.engine, concurrent=ready.concurrent, streams=definition.passes_streams)
    made.table.take = _giving_back(made.table.take)
    setup = instantiation.Setup()
    if interfaces:
        wasi = StandardWasi(definition.imports, host.classes, interfaces)
        setup = instantiation.Setup(on_linkage=wasi.provide)
    try:
        return world(instantiation.instantiate(definition, made, ready, imports, setup), owns_store=True)
    except BaseException:
        made.close()
        raise
