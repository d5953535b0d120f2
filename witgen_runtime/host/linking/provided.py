"""Imports that an exported interface of an open component implements.

The callbacks of such an import are compiled from the descriptors of the component that provides it. So arguments arrive
as objects of that component's bindings, and its results and declared errors go out as such, although the importing
world may have other classes for the same types. Handles of its resources stay the providing component's: the importing
one holds numbers that stand for them.
"""

# pyright: reportPrivateUsage=false
# ruff: noqa: SLF001
# Handles and interfaces keep their state under names with an underscore, because WIT may give members any other.

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import update_wrapper
from typing import Any, TypeAlias, TypeGuard
from weakref import WeakKeyDictionary

from ... import abi
from .. import signatures
from ..errors import HostError, StoreDeadError
from ..store.provided import ProvidedObject
from ..store.resource import AsyncExportedInterface, ExportedInterface
from ..store.store import Store
from .definition import Import
from .implementations import Implementation
from .versions import track

__all__ = ["ProvidedImplementation", "close_with", "exported", "freestanding", "implementation_of", "resources_of"]

_Given: TypeAlias = ExportedInterface[Any] | AsyncExportedInterface[Any]

_native: WeakKeyDictionary[Import, Implementation] = WeakKeyDictionary()
"""wasmtime's implementations, which are the same for all stores."""

_freestanding: WeakKeyDictionary[abi.Function, abi.Function] = WeakKeyDictionary()


def freestanding(function: abi.Function) -> abi.Function:
    """Return a function with the same parameters that is no member of a resource; the same one each time."""
    if function.kind is abi.FunctionKind.FREESTANDING:
        return function
    if function not in _freestanding:
        _freestanding[function] = replace(function, name=function.plain_name, resource=None)
    return _freestanding[function]


def _is_exported(value: object) -> TypeGuard[_Given]:
    return isinstance(value, (ExportedInterface, AsyncExportedInterface))


def implementation_of(item: Import, imports: object) -> Implementation:
    """Return the implementation of an import: Python's, or another component's."""
    given = getattr(imports, item.attribute, None) if item.attribute else None
    if given is None and item.native:
        known = _native.get(item)
        if known is None:
            known = _native[item] = Implementation(item, None)
        return known
    return ProvidedImplementation(item, given) if _is_exported(given) else Implementation(item, imports)


class ProvidedImplementation(Implementation):
    """The implementation of an import by an exported interface of an open component."""

    def __init__(self, item: Import, given: _Given) -> None:
        wit = given._wit or abi.Interface(item.interface.name, (), ())
        self.wanted = item.interface
        """The interface as the importing world has it."""
        self.item = replace(item, interface=wit, label=item.name)
        self.given: Any = given
        self._is_async = isinstance(given, AsyncExportedInterface)
        self.native = False
        self.classes: dict[abi.Resource, Any] = {resource: getattr(given, name) for resource, name in wit.resources}

    def pairs(self) -> Iterator[tuple[abi.Resource, abi.Resource]]:
        """Yield each resource of the providing component, with the same one of the importing world."""
        wanted = {resource.name: resource for resource, _ in self.wanted.resources}
        for resource, _ in self.item.interface.resources:
            yield resource, wanted.get(resource.name, resource)

    def differences(self, used: Container[str], *, awaits: bool, unserved: Mapping[str, str]) -> Iterator[str]:
        """Report where the interface that is given differs from the one that is imported, as far as that is used."""
        place, ours = self.item.name, self.item.interface
        if not _is_same(self.wanted.name, ours.name):
            yield f"{place}: an exported interface was given that is {ours.name}"
            return
        if self._is_async and not awaits:
            kind = type(self.given).__name__
            yield f"{place}: {kind} belongs to a component opened for asyncio, and this one is not: open both alike"
        theirs = {function.name: function for function in ours.functions}
        for function in (each for each in self.wanted.functions if each.name in used):
            found = theirs.get(function.name)
            if found is None:
                yield f"{place}: {signatures.describe(function)} (the given component does not export it)"
            elif _form(found) != _form(function):
                yield f"{place}: {signatures.describe(function)} (the given component has {_form(found)})"
            elif function.name in unserved:
                yield f"{place}: {signatures.describe(function)} ({unserved[function.name]})"
            elif signatures.passes_ends(function):
                yield f"{place}: {signatures.describe(function)} (streams and futures cannot pass between components)"

    def function(self, function: abi.Function) -> Callable[..., Any]:
        """Return the call of a function; that of a method takes the handle first."""
        call = self._call(function)
        return _awaited(call, self._place(function)) if self._is_async else _direct(call, self._place(function))

    def awaits(self, function: abi.Function) -> bool:
        """Return whether calls of a function have to be awaited."""
        del function
        return self._is_async

    def _call(self, function: abi.Function) -> Callable[..., Any]:
        if function.resource is None:
            call: Callable[..., Any] = getattr(self.given, function.python)
            return call
        cls = self.classes[function.resource]
        if function.kind is abi.FunctionKind.CONSTRUCTOR:
            constructor: Callable[..., Any] = getattr(cls, cls._constructor) if self._is_async else cls
            return constructor
        member: Callable[..., Any] = getattr(cls, function.python)
        return member

    def _place(self, function: abi.Function) -> str:
        return f"{self.item.interface.name}#{function.name}"


