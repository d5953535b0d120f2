"""Instances of components: their exports, by descriptor."""

# pyright: reportPrivateUsage=false
# ruff: noqa: SLF001
# Handles keep their state under names with an underscore, because WIT may give their methods any other.

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable
from functools import partial
from types import new_class
from typing import Any, cast

from wasmtime import component as wasm

from ... import abi
from ...values import Unique
from .. import signatures
from ..adapters.calling.stream_calls import keys_of
from ..adapters.report import AdaptersTaken
from ..capi import ffi
from ..convert.binder import bind_caller
from ..errors import LinkError
from ..store.handles import Guest, ResourceHandles
from ..store.resource import GuestResource, ResourceBinding
from ..store.store import Store
from ..streams.stream_handles import FunctionEnds
from .definition import Needs
from .linked_import import is_refused, refuse
from .linker import Linkage

__all__ = ["Instance"]


class Instance(Unique):
    """A component instance, for generated code: its exports by descriptor."""

    _WHY_UNIQUE = "is an open component"

    def __init__(self, store: Store, raw: wasm.Instance, needs: Needs, linkage: Linkage, label: str = "") -> None:
        self.store = store
        self._raw = raw
        self._needs = needs
        self._linkage = linkage
        self.adapters = AdaptersTaken()
        self._label = label
        self._handles = ResourceHandles(store, dict(linkage.sides))
        self._sides = cast("dict[abi.Resource, Any]", self._handles.resources)
        # Of an interface that is imported and exported, functions of the world itself use the import (WIT.md, Worlds).
        self._own_handles = ResourceHandles(store, ChainMap(linkage.sides, self._sides))

    def labelled(self, label: str) -> Instance:
        """Return a view of this instance for an export `label: interface`, which has separate resources."""
        return Instance(self.store, self._raw, self._needs, self._linkage, label)

    def function(self, function: abi.Function, interface: str = "") -> Callable[..., Any]:
        """Return the callable for an exported function; it is compiled at its first call."""
        known = self._label or interface
        name = self._needs.exports.get(known, "")
        target = ffi.export_function(self._raw, self.store.context, name, function.name)
        if target is None:
            raise LinkError(f"the component does not export {name}#{function.name}")
        text, direct = (each.get(("export", known), ()) for each in (self._needs.text, self._needs.direct))
        lists = self._linkage.memories.lists(("export", name), function.name, text=text, direct=direct)
        handles = self._handles if known else self._own_handles
        if signatures.passes_ends(function):
            if is_refused(function, self._needs.numbers.get(("export", known), frozenset())):
                return partial(refuse, function)
            streams, keys = self._linkage.streams, keys_of(name, function)
            handles = handles.of_function(
                FunctionEnds(streams, keys, awaits=self.store.loop is not None, exported=True)
            )
        store = self.store
        calls_back = self._linkage.calls_python or store.stdio.calls_python or store.concurrent
        calls_back |= store.turns.begin is not None
        return bind_caller(function, handles, target, lists=lists, calls_back=calls_back)

    def resource(self, cls: type[Any], resource: abi.Resource, interface: abi.Interface) -> Any:
        """Return the class of a resource that this instance exports: the abstract `cls` with its methods filled in."""
        namespace: dict[str, Any] = {"__slots__": (), "__module__": cls.__module__, "__qualname__": cls.__qualname__}
        namespace["__init__"] = _no_constructor
        functions = (each for each in interface.functions if each.resource is resource)
        calls: dict[abi.Function, Any] = {each: self.function(each, interface.name) for each in functions}
        for function, call in calls.items():
            call.__defaults__ = signatures.defaults(function)
            if function.kind is abi.FunctionKind.CONSTRUCTOR:
                namespace["__init__"] = _constructor(call)
            else:
                call.__doc__ = getattr(getattr(cls, function.python, None), "__doc__", None)
                static = function.kind is abi.FunctionKind.STATIC
                namespace[function.python] = staticmethod(call) if static else call
        namespace["_binding"] = ResourceBinding(calls, partial(self._adopt, resource))
        bound = new_class(cls.__name__, (cls,), exec_body=lambda body: body.update(namespace))
        self._adopt(resource, bound)
        return bound

    def _adopt(self, resource: abi.Resource, cls: type[Any]) -> None:
        """Make `cls` the class of the handles of a resource that the component returns."""
        self._sides[resource] = Guest(cls)


def _no_constructor(self: GuestResource, *_: object, **__: object) -> None:
    raise TypeError(f"{type(self).__name__} has no constructor")


def _constructor(construct: Callable[..., Any]) -> Callable[..., None]:
    def __init__(self: GuestResource, *arguments: object, **named: object) -> None:  # noqa: N807
        made: GuestResource = construct(*arguments, **named)
        self._box, self._fate, self._store = made._release("moved"), "", made._store

    return __init__
