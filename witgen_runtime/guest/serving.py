"""Calls from the host to the guest's exports."""

# The runtime's attributes of a resource are private, because public names belong to WIT.
# ruff: noqa: SLF001
# pyright: reportPrivateUsage=false
from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import Any

from .. import abi, check
from ..codegen import Source
from .compiling import compiled
from .exits import leave
from .exports import Export, given_classes, listed, missing_members, served, unfitting
from .imports import lower_import
from .lifting import Handles, Lifting, LiftingFunctions
from .lowering import Lower, Lowering, LoweringFunctions, handles
from .naming import camel
from .raw import OutsideComponentError, RawModules, raw_name, raw_types
from .resources import Ledger, Resource, lend, take_back, wrap, wrapper

__all__ = ["install"]


class _Adapter:
    """The raw layer's object for an exported resource."""

    _implementation: Any

    def __del__(self) -> None:
        # The host has dropped the handle: the number that componentize-py's finalizer would drop may be another's now.
        kept = self.__dict__.get("finalizer")
        if kept is not None:
            kept.detach()


class _Finalizer:
    """A method that WIT calls `finalizer`.

    componentize-py keeps a `weakref.finalize` in an attribute of that name, of which it asks nothing but `detach`.
    """

    def __init__(self, method: Callable[..., Any]) -> None:
        self._method = method

    def __set__(self, adapter: _Adapter, kept: Any) -> None:
        adapter.__dict__["finalizer"] = kept

    def __get__(self, adapter: _Adapter, owner: type[_Adapter]) -> Any:
        method: Any = partial(self._method, adapter)
        kept = adapter.__dict__.get("finalizer")
        if kept is not None:
            method.detach = kept.detach
        return method


def _returned(adapter: _Adapter) -> Any:
    """Return the object whose handle comes back for good.

    componentize-py 0.25 keeps the adapter for ever then; the object need not stay with it.
    """
    implementation = adapter._implementation
    del adapter._implementation
    return implementation


class _Side(Handles):
    """The handles of exported functions: the guest's own resources, of the interfaces `exported`, and imported ones."""

    def __init__(
        self, exported: set[str], adapters: dict[abi.Resource, type[_Adapter]], classes: dict[abi.Resource, type[Any]]
    ) -> None:
        self.exported = exported
        self.adapters = adapters
        self.classes = classes
        self.lent: list[Resource] = []

    def lift(self, source: Source, type_: abi.Own | abi.Borrow, raw: str) -> str:
        if type_.resource.interface in self.exported:
            if isinstance(type_, abi.Own):
                return f"{source.constant(_returned, 'returned')}({raw})"
            return f"{raw}._implementation"
        cls = source.constant(wrapper(type_.resource), "class")
        if isinstance(type_, abi.Own):
            return f"{source.constant(wrap, 'wrap')}({cls}, {raw})"
        return f"{source.constant(lend, 'lend')}({cls}, {raw}, {source.constant(self.lent, 'lent')})"

    def lower(self, type_: abi.Type, value: object, ledger: Ledger) -> object:
        if not isinstance(type_, abi.Own | abi.Borrow) or type_.resource.interface not in self.exported:
            return lower_import(type_, value, ledger)
        cls = self.classes[type_.resource]
        if not isinstance(value, cls):
            raise check.Mismatch(f"expected {cls.__name__}, got {type(value).__name__}")
        return self.adapter(type_.resource, value)

    def adapter(self, resource: abi.Resource, value: Any) -> _Adapter:
        """Return a new adapter of an object; componentize-py stores in it the one handle that it represents."""
        cls = self.adapters[resource]
        made = cls.__new__(cls)
        made._implementation = value
        return made


@dataclass(frozen=True)
class _Tools:
    """The context in which adapters are made."""

    side: _Side
    lifting: LiftingFunctions
    lowering: LoweringFunctions


