"""Calls from the guest to what it imports."""

# The runtime's attributes of a resource are private, because public names belong to WIT.
# ruff: noqa: SLF001
# pyright: reportPrivateUsage=false
from __future__ import annotations

import sys
from collections.abc import Callable
from functools import update_wrapper
from typing import Any

from .. import abi, check
from ..codegen import Source
from .compiling import compiled
from .lifting import Handles, Lifting, LiftingFunctions
from .lowering import Lowering, LoweringFunctions, handles
from .outside import outside
from .raw import RawModules, await_result, call_import, raw_types
from .resources import Ledger, Resource, wrap, wrapper
from .streams import lower_end

__all__ = ["Importer", "lower_import"]


def lower_import(type_: abi.Type, value: object, ledger: Ledger) -> object:
    """Return the raw handle of a wrapper, and record its use in `ledger`.

    Raises:
        check.Mismatch: the object is not a handle of that resource.
        DroppedError: the handle is gone.
    """
    if isinstance(type_, abi.Stream | abi.Future):
        return lower_end(type_, value)
    return ledger.take(type_, value)._raw if isinstance(type_, abi.Own | abi.Borrow) else value


class _Owned(Handles):
    """Converts results of imports: the guest owns their handles from now on."""

    def lift(self, source: Source, type_: abi.Own | abi.Borrow, raw: str) -> str:
        cls = source.constant(wrapper(type_.resource), "class")
        return f"{source.constant(wrap, 'wrap')}({cls}, {raw})"


class Importer:
    """Binds the functions of one imported interface.

    Inside a component, the functions of the module `module` (the generated one) are replaced by straight-line ones: a
    call costs no more layers than componentize-py's own function would. Their signatures stay.
    """

    def __init__(self, raw: RawModules, interface: abi.Interface, module: str) -> None:
        self._raw = raw
        self._interface = interface
        self._module = sys.modules[module]
        self._lifting = LiftingFunctions(raw, _Owned())
        self._lowering = LoweringFunctions(raw)
        # A finished component cannot import modules any more, so everything that calls need is looked up here.
        self._inside = raw.load(interface.name)

    def __call__(self, function: abi.Function) -> Any:
        """Return what calls a function of the interface; it takes all arguments, positionally."""
        if self._inside:
            return self._replaced(function)
        call = outside(self._interface, function)
        return _constructing(call) if _constructs(function) else call

    def _replaced(self, function: abi.Function) -> Any:
        """Replace the generated function by the compiled one."""
        owner = self._module if function.resource is None else wrapper(function.resource)
        name = "__init__" if _constructs(function) else function.python
        generated = getattr(owner, name)
        made = self._compiled(function)
        update_wrapper(made, generated)
        made.__defaults__ = generated.__defaults__
        setattr(owner, name, staticmethod(made) if function.kind is abi.FunctionKind.STATIC else made)
        return made

    def _compiled(self, function: abi.Function) -> Any:
        source = Source()
        names = [param.python for param in function.params]
        receiver = ["_this"] if _constructs(function) else []
        with source.function(f"_call({', '.join([*receiver, *names])})", is_async=function.is_async):
            if names:
                self._lower(source, function, names)
            number = self._raw.number(self._interface.name, function)
            source.line(f"_v = {source.constant(call_import(), 'call_import')}({number}, [{', '.join(names)}])")
            if function.is_async:
                source.line(f"_v = await {source.constant(await_result(), 'await_result')}(_v)")
            self._finish(source, function)
        return compiled(source, function.python, "_call")

    def _lower(self, source: Source, function: abi.Function, names: list[str]) -> None:
        """Lower the arguments: directly if they are in canonical form, otherwise through `check`."""
        slow = f"{', '.join(names)}, = {source.constant(self._prepare(function), 'prepare')}({', '.join(names)})"
        if any(any(handles(param.type)) and not isinstance(param.type, abi.Borrow) for param in function.params):
            source.line(slow)
            return
        with source.block("try:"):
            lowering, raws = Lowering(source, self._lowering), list[str]()
            for param, name in zip(function.params, names, strict=True):
                match param.type:
                    case abi.Borrow(resource):
                        raws.append(_borrow(source, resource, name))
                    case type_:
                        raws.append(lowering.value(type_, name))
            for name, raw in zip(names, raws, strict=True):
                if raw != name:
                    source.line(f"{name} = {raw}")
        with source.block("except (_TypeError, _ValueError):"):
            source.line(slow)

    def _prepare(self, function: abi.Function) -> Callable[..., list[Any]]:
        """Return a function that lowers arguments of any accepted form, or raises what is wrong with them."""
        lowers = [self._lowering.of(param.type) for param in function.params]

        def prepare(*arguments: object) -> list[Any]:
            ledger = Ledger()
            canonical = check.arguments(function, arguments, lambda type_, value: lower_import(type_, value, ledger))
            raw = [lower(value) for lower, value in zip(lowers, canonical, strict=True)]
            ledger.settle(function.python)
            return raw

        return prepare

    def _finish(self, source: Source, function: abi.Function) -> None:
        """Generate the code that returns or raises the result `_v`."""
        declared, lifting = function.result, Lifting(source, self._lifting)
        if isinstance(declared, abi.Result):
            with source.block(f"if _type(_v) is {source.constant(raw_types().Err, 'Err')}:"):
                source.line("_v = _v.value")
                source.line(f"raise {self._failure(source, function, declared.err)}")
            declared = declared.ok
            if declared is not None:
                source.line("_v = _v.value")
        if _constructs(function):
            source.line("_this._raw = _v")
            source.line("_this._owned = True")
        elif declared is not None:
            source.line(f"return {lifting.value(declared, '_v')}")

    def _failure(self, source: Source, function: abi.Function, declared: abi.Type | None) -> str:
        """Return the expression that makes the exception from the error payload `_v`."""
        if declared is None:
            return f"{source.constant(function.raises, 'raises')}()"
        lifting = Lifting(source, self._lifting)
        payload = lifting.value(declared, "_v")
        if function.raises is None or isinstance(declared, abi.Variant):
            # The cases of an error variant are exception classes.
            return payload
        return lifting.holder(function.raises, payload)


def _constructs(function: abi.Function) -> bool:
    return function.kind is abi.FunctionKind.CONSTRUCTOR


def _borrow(source: Source, resource: abi.Resource, name: str) -> str:
    """Generate the check of a borrowed handle; return the variable of the raw handle."""
    cls, raw = source.constant(wrapper(resource), "class"), source.fresh("raw")
    source.line(f"if not _isinstance({name}, {cls}): raise _TypeError")
    source.line(f"{raw} = {name}._raw")
    source.line(f"if {raw} is None: raise _ValueError")
    return raw


def _constructing(call: Callable[..., Any]) -> Callable[..., None]:
    def construct(this: Resource, *arguments: object) -> None:
        made = call(*arguments)
        this._raw, made._raw = made._raw, None
        this._owned = True

    return construct
