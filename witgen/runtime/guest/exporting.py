"""Calls from outside to what the guest exports."""

from __future__ import annotations

import sys
from abc import ABC
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, ClassVar

from .. import abi, check
from .convert import Converters, Handles
from .importing import lower_import
from .naming import camel, snake
from .raw import OutsideComponentError, RawModules, raw_types
from .resource import Ledger, Resource, lend, take_back, wrap, wrapper

__all__ = ["Export", "ExportedInterface", "install", "missing_members"]


class ExportedInterface(ABC):
    """Base of the classes whose objects implement an exported interface."""

    _wit: ClassVar[abi.Interface]

    def __init_subclass__(cls, *, wit: abi.Interface | None = None) -> None:
        super().__init_subclass__()
        if wit is not None:
            cls._wit = wit

    def __new__(cls) -> Any:
        abstract: frozenset[str] = getattr(cls, "__abstractmethods__", frozenset())
        lacking = [function.name for function in cls._wit.functions if function.python in abstract]
        if lacking:
            raise TypeError(f"{cls.__name__} lacks {_listed(lacking)} of {cls._wit.name}")
        return super().__new__(cls)


@dataclass(frozen=True)
class Export:
    """An exported interface (or the world's own functions) and what implements it: an object, or a mapping of names."""

    interface: abi.Interface
    implementation: object

    def member(self, name: str) -> Any:
        """Return the function or class called `name`, None where there is none."""
        if isinstance(self.implementation, Mapping):
            return self.implementation.get(name)
        return getattr(self.implementation, name, None)


def missing_members(export: Export) -> list[str]:
    """Return the WIT names of everything that the implementation lacks."""
    where = f"{export.interface.name}: " if export.interface.name else ""
    classes = {resource: export.member(name) for resource, name in export.interface.resources}
    lacking: list[str] = []
    for resource, cls in classes.items():
        if not isinstance(cls, type):
            lacking.append(f"{where}resource {resource.name} (a class)")
    for function in export.interface.functions:
        owner = classes.get(function.resource) if function.resource is not None else None
        if function.resource is not None and not isinstance(owner, type):
            continue
        if not _implements(export, function, owner):
            lacking.append(where + function.name)
    return lacking


def _implements(export: Export, function: abi.Function, owner: type[Any] | None) -> bool:
    if owner is None:
        return callable(export.member(function.python))
    name = "__init__" if function.name.startswith("[constructor]") else function.python
    abstract: frozenset[str] = getattr(owner, "__abstractmethods__", frozenset())
    return callable(getattr(owner, name, None)) and name not in abstract


class _Adapter:
    """What the raw layer holds for a resource object of the guest's own."""

    _implementation: Any


class _Side(Handles):
    """The handles of exported functions: the guest's own resources, and imported ones."""

    def __init__(self, exported: set[str]) -> None:
        self.exported = exported
        self.adapters: dict[abi.Resource, type[_Adapter]] = {}
        self.classes: dict[abi.Resource, type[Any]] = {}
        self.lent: list[Resource] = []

    def lift(self, type_: abi.Own | abi.Borrow, raw: Any) -> Any:
        if type_.resource.interface in self.exported:
            return raw._implementation
        cls = wrapper(type_.resource)
        return wrap(cls, raw) if isinstance(type_, abi.Own) else lend(cls, raw, self.lent)

    def lower(self, type_: abi.Type, value: object, ledger: Ledger) -> object:
        if not isinstance(type_, abi.Own | abi.Borrow) or type_.resource.interface not in self.exported:
            return lower_import(type_, value, ledger)
        cls = self.classes[type_.resource]
        if not isinstance(value, cls):
            raise check.Mismatch(f"expected {cls.__name__}, got {type(value).__name__}")
        return self.adapter(type_.resource, value)

    def adapter(self, resource: abi.Resource, value: Any) -> _Adapter:
        """Return the one adapter of an object."""
        found: _Adapter | None = getattr(value, "_adapter", None)
        if found is None:
            cls = self.adapters[resource]
            found = cls.__new__(cls)
            found._implementation = value
            value._adapter = found
        return found


