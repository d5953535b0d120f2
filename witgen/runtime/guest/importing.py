"""Calls from the guest to what it imports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from .. import abi, check
from .convert import Converters, Handles
from .naming import camel, snake
from .raw import RawModules, raw_types
from .resource import DroppedError, Ledger, Resource, refusal, wrap, wrapper

__all__ = ["Importer", "lower_import"]


def lower_import(type_: abi.Type, value: object, ledger: Ledger) -> object:
    """Return the raw handle of a wrapper, and note in `ledger` what becomes of it.

    Raises:
        check.Mismatch: the object is no handle of that resource.
        DroppedError: the handle is gone.
    """
    if not isinstance(type_, abi.Own | abi.Borrow):
        raise check.Mismatch("this build of the bindings carries no streams, futures and error contexts")
    cls = wrapper(type_.resource)
    if not isinstance(value, cls):
        raise check.Mismatch(f"expected {cls.__name__}, got {type(value).__name__}")
    give = isinstance(type_, abi.Own)
    reason = refusal(value, give=give)
    if reason is not None:
        raise DroppedError(reason)
    (ledger.moved if give else ledger.lent).append(value)
    return value._raw  # noqa: SLF001 - the runtime's own state


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
        self._converters = Converters(raw, _Owned())
        raw.load(interface.name)

    def __call__(self, name: str) -> Any:
        """Return the function called `name` in WIT; it takes all arguments, positionally."""
        function = self._functions[name]
        target = self._target(function)
        lowers = [self._converters.lower(param.type) for param in function.params]
        lift, fail = self._result(function), self._failure(function)

        def call(*arguments: object) -> Any:
            ledger = Ledger()
            canonical = check.arguments(function, arguments, lambda type_, value: lower_import(type_, value, ledger))
            ledger.settle(function.python)
            raw = [lower(value) for lower, value in zip(lowers, canonical, strict=True)]
            try:
                result = target(*raw)
            except Exception as error:
                if type(error).__name__ != "Err" or not isinstance(error, raw_types().Err):
                    raise
                failure: Any = error
            else:
                return lift(result)
            fail(failure.value)

        return self._constructing(function, call) if name.startswith("[constructor]") else call

    def _target(self, function: abi.Function) -> Callable[..., Any]:
        """Return what calls the raw function; raw attributes are looked up at each call, for fakes."""
        interface, name = self._interface.name, snake(function.name.rpartition("]")[2].rpartition(".")[2])
        if function.resource is None:
            return lambda *raw: getattr(self._raw.module(interface), name)(*raw)
        if function.name.startswith("[method]"):
            return lambda this, *raw: getattr(this, name)(*raw)
        class_name = camel(function.resource.name)
        if function.name.startswith("[constructor]"):
            return lambda *raw: _construct(getattr(self._raw.module(interface), class_name), raw)
        return lambda *raw: getattr(getattr(self._raw.module(interface), class_name), name)(*raw)

    def _result(self, function: abi.Function) -> Callable[[Any], Any]:
        declared = function.result
        if function.raises is not None and isinstance(declared, abi.Result):
            declared = declared.ok
        return self._converters.lift(declared)

    def _failure(self, function: abi.Function) -> Callable[[Any], NoReturn]:
        declared = function.result.err if isinstance(function.result, abi.Result) else None
        lift, raises = self._converters.lift(declared), function.raises

        def fail(payload: Any) -> NoReturn:
            if isinstance(declared, abi.Variant):
                raise lift(payload) from None
            if raises is None:
                raise TypeError(f"{function.python}: the component's host answered with an undeclared error")
            raise (raises() if declared is None else raises(lift(payload))) from None

        return fail

    def _constructing(self, function: abi.Function, call: Callable[..., Any]) -> Callable[..., None]:
        def construct(this: Resource, *arguments: object) -> None:
            made = call(*arguments)
            this._raw, made._raw = made._raw, None  # noqa: SLF001 - the runtime's own state
            this._owned = True  # noqa: SLF001

        del function
        return construct


def _construct(cls: Any, arguments: tuple[Any, ...]) -> Any:
    """Call a raw constructor.

    componentize-py's class cannot take the `result` of a fallible constructor: it stumbles over it with an
    AttributeError that still holds the result.
    """
    try:
        return cls(*arguments)
    except AttributeError as error:
        outcome = error.obj
        if isinstance(outcome, raw_types().Ok):
            return outcome.value
        if isinstance(outcome, raw_types().Err):
            raise outcome from None
        raise
