"""Calls from the guest to what it imports."""

# What the runtime keeps in a resource is private there, because public names are WIT's.
# ruff: noqa: SLF001
# pyright: reportPrivateUsage=false
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import abi, check
from .convert import Converters, Handles
from .fakes import faked
from .lowering import Lowering, holds_handles
from .naming import camel, snake
from .raw import RawModules, raw_types
from .resource import Ledger, Resource, wrap, wrapper

__all__ = ["Importer", "lower_import", "raw_name"]


def raw_name(function: abi.Function) -> str:
    """Return the name that componentize-py gives to a function."""
    return snake(function.name.rpartition("]")[2].rpartition(".")[2])


def lower_import(type_: abi.Type, value: object, ledger: Ledger) -> object:
    """Return the raw handle of a wrapper, and note in `ledger` what becomes of it.

    Streams and futures are componentize-py's own objects and pass as they are.

    Raises:
        check.Mismatch: the object is no handle of that resource.
        DroppedError: the handle is gone.
    """
    if not isinstance(type_, abi.Own | abi.Borrow):
        return value
    cls = wrapper(type_.resource)
    if not isinstance(value, cls):
        raise check.Mismatch(f"expected {cls.__name__}, got {type(value).__name__}")
    return ledger.take(value, give=isinstance(type_, abi.Own))._raw


class _Owned(Handles):
    """What an import returns: handles that the guest owns from now on."""

    def lift(self, type_: abi.Own | abi.Borrow, raw: Any) -> Any:
        return wrap(wrapper(type_.resource), raw)


class Importer:
    """Binds the functions of one imported interface."""

    def __init__(self, raw: RawModules, interface: abi.Interface) -> None:
        self._raw = raw
        self._interface = interface
        self._functions = {function.name: function for function in interface.functions}
        self._converters = Converters(_Owned())
        self._lowering = Lowering(raw)
        # Inside a finished component nothing can be imported any more: all that calls need is found here.
        self._inside = raw.load(interface.name)

    def __call__(self, name: str) -> Any:
        """Return the function called `name` in WIT; it takes all arguments, positionally."""
        function = self._functions[name]
        call = self._compiled(function) if self._inside else faked(self._interface, function)
        return _constructing(call) if name.startswith("[constructor]") else call

    def _compiled(self, function: abi.Function) -> Callable[..., Any]:
        names = [f"a{index}" for index in range(len(function.params))]
        raws = [f"r{index}" for index in range(len(function.params))]
        use = self._lowering.use
        prepare = use(self._prepare(function), "prepare")
        slow = f"{', '.join(raws)}, = {prepare}({', '.join(names)})"
        fast = self._fast(function)
        if fast is None:
            lines = [slow]
        else:
            lines = ["try:", *(f"    {line}" for line in fast), "except Leave:", f"    {slow}"] if raws else []
        call = self._call(function, raws)
        lift = self._result(function)
        returned = f"{use(lift, 'lift')}({call})" if lift is not None else call
        if function.result is not None and isinstance(function.result, abi.Result):
            failure = use(self._failure(function), "failure")
            lines += ["try:", f"    return {returned}", f"except {use(raw_types().Err, 'Err')} as error:"]
            lines += ["    payload = error.value", f"raise {failure}(payload)"]
        else:
            lines.append(f"return {returned}")
        header = f"{'async ' if function.is_async else ''}def f({', '.join(names)}):"
        compiled = self._lowering.compile(header, lines)
        compiled.__name__ = compiled.__qualname__ = function.python
        return compiled

    def _fast(self, function: abi.Function) -> list[str] | None:
        """Return the statements for arguments in canonical form; None where handles need the ledger."""
        lines: list[str] = []
        for index, param in enumerate(function.params):
            given, raw = f"a{index}", f"r{index}"
            if isinstance(param.type, abi.Borrow):
                cls = self._lowering.use(wrapper(param.type.resource), "cls")
                lines += [f"if not isinstance({given}, {cls}): raise Leave", f"{raw} = {given}._raw"]
                lines.append(f"if {raw} is None: raise Leave")
            elif holds_handles(param.type):
                return None
            else:
                checks, expression = self._lowering.step(param.type, given)
                lines += [*checks, f"{raw} = {expression}"]
        return lines

    def _prepare(self, function: abi.Function) -> Callable[..., list[Any]]:
        """Return what brings arguments of any accepted form down, or says what is wrong with them."""
        lowers = [self._lowering.function(param.type) for param in function.params]

        def prepare(*arguments: object) -> list[Any]:
            ledger = Ledger()
            canonical = check.arguments(function, arguments, lambda type_, value: lower_import(type_, value, ledger))
            raw = [lower(value) for lower, value in zip(lowers, canonical, strict=True)]
            ledger.settle(function.python)
            return raw

        return prepare

    def _call(self, function: abi.Function, raws: list[str]) -> str:
        """Return the expression that calls the raw function."""
        name, module = raw_name(function), self._raw.module(self._interface.name)
        if function.resource is None:
            target = self._lowering.use(getattr(module, name), name)
        else:
            # Methods are taken from the class: componentize-py's objects have attributes of their own, as `handle`.
            cls = getattr(module, camel(function.resource.name))
            making = function.name.startswith("[constructor]")
            target = self._lowering.use(_maker(cls) if making else getattr(cls, name), name)
        return f"{'await ' if function.is_async else ''}{target}({', '.join(raws)})"

    def _result(self, function: abi.Function) -> Callable[[Any], Any] | None:
        declared = function.result
        if function.raises is not None and isinstance(declared, abi.Result):
            declared = declared.ok
        return self._converters.lift(declared)

    def _failure(self, function: abi.Function) -> Callable[[Any], Exception]:
        declared = function.result.err if isinstance(function.result, abi.Result) else None
        lift, raises = self._converters.lift(declared), function.raises

        def failure(payload: Any) -> Exception:
            value: Any = payload if lift is None else lift(payload)
            if isinstance(declared, abi.Variant):
                exception: Exception = value
            elif raises is None:
                exception = TypeError(f"{function.python}: the host answered with an error that WIT does not declare")
            else:
                exception = raises() if declared is None else raises(value)
            return exception

        return failure


def _constructing(call: Callable[..., Any]) -> Callable[..., None]:
    def construct(this: Resource, *arguments: object) -> None:
        made = call(*arguments)
        this._raw, made._raw = made._raw, None
        this._owned = True

    return construct


def _maker(cls: Any) -> Callable[..., Any]:
    """Return what calls a raw constructor.

    componentize-py's class cannot take the `result` of a fallible constructor: it stumbles over it with an
    AttributeError that still holds the result.
    """

    def make(*arguments: Any) -> Any:
        try:
            return cls(*arguments)
        except AttributeError as error:
            outcome: Any = error.obj
        if isinstance(outcome, raw_types().Ok):
            return outcome.value
        if isinstance(outcome, raw_types().Err):
            raise outcome
        raise AttributeError(f"{cls.__name__} cannot be constructed")

    return make
