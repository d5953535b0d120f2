"""componentize-py's raw values as ours: converters made once per type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from .. import abi
from ..values import Err, Ok, Some
from .naming import case_class, shouty, snake
from .raw import raw_types

__all__ = ["Convert", "Converters", "Handles"]

Convert: TypeAlias = Callable[[Any], Any]


class Handles:
    """How one side (import or export) turns a raw handle into an object; what goes down is raw already."""

    def lift(self, type_: abi.Own | abi.Borrow, raw: Any) -> Any:
        """Return the object for a raw handle."""
        raise NotImplementedError(type_, raw)


def _same(value: Any) -> Any:
    return value


def _is_plain(type_: abi.Type) -> bool:
    """Tell whether values are the same on both sides."""
    match type_:
        case abi.Prim():
            return True
        case abi.List(element):
            return element is not abi.S8 and _is_plain(element)
        case abi.Option(inner):
            return not isinstance(inner, abi.Option) and _is_plain(inner)
        case abi.Tuple(types):
            return all(_is_plain(part) for part in types)
        case _:
            return False


class Converters:
    """Makes the converters of one side."""

    def __init__(self, handles: Handles) -> None:
        self._handles = handles
        self._made: dict[abi.Type, Convert] = {}

    def lift(self, type_: abi.Type | None) -> Convert | None:
        """Return the converter of a type; None where the raw value is ours."""
        return None if type_ is None or _is_plain(type_) else self._lift(type_)

    def _lift(self, type_: abi.Type | None) -> Convert:
        if type_ is None or _is_plain(type_):
            return _same
        if type_ not in self._made:
            self._made[type_] = self._make_lift(type_)
        return self._made[type_]

    def _make_lift(self, type_: abi.Type) -> Convert:
        match type_:
            case abi.Record():
                fields = [(snake(field.name), self._lift(field.type)) for field in type_.fields]
                make = type_.python
                return lambda raw: make(*[lift(getattr(raw, name)) for name, lift in fields])
            case abi.Variant():
                return self._lift_variant(type_)
            case abi.Enum(_, python, cases):
                members = {shouty(case): member for member, case in zip(python, cases, strict=True)}
                return lambda raw: members[raw.name]
            case abi.Flags(_, flags):
                return lambda raw: flags(raw.value)
            case abi.Tuple(types):
                parts = [self._lift(part) for part in types]
                return lambda raw: tuple([part(item) for part, item in zip(parts, raw, strict=True)])
            case abi.Option(inner):
                return self._lift_option(inner)
            case abi.Result(ok, err):
                lift_ok, lift_err, raw_ok = self._lift(ok), self._lift(err), raw_types().Ok
                return lambda raw: Ok(lift_ok(raw.value)) if isinstance(raw, raw_ok) else Err(lift_err(raw.value))
            case abi.List(abi.S8):
                return lambda raw: [item - 0x100 if item > 0x7F else item for item in raw]
            case abi.List(element) | abi.FixedList(element):
                lift_element = self._lift(element)
                return lambda raw: [lift_element(item) for item in raw]
            case abi.Own() | abi.Borrow():
                return lambda raw: self._handles.lift(type_, raw)
            case _:
                return _same

    def _lift_variant(self, type_: abi.Variant) -> Convert:
        cases: dict[str, tuple[type[Any], Convert | None]] = {
            case_class(type_.name, case.name): (case.python, self._lift(case.payload) if case.payload else None)
            for case in type_.cases
        }

        def convert(raw: Any) -> Any:
            make, lift = cases[type(raw).__name__]
            return make() if lift is None else make(lift(raw.value))

        return convert

    def _lift_option(self, inner: abi.Type) -> Convert:
        lift = self._lift(inner)
        if isinstance(inner, abi.Option):
            return lambda raw: None if raw is None else Some(lift(raw.value))
        return lambda raw: None if raw is None else lift(raw)
