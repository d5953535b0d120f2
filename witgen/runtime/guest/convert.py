"""Canonical Python values as componentize-py's raw ones, and back.

Converters are made once per type. What goes down has been checked before (`check`): the raw layer answers a wrong value
with a trap that nobody can catch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from .. import abi
from ..values import Err, Ok, Some
from .naming import camel, case_class, shouty, snake
from .raw import RawModules, raw_types

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
    """Makes converters for the types of one world and one side."""

    def __init__(self, raw: RawModules, handles: Handles) -> None:
        self._raw = raw
        self._handles = handles
        self._lower: dict[abi.Type, Convert] = {}
        self._lift: dict[abi.Type, Convert] = {}

    def lower(self, type_: abi.Type | None) -> Convert:
        """Return the converter from canonical to raw."""
        if type_ is None or _is_plain(type_):
            return _same
        if type_ not in self._lower:
            self._lower[type_] = self._make_lower(type_)
        return self._lower[type_]

    def lift(self, type_: abi.Type | None) -> Convert:
        """Return the converter from raw to ours."""
        if type_ is None or _is_plain(type_):
            return _same
        if type_ not in self._lift:
            self._lift[type_] = self._make_lift(type_)
        return self._lift[type_]

    def _make_lower(self, type_: abi.Type) -> Convert:
        match type_:
            case abi.Record():
                return self._lower_record(type_)
            case abi.Variant():
                return self._lower_variant(type_)
            case abi.Enum() | abi.Flags():
                return self._lower_enumerated(type_)
            case abi.Tuple(types):
                parts = [self.lower(part) for part in types]
                return lambda value: tuple([part(item) for part, item in zip(parts, value, strict=True)])
            case abi.Option(inner):
                return self._lower_option(inner)
            case abi.Result(ok, err):
                lower_ok, lower_err = self.lower(ok), self.lower(err)
                return lambda value: (
                    raw_types().Ok(lower_ok(value.value))
                    if isinstance(value, Ok)
                    else raw_types().Err(lower_err(value.value))
                )
            case abi.List(abi.S8):
                # The raw layer carries list<s8> as bytes, like list<u8>.
                return lambda value: bytes([item & 0xFF for item in value])
            case abi.List(element) | abi.FixedList(element):
                lower_element = self.lower(element)
                return lambda value: [lower_element(item) for item in value]
            case _:
                return _same

    def _lower_record(self, type_: abi.Record) -> Convert:
        fields = [(field.attribute, self.lower(field.type)) for field in type_.fields]
        name = camel(type_.name)

        def convert(value: Any) -> Any:
            make = self._raw.type_class(type_.interface, name)
            return make(*[lower(getattr(value, attribute)) for attribute, lower in fields])

        return convert

    def _lower_variant(self, type_: abi.Variant) -> Convert:
        cases: dict[type[Any], tuple[str, Convert | None]] = {
            case.python: (case_class(type_.name, case.name), self.lower(case.payload) if case.payload else None)
            for case in type_.cases
        }

        def convert(value: Any) -> Any:
            name, lower = _case(cases, value)
            make = self._raw.type_class(type_.interface, name)
            return make() if lower is None else make(lower(value.value))

        return convert

    def _lower_enumerated(self, type_: abi.Enum | abi.Flags) -> Convert:
        name = camel(type_.name)
        if isinstance(type_, abi.Flags):
            return lambda value: self._raw.type_class(type_.interface, name)(value.value)
        members = {member: shouty(case) for member, case in zip(type_.python, type_.cases, strict=True)}
        return lambda value: getattr(self._raw.type_class(type_.interface, name), members[value])

    def _lower_option(self, inner: abi.Type) -> Convert:
        lower = self.lower(inner)
        if isinstance(inner, abi.Option):
            return lambda value: None if value is None else raw_types().Some(lower(value.value))
        return lambda value: None if value is None else lower(value)

    def _make_lift(self, type_: abi.Type) -> Convert:
        match type_:
            case abi.Record():
                fields = [(snake(field.name), self.lift(field.type)) for field in type_.fields]
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
                parts = [self.lift(part) for part in types]
                return lambda raw: tuple([part(item) for part, item in zip(parts, raw, strict=True)])
            case abi.Option(inner):
                return self._lift_option(inner)
            case abi.Result(ok, err):
                lift_ok, lift_err = self.lift(ok), self.lift(err)
                return lambda raw: (
                    Ok(lift_ok(raw.value)) if isinstance(raw, raw_types().Ok) else Err(lift_err(raw.value))
                )
            case abi.List(abi.S8):
                return lambda raw: [item - 0x100 if item > 0x7F else item for item in raw]
            case abi.List(element) | abi.FixedList(element):
                lift_element = self.lift(element)
                return lambda raw: [lift_element(item) for item in raw]
            case abi.Own() | abi.Borrow():
                return lambda raw: self._handles.lift(type_, raw)
            case _:
                return _same

    def _lift_variant(self, type_: abi.Variant) -> Convert:
        cases: dict[str, tuple[type[Any], Convert | None]] = {
            case_class(type_.name, case.name): (case.python, self.lift(case.payload) if case.payload else None)
            for case in type_.cases
        }

        def convert(raw: Any) -> Any:
            make, lift = cases[type(raw).__name__]
            return make() if lift is None else make(lift(raw.value))

        return convert

    def _lift_option(self, inner: abi.Type) -> Convert:
        lift = self.lift(inner)
        if isinstance(inner, abi.Option):
            return lambda raw: None if raw is None else Some(lift(raw.value))
        return lambda raw: None if raw is None else lift(raw)


def _case(cases: dict[type[Any], tuple[str, Convert | None]], value: Any) -> tuple[str, Convert | None]:
    """Return the entry for the class of `value`; a user's subclass stands for its base."""
    found = cases.get(type(value))
    if found is None:
        found = next(entry for python, entry in cases.items() if isinstance(value, python))
    return found
