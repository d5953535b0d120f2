"""Calls of a guest: the function, its object and arguments; and how to make one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast
from weakref import WeakKeyDictionary

from witgen_runtime import abi, check
from witgen_runtime.host import Import
from witgen_runtime.values import Err, Ok

from ..oplog.policy import Kind, entry_kind, interface_path, kind_of

__all__ = ["BoundImport", "Call", "error_of", "finish", "outcome", "request_type"]


@dataclass(eq=False, slots=True)
class BoundImport:
    """An imported interface and its implementation."""

    item: Import
    given: Any
    classes: dict[abi.Resource, Any]
    """The implementation's class of each resource."""
    _recorded_as: dict[abi.Function, tuple[str, Kind, str]] = field(default_factory=dict[abi.Function, Any])

    @classmethod
    def of(cls, item: Import, given: object) -> BoundImport:
        """Return an import with its implementation, given as the runtime accepts it."""
        interface = item.interface
        alone = interface.is_one_class
        return cls(item, given, {each: given if alone else getattr(given, name) for each, name in interface.resources})

    @property
    def name(self) -> str:
        """The interface's name."""
        return self.item.interface.name

    def recorded_as(self, function: abi.Function) -> tuple[str, Kind, str]:
        """Return the name of a function in the oplog, its effect, and the kind of its entries."""
        known = self._recorded_as.get(function)
        if known is None:
            known = f"{self.name}#{function.name}", kind_of(self.name, function), entry_kind(self.name, function)
            self._recorded_as[function] = known
        return known

    def function(self, name: str) -> abi.Function:
        """Return the function with a name."""
        return next(each for each in self.item.interface.functions if each.name == name)

    def bound(self, function: abi.Function, arguments: list[Any]) -> Callable[[], Any]:
        """Return a callable for the implementation; objects in the arguments are those of the implementation."""
        if function.kind is abi.FunctionKind.METHOD:
            return lambda: getattr(arguments[0], function.python)(*arguments[1:])
        owner = self.given if function.resource is None else self.classes[function.resource]
        if function.kind is abi.FunctionKind.CONSTRUCTOR:
            return lambda: owner(*arguments)
        return lambda: getattr(owner, function.python)(*arguments)


@dataclass(eq=False, slots=True)
class Call:
    """A call of the guest."""

    item: BoundImport
    function: abi.Function
    arguments: list[Any]
    made: list[Any] = field(default_factory=list[Any])
    """The objects that the call returned to the guest, in order."""
    position: int = 0
    """Its position in the oplog."""

    @property
    def name(self) -> str:
        """The function's name with its interface."""
        return self.item.recorded_as(self.function)[0]

    @property
    def path(self) -> str:
        """The name without the interface's version."""
        return f"{interface_path(self.item.name)}#{self.function.name}"


def outcome(function: abi.Function, make: Callable[[], Any]) -> Any:
    """Return the outcome of a call, as `Ok` or `Err` if the function declares a result."""
    try:
        value = make()
    except Exception as error:
        if function.raises is None or not isinstance(error, function.raises):
            raise
        return Err(check.error(function, error, _as_it_is))
    value = check.result(function, value, _as_it_is)
    return value if function.raises is None else Ok(value)


def finish(function: abi.Function, value: Any) -> Any:
    """Return the value of an outcome, or raise its declared error."""
    if function.raises is None:
        return value
    if (error := error_of(function, value)) is not None:
        raise error
    return cast("Ok[Any]", value).value


def error_of(function: abi.Function, value: object) -> Exception | None:
    """Return the declared error of an outcome, None if it is not an error."""
    if function.raises is None or not isinstance(value, Err):
        return None
    payload: Any = cast("Any", value).value
    declared = cast("abi.Result", function.result).err
    return payload if isinstance(declared, abi.Variant) else function.raises(payload)


def request_type(function: abi.Function) -> abi.Tuple:
    """Return the type of a call's arguments."""
    known = _request_types.get(function)
    if known is None:
        known = _request_types[function] = abi.Tuple(tuple(param.type for param in function.params))
    return known


_request_types: WeakKeyDictionary[abi.Function, abi.Tuple] = WeakKeyDictionary()


def _as_it_is(type_: abi.Type, value: object) -> object:
    del type_
    return value