def install(raw: RawModules, world_class: str, module: str, exports: tuple[Export, ...]) -> None:
    """Put adapters where componentize-py looks for them.

    Raises:
        TypeError: something that WIT declares is missing.
    """
    lacking = [name for export in exports for name in missing_members(export)]
    if lacking:
        raise TypeError(f"{module} does not export {_listed(lacking)}")
    try:
        raw_types()
    except OutsideComponentError:
        return
    side = _Side({export.interface.name for export in exports if export.interface.resources})
    for export in exports:
        for resource, name in export.interface.resources:
            side.classes[resource] = export.member(name)
            side.adapters[resource] = type(camel(resource.name), (_Adapter,), {})
    converters = Converters(raw, side)
    application = sys.modules[module]
    for export in exports:
        _install_one(raw, converters, side, export, application, world_class)


def _install_one(
    raw: RawModules, converters: Converters, side: _Side, export: Export, application: ModuleType, world_class: str
) -> None:
    free: dict[str, Any] = {}
    for function in export.interface.functions:
        resource = function.resource
        if resource is None:
            free[_raw_name(function)] = _free(converters, side, function, export.member(function.python))
        else:
            _install_member(converters, side, function, side.adapters[resource], side.classes[resource])
    for resource, _ in export.interface.resources:
        home = raw.exports[export.interface.name]
        target = sys.modules.setdefault(home, ModuleType(home))
        setattr(target, camel(resource.name), side.adapters[resource])
    name = camel(raw.exports[export.interface.name]) if export.interface.name else world_class
    setattr(application, name, type(name, (), free))


def _raw_name(function: abi.Function) -> str:
    return snake(function.name.rpartition("]")[2].rpartition(".")[2])


def _free(converters: Converters, side: _Side, function: abi.Function, implementation: Callable[..., Any]) -> Any:
    call = _adapted(converters, side, function)

    def method(self: object, *arguments: Any) -> Any:
        del self
        return call(implementation, arguments)

    return method


def _install_member(
    converters: Converters, side: _Side, function: abi.Function, adapter: type[_Adapter], cls: type[Any]
) -> None:
    call = _adapted(converters, side, function)
    if function.name.startswith("[constructor]"):

        def construct(self: _Adapter, *arguments: Any) -> None:
            made = call(cls, arguments)
            self._implementation = made._implementation
            self._implementation._adapter = self

        setattr(adapter, "__init__", construct)  # noqa: B010 - mypy takes the plain assignment for an override
    elif function.name.startswith("[static]"):
        implementation = getattr(cls, function.python)
        setattr(adapter, _raw_name(function), staticmethod(lambda *arguments: call(implementation, arguments)))
    else:

        def method(self: _Adapter, *arguments: Any) -> Any:
            return call(lambda this, *rest: getattr(this, function.python)(*rest), (self, *arguments))

        setattr(adapter, _raw_name(function), method)


def _adapted(converters: Converters, side: _Side, function: abi.Function) -> Callable[..., Any]:
    """Return what calls an implementation with raw arguments and gives its raw result."""
    lifts = [converters.lift(param.type) for param in function.params]
    declared = function.result
    result = declared.ok if function.raises is not None and isinstance(declared, abi.Result) else declared
    err = declared.err if isinstance(declared, abi.Result) else None
    lower_result, lower_error = converters.lower(result), converters.lower(err)
    raises: type[Exception] | tuple[()] = function.raises or ()

    def call(implementation: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        ledger = Ledger()
        start = len(side.lent)
        try:
            lifted = [lift(argument) for lift, argument in zip(lifts, arguments, strict=True)]
            returned = implementation(*lifted)
            canonical = check.result(function, returned, lambda type_, value: side.lower(type_, value, ledger))
            ledger.settle(function.python)
            return lower_result(canonical)
        except raises as error:
            payload = check.error(function, error, lambda type_, value: side.lower(type_, value, ledger))
            ledger.settle(function.python)
            failure = raw_types().Err(lower_error(payload))
        finally:
            take_back(side.lent[start:])
            del side.lent[start:]
        raise failure

    return call


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)

