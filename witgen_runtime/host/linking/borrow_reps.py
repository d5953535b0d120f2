"""Host functions that borrow handles as numbers: their form in the C API, and the calls of the implementations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ... import abi
from ..direct_lists import NumberedList

__all__ = ["numbered", "with_objects"]

_Convert = Callable[[Any], Any]


def numbered(function: abi.Function, *, method: bool) -> abi.Function:
    """Return a function with numbers for the handles that it is lent, but for the `self` of a method."""
    params = tuple(
        param if index == 0 and method else replace(param, type=_numbered(param.type))
        for index, param in enumerate(function.params)
    )
    return replace(function, name=f"lent {function.name}", params=params)


def _numbered(type_: abi.Type) -> abi.Type:
    """Return a type with numbers for its borrowed handles; the same object if it has none."""
    match type_:
        case abi.Borrow():
            return abi.U32
        case abi.Option():
            inner = _numbered(type_.type)
            return type_ if inner is type_.type else abi.Option(inner)
        case abi.List():
            element = _numbered(type_.element)
            return type_ if element is type_.element else NumberedList(element)
        case abi.Tuple():
            parts = tuple(map(_numbered, type_.types))
            return type_ if parts == type_.types else abi.Tuple(parts)
        case _:
            return type_


def with_objects(
    function: abi.Function,
    implementation: Callable[..., Any] | None,
    object_of: Callable[[int], object],
    *,
    method: bool,
) -> Callable[..., Any]:
    """Return a function that calls an implementation, or a method of the first argument, with the numbers' objects."""
    converting = [_converting(param.type, object_of) for param in function.params[int(method) :]]

    def call(*arguments: Any) -> Any:
        given = [
            value if convert is None else convert(value)
            for convert, value in zip(converting, arguments[int(method) :], strict=True)
        ]
        if implementation is None:
            return getattr(arguments[0], function.python)(*given)
        return implementation(*arguments[: int(method)], *given)

    return call


def _converting(type_: abi.Type, object_of: Callable[[int], object]) -> _Convert | None:
    """Return a function that replaces numbers in a value by objects; None if the type has none."""
    match type_:
        case abi.Borrow():
            return object_of
        case abi.Option():
            inner = _converting(type_.type, object_of)
            return None if inner is None else lambda value: None if value is None else inner(value)
        case abi.List():
            element = _converting(type_.element, object_of)
            return None if element is None else lambda values: list(map(element, values))
        case abi.Tuple():
            parts = [_converting(part, object_of) for part in type_.types]
            if not any(parts):
                return None
            return lambda values: tuple(
                value if convert is None else convert(value) for convert, value in zip(parts, values, strict=True)
            )
        case _:
            return None