def _is_same(wanted: str, given: str) -> bool:
    """Return whether two names are those of one interface; one without a package is known by its functions alone."""
    return "/" not in wanted or "/" not in given or track(wanted) == track(given)


def _form(function: abi.Function) -> str:
    """Return a function's type with everything by which two of them may differ: names of resources, too."""
    handles = ", ".join(f"{type(each).__name__.lower()}<{each.resource.name}>" for each in _handles(function))
    form = f"{'async ' if function.is_async else ''}{signatures.expected(function)}"
    return f"{form} with {handles}" if handles else form


def _handles(function: abi.Function) -> Iterator[abi.Own | abi.Borrow]:
    """Yield the handles of a function's parameters and result, in order."""
    for type_ in (*(param.type for param in function.params), function.result):
        yield from _handles_of(type_)


def _handles_of(type_: abi.Type | None) -> Iterator[abi.Own | abi.Borrow]:
    if isinstance(type_, (abi.Own, abi.Borrow)):
        yield type_
    elif type_ is not None:
        for part in abi.children(type_):
            yield from _handles_of(part)


def resources_of(interface: abi.Interface) -> Iterator[abi.Resource]:
    """Yield the resources whose handles an interface's functions pass."""
    for function in interface.functions:
        for handle in _handles(function):
            yield handle.resource


def exported(world: object) -> dict[str, _Given]:
    """Return the interfaces that an open world exports, by WIT name."""
    found = (each for each in vars(world).values() if _is_exported(each))
    return {each._wit.name: each for each in found if each._wit is not None}


def close_with(store: Store, closes: Iterable[Callable[[], None]]) -> None:
    """Close other components when a store closes, as soon as its guests hold no handles of theirs any more."""

    def drop_held() -> None:
        for number, held in list(store.table.objects.items()):
            if isinstance(held, ProvidedObject):
                store.tell_dropped(store.table.take(number))

    store.on_close(drop_held)
    for close in closes:
        store.on_close(close)


def _direct(call: Callable[..., Any], place: str) -> Callable[..., Any]:
    def provided(*arguments: Any) -> Any:
        try:
            return call(*arguments)
        except HostError as error:
            raise _explained(error, place) from error.__cause__

    return update_wrapper(provided, call, updated=())


def _awaited(call: Callable[..., Any], place: str) -> Callable[..., Any]:
    async def provided(*arguments: Any) -> Any:
        try:
            return await call(*arguments)
        except HostError as error:
            raise _explained(error, place) from error.__cause__

    return update_wrapper(provided, call, updated=())


def _explained(error: HostError, place: str) -> HostError:
    """Return an error of the providing component that says whose it is."""
    if not isinstance(error, StoreDeadError):
        error.add_note(f"raised by {place}, which another component provides")
        return error
    state = "has failed before" if error.__cause__ is not None else "is closed: close it after those that use it"
    dead = StoreDeadError(f"{place}: the component that provides it {state}")
    dead.__cause__ = error.__cause__
    return dead
