"""Calls from outside to what the guest exports."""

# What the runtime keeps in a resource is private there, because public names are WIT's.
# ruff: noqa: SLF001
# pyright: reportPrivateUsage=false
from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from .. import abi, check
from .convert import Convert, Converters, Handles
from .exporting import Export, listed, missing_members
from .importing import lower_import, raw_name
from .lowering import Leave, Lower, Lowering, holds_handles
from .naming import camel
from .raw import OutsideComponentError, RawModules, raw_types
from .resource import Ledger, Resource, lend, take_back, wrap, wrapper

__all__ = ["install"]


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
        """Return a new adapter of an object: componentize-py notes in it the one handle that it stands for."""
        cls = self.adapters[resource]
        made = cls.__new__(cls)
        made._implementation = value
        return made


@dataclass(frozen=True)
class _Tools:
    """What adapters are made with."""

    side: _Side
    converters: Converters
    lowering: Lowering


def install(raw: RawModules, world_class: str, module: str, exports: tuple[Export, ...]) -> None:
    """Put adapters where componentize-py looks for them.

    Raises:
        TypeError: something that WIT declares is missing.
    """
    lacking = [name for export in exports for name in missing_members(export)]
    if lacking:
        raise TypeError(f"{module} does not export {listed(lacking)}")
    try:
        raw_types()
    except OutsideComponentError:
        return
    side = _Side({export.interface.name for export in exports if export.interface.resources})
    for export in exports:
        for resource, name in export.interface.resources:
            side.classes[resource] = export.member(name)
            side.adapters[resource] = type(camel(resource.name), (_Adapter,), {})
    tools = _Tools(side, Converters(side), Lowering(raw))
    application = sys.modules[module]
    for export in exports:
        _install_one(raw, tools, export, application, world_class)


def _install_one(raw: RawModules, tools: _Tools, export: Export, application: ModuleType, world_class: str) -> None:
    free: dict[str, Any] = {}
    for function in export.interface.functions:
        resource = function.resource
        if resource is None:
            free[raw_name(function)] = _free(tools, function, export.member(function.python))
        else:
            _install_member(tools, function, resource)
    for resource, _ in export.interface.resources:
        home = raw.exports[export.interface.name]
        target = sys.modules.setdefault(home, ModuleType(home))
        adapter = tools.side.adapters[resource]
        for starter, start in raw.starters(export.interface.name, camel(resource.name)).items():
            setattr(adapter, starter, start)
        setattr(target, camel(resource.name), adapter)
    name = camel(raw.exports[export.interface.name]) if export.interface.name else world_class
    setattr(application, name, type(name, (), free | raw.starters("", name)))


def _free(tools: _Tools, function: abi.Function, implementation: Callable[..., Any]) -> Any:
    call = _adapted(tools, function)

    def method(self: object, *arguments: Any) -> Any:
        del self
        return call(implementation, arguments)

    return method


def _install_member(tools: _Tools, function: abi.Function, resource: abi.Resource) -> None:
    adapter, cls = tools.side.adapters[resource], tools.side.classes[resource]
    call = _adapted(tools, function)
    if function.name.startswith("[constructor]"):

        def construct(self: _Adapter, *arguments: Any) -> None:
            made = call(cls, arguments)
            self._implementation = made._implementation

        setattr(adapter, "__init__", construct)  # noqa: B010 - mypy takes the plain assignment for an override
    elif function.name.startswith("[static]"):
        implementation = getattr(cls, function.python)
        setattr(adapter, raw_name(function), staticmethod(lambda *arguments: call(implementation, arguments)))
    else:

        def invoke(this: Any, *rest: Any) -> Any:
            return getattr(this, function.python)(*rest)

        def method(self: _Adapter, *arguments: Any) -> Any:
            return call(invoke, (self, *arguments))

        setattr(adapter, raw_name(function), method)


def _adapted(tools: _Tools, function: abi.Function) -> Callable[..., Any]:
    """Return what calls an implementation with raw arguments and gives its raw result."""
    lifts = [tools.converters.lift(param.type) for param in function.params]
    lent = tools.side.lent
    lower_result, lower_error = _lowers(tools, function)
    raises: type[Exception] | tuple[()] = function.raises or ()

    def call(implementation: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        start = len(lent)
        try:
            returned = implementation(*_lifted(lifts, arguments))
            return lower_result(returned)
        except raises as error:
            failure = raw_types().Err(lower_error(error))
        finally:
            take_back(lent[start:])
            del lent[start:]
        raise failure

    async def call_async(implementation: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        mine: list[Resource] = []
        try:
            lifted = _lifted(lifts, arguments)
            # What was lent to this call stays lent until its end, whatever other calls do meanwhile.
            mine, lent[:] = lent[:], []
            return lower_result(await implementation(*lifted))
        except raises as error:
            failure = raw_types().Err(lower_error(error))
        finally:
            take_back(mine)
        raise failure

    return call_async if function.is_async else call


def _lifted(lifts: list[Convert | None], arguments: tuple[Any, ...]) -> list[Any]:
    return [value if lift is None else lift(value) for lift, value in zip(lifts, arguments, strict=True)]


def _lowers(tools: _Tools, function: abi.Function) -> tuple[Lower, Lower]:
    """Return what lowers the value that an implementation returns, and the exception that it raises."""
    declared = function.result
    result = declared.ok if function.raises is not None and isinstance(declared, abi.Result) else declared
    lower = tools.lowering.function(result)
    lower_payload = tools.lowering.function(declared.err if isinstance(declared, abi.Result) else None)
    fast = not holds_handles(result)

    def lower_result(value: Any) -> Any:
        if fast:
            try:
                return lower(value)
            except Leave:
                pass
        ledger = Ledger()
        canonical = check.result(function, value, lambda type_, part: tools.side.lower(type_, part, ledger))
        ledger.settle(function.python)
        return lower(canonical)

    def lower_error(error: Exception) -> Any:
        ledger = Ledger()
        payload = check.error(function, error, lambda type_, part: tools.side.lower(type_, part, ledger))
        ledger.settle(function.python)
        return lower_payload(payload)

    return lower_result, lower_error