def install(raw: RawModules, world_class: str, module: str, exports: tuple[Export, ...]) -> None:
    """Put adapters where componentize-py looks for them.

    Raises:
        TypeError: something that WIT declares is missing or is called with other arguments than it takes, or a class
            was given in place of its object.
    """
    if classes := given_classes(exports):
        raise TypeError(f"{module} must serve objects, not classes: pass {', '.join(classes)}")
    lacking = [name for export in exports for name in missing_members(export)]
    if lacking:
        raise TypeError(f"{module} does not export {listed(lacking)}")
    if wrong := [each for export in exports for each in unfitting(export)]:
        raise TypeError(f"{module}: {'; '.join(wrong)}")
    try:
        raw_types()
    except OutsideComponentError:
        served[module] = exports
        return
    raw.require()
    if "componentize_py_async_support" in sys.modules:  # the world has functions that are async
        # By name: asyncio, which this imports, would be in every component.
        import_module(f"{__package__}.task_cleanup").outlast_exports()
    exported = {export.interface.name for export in exports if export.interface.resources}
    inner = _Side(exported, {}, {})
    for export in exports:
        for resource, name in export.interface.resources:
            inner.classes[resource] = export.member(name)
            inner.adapters[resource] = type(camel(resource.name), (_Adapter,), {})
    # Of an interface that is imported and exported, functions of the world itself use the import (WIT.md, Worlds).
    own = _Side(exported.difference(raw.imports), inner.adapters, inner.classes)
    tools, own_tools = (_Tools(side, LiftingFunctions(raw, side), LoweringFunctions(raw)) for side in (inner, own))
    application = sys.modules[module]
    for export in exports:
        _install_one(raw, tools if export.interface.name else own_tools, export, application, world_class)


def _install_one(raw: RawModules, tools: _Tools, export: Export, application: ModuleType, world_class: str) -> None:
    free: dict[str, Any] = {}
    for function in export.interface.functions:
        resource = function.resource
        if function.name in export.left_out:
            refused = _left_out(function)
            if resource is None:
                free[raw_name(function)] = refused
            else:
                setattr(tools.side.adapters[resource], raw_name(function), refused)
        elif resource is None:
            free[raw_name(function)] = _adapted(tools, function, export.member(function.python))
        else:
            _install_member(tools, function, resource)
    for resource, _ in export.interface.resources:
        adapter, name = tools.side.adapters[resource], camel(resource.name)
        if any(function.is_async for function in export.interface.functions if function.resource is resource):
            for starter, start in raw.starters(export.interface.name, name).items():
                setattr(adapter, starter, start)
        _place(raw.exports[export.interface.name], name, adapter, application, export)
    if free or not export.interface.resources:
        name = camel(raw.exports[export.interface.name]) if export.interface.name else world_class
        starters = raw.starters("", name) if any(function.is_async for function in export.interface.functions) else {}
        _offer(application, name, type(name, (), free | starters))


def _left_out(function: abi.Function) -> Callable[..., Any]:
    def refuse(*_: object) -> None:
        raise NotImplementedError(f"{function.name} is left out: componentize-py cannot carry its values (W0701)")

    return refuse


def _offer(application: ModuleType, name: str, value: type[Any]) -> None:
    """Let componentize-py find a class in the application, even if the application uses the same name otherwise.

    Attribute access from outside finds a module's class attributes before its globals; code inside sees no change.
    """
    attributes = {name: property(lambda _: value)}
    application.__class__ = type("Application", (application.__class__,), attributes)


def _place(home: str, name: str, adapter: type[_Adapter], application: ModuleType, export: Export) -> None:
    """Put a resource's class where componentize-py looks for it: into the module named like the interface.

    See bytecodealliance/componentize-py#217.

    Raises:
        TypeError: modules of Python or of the application already have both names.
    """
    try:
        module = import_module(home)
    except ModuleNotFoundError as error:
        if error.name != home:
            raise
        module = sys.modules[home] = ModuleType(home)
    if module is application:
        _offer(application, name, adapter)
    elif hasattr(module, name):
        interface = export.interface.name
        raise TypeError(
            f"componentize-py looks for resource `{name}` of {interface} at {home}.{name}, which is a different class: "
            f"rename the module {home}, or give the interface another name with export-names {interface}=NAME"
        )
    else:
        setattr(module, name, adapter)


def _install_member(tools: _Tools, function: abi.Function, resource: abi.Resource) -> None:
    adapter, cls = tools.side.adapters[resource], tools.side.classes[resource]
    if function.kind is abi.FunctionKind.CONSTRUCTOR:
        setattr(adapter, "__init__", _adapted(tools, function, cls))  # noqa: B010 - no override, as mypy would think
    elif function.kind is abi.FunctionKind.STATIC:
        setattr(adapter, raw_name(function), classmethod(_adapted(tools, function, getattr(cls, function.python))))
    else:
        name, method = raw_name(function), _adapted(tools, function, None)
        setattr(adapter, name, _Finalizer(method) if name == "finalizer" else method)


