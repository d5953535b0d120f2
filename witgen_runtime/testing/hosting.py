"""Fakes as the host of a real component: the same tests run against what componentize-py built.

Functions here get the host side's modules as arguments: guests have no wasmtime.
"""

# Attributes of fakes are private, because public names belong to WIT.
# ruff: noqa: SLF001
# pyright: reportPrivateUsage=false
from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import partial
from typing import Any

from .. import abi, check
from .fakes import Fakes
from .objects import Object, Pollable
from .wrappers import rebuilt

__all__ = ["implementations"]


class Host:
    """Turns fakes into implementations of a world's imports."""

    def __init__(self, fakes: Fakes) -> None:
        self._fakes = fakes
        self._classes: dict[abi.Resource, Callable[[], Any]] = {}

    def implement(self, imports: Any, items: tuple[Any, ...]) -> Any:
        """Return the implementations of the world's imports, except those that wasmtime provides.

        Args:
            imports: the class of the world's imports.
            items: the imported interfaces of the world's definition.
        """
        for item in items:
            for resource, name in item.interface.resources:
                base = getattr(item.module, name)
                self._classes[resource] = base if item.native else self._host_class(base, item.interface, resource)
                self._fakes._resources[resource]._stand_in = partial(self._handle_of, abi.Own(resource))
        names = {field.name for field in fields(imports)}
        given: dict[str, Any] = {}
        for item in items:
            if not item.native:
                given |= self._fields(item, names)
        return imports(**given)

    def _fields(self, item: Any, names: set[str]) -> dict[str, Any]:
        interface: abi.Interface = item.interface
        members: dict[str, Any] = {name: self._classes[resource] for resource, name in interface.resources}
        for function in interface.functions:
            if function.resource is None:
                members[function.python] = self._called(function, interface)
        if not item.attribute:
            return {name: member for name, member in members.items() if name in names}
        return {item.attribute: next(iter(members.values())) if interface.is_one_class else _Namespace(members)}

    def _host_class(self, base: type[Any], interface: abi.Interface, resource: abi.Resource) -> type[Any]:
        """Return the class of host objects that represent the fake's objects for the component."""
        members: dict[str, Any] = {"_object": None, getattr(base, "_dropped_hook", "dropped"): _dropped}
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
        return type(base.__name__, (base,), members)

    def _called(self, function: abi.Function, interface: abi.Interface) -> Callable[..., Any]:
        """Return a function that passes a component's call on to the fake."""
        declared: type[Exception] | tuple[()] = function.raises or ()

        def call(*arguments: object) -> Any:
            fake = self._fakes._fakes[interface]._functions[function.name]
            given = check.arguments(function, arguments, _object_of)
            try:
                return check.result(function, fake._respond(tuple(given)), self._handle_of)
            except declared as error:
                raise rebuilt(function, error, self._handle_of) from error.__cause__

        return call

    def _handle_of(self, type_: abi.Type, value: object) -> object:
        """Return the host object that represents a fake's object."""
        if not isinstance(value, Object) or not isinstance(type_, abi.Own | abi.Borrow):
            return value
        cls: Any = self._classes[type_.resource]
        if isinstance(value, Pollable):
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


def implementations(fakes: Fakes, imports: Any, world: Any) -> Any:
    """Return the imports of a host's world, implemented by `fakes`; None for a world that imports nothing."""
    return None if imports is None else Host(fakes).implement(imports, world._definition.imports)