def _adapted(tools: _Tools, function: abi.Function, implementation: Callable[..., Any] | None) -> Callable[..., Any]:
    """Return a method that calls an implementation with raw arguments and returns its raw result.

    Without an implementation, it calls the method of the object that the first argument represents.
    """
    source = Source()
    raws = [f"_a{index}" for index in range(len(function.params))]
    receiver = [] if implementation is None else ["_self"]
    with source.function(f"_call({', '.join([*receiver, *raws])})", is_async=function.is_async):
        with source.block("try:"):
            lifting = Lifting(source, tools.lifting)
            given = [lifting.value(param.type, raw) for param, raw in zip(function.params, raws, strict=True)]
            with _lending(source, tools.side, function, given) as arguments:
                if implementation is None:
                    called = f"{arguments[0]}.{function.python}({', '.join(arguments[1:])})"
                else:
                    called = f"{source.constant(implementation, 'implementation')}({', '.join(arguments)})"
                _call(source, tools, function, f"await {called}" if function.is_async else called)
        with source.block("except _SystemExit as _leaving:"):
            source.line(f"{source.constant(leave, 'leave')}(_leaving)")
    return compiled(source, function.python, "_call")


@contextmanager
def _lending(source: Source, side: _Side, function: abi.Function, given: list[str]) -> Generator[list[str]]:
    """Take back at the end of a call the handles that were lent to it; yield the arguments."""
    if not any(_lends(side, param.type) for param in function.params):
        yield given
        return
    arguments = [source.fresh() for _ in given]
    for name, expression in zip(arguments, given, strict=True):
        source.line(f"{name} = {expression}")
    # Handles lent to this call stay lent until it ends, whatever other calls do meanwhile.
    lent = source.constant(side.lent, "lent")
    source.line(f"_mine = {lent}[:]")
    source.line(f"{lent}.clear()")
    with source.block("try:"):
        yield arguments
    with source.block("finally:"):
        source.line(f"{source.constant(take_back, 'take_back')}(_mine)")


def _lends(side: _Side, type_: abi.Type) -> bool:
    """Return whether values of the type hold handles that are lent for a call."""
    borrowed = (each.resource for each in handles(type_) if isinstance(each, abi.Borrow))
    return any(resource.interface not in side.exported for resource in borrowed)


def _call(source: Source, tools: _Tools, function: abi.Function, called: str) -> None:
    """Call the implementation, and return or raise its outcome as the raw layer expects it."""
    if function.raises is None:
        source.line(f"_v = {called}")
    else:
        with source.block("try:"):
            source.line(f"_v = {called}")
        with source.block(f"except {source.constant(function.raises, 'raises')} as _error:"):
            source.line(f"raise {source.constant(_error_lower(tools, function), 'failure')}(_error) from None")
    if function.kind is abi.FunctionKind.CONSTRUCTOR:
        source.line("_self._implementation = _v")
        return
    declared = function.result.ok if isinstance(function.result, abi.Result) and function.raises else function.result
    slow = f"{source.constant(_result_lower(tools, function, declared), 'prepare')}(_v)"
    if declared is None:
        source.line(f"if _v is not None: {slow}")
    elif any(handles(declared)):
        source.line(f"return {slow}")
    else:
        with source.block("try:"):
            source.line(f"return {Lowering(source, tools.lowering).value(declared, '_v')}")
        with source.block("except (_TypeError, _ValueError):"):
            source.line(f"return {slow}")


def _result_lower(tools: _Tools, function: abi.Function, declared: abi.Type | None) -> Lower:
    """Return a function that lowers a result of any accepted form, or raises what is wrong with it."""
    lower = tools.lowering.of(declared)

    def prepare(value: Any) -> Any:
        ledger = Ledger()
        canonical = check.result(function, value, lambda type_, part: tools.side.lower(type_, part, ledger))
        ledger.settle(function.python)
        return lower(canonical)

    return prepare


def _error_lower(tools: _Tools, function: abi.Function) -> Callable[[Exception], Any]:
    """Return a function that makes the raw error from a declared exception."""
    lower = tools.lowering.of(function.result.err if isinstance(function.result, abi.Result) else None)
    failure = raw_types().Err

    def prepare(error: Exception) -> Any:
        ledger = Ledger()
        payload = check.error(function, error, lambda type_, part: tools.side.lower(type_, part, ledger))
        ledger.settle(function.python)
        return failure(lower(payload))

    return prepare
