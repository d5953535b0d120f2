"""Schemas of values that agents take and return, without the form in which a release of Golem writes them.

Each schema says which Python values belong to it: `check` returns a value, or raises `ValueError` with the path of the
part that does not fit.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Flag
from typing import Any, Final, Literal, TypeAlias

from witgen_runtime.values import Err, Ok, Some

__all__ = [
    "EnumSchema",
    "FlagsSchema",
    "ListSchema",
    "MapSchema",
    "MultimodalSchema",
    "OptionSchema",
    "Primitive",
    "RecordSchema",
    "RecursiveSchema",
    "ResultSchema",
    "Schema",
    "TupleSchema",
    "UnstructuredSchema",
    "VariantCase",
    "VariantSchema",
    "check",
]


@dataclass(frozen=True, slots=True)
class Primitive:
    """A number, a text, a character or a truth value; `name` is its keyword in WIT."""

    name: str


@dataclass(frozen=True, slots=True)
class ListSchema:
    """Any number of elements; `python` makes the collection from a list of them."""

    element: Schema
    python: Callable[[list[Any]], Any] = list


@dataclass(frozen=True, slots=True)
class MapSchema:
    """Values by key: a dict."""

    key: Schema
    value: Schema


@dataclass(frozen=True, slots=True)
class TupleSchema:
    """A fixed number of elements."""

    items: tuple[Schema, ...]


@dataclass(frozen=True, slots=True)
class OptionSchema:
    """A value, or None."""

    inner: Schema


@dataclass(frozen=True, slots=True)
class ResultSchema:
    """`Ok(value)` or `Err(error)`; None for a side without a value."""

    ok: Schema | None
    err: Schema | None


@dataclass(frozen=True, slots=True)
class RecordSchema:
    """Named fields.

    Attributes:
        name: the name of the type.
        owner: the library that the type comes from, if it is a well-known one.
        fields: the schemas by field.
        make: makes the Python value from the values of its fields.
        read: returns the values of a Python value's fields, or raises `ValueError`.
    """

    name: str
    owner: str | None
    fields: Mapping[str, Schema]
    make: Callable[[Mapping[str, Any]], Any] = field(compare=False)
    read: Callable[[Any], Mapping[str, Any]] = field(compare=False)


@dataclass(frozen=True, slots=True)
class VariantCase:
    """One of several types.

    Attributes:
        name: its name.
        payload: its schema; None for a case without a value.
        python: the class of its values.
        is_wrapped: whether the payload is the attribute `value` of those, and not the whole.
    """

    name: str
    payload: Schema | None
    python: type[Any]
    is_wrapped: bool = False

    def inner(self, value: Any) -> Any:
        """Return the payload of a value; None if there is none."""
        if not self.is_wrapped:
            return value
        return None if self.payload is None else value.value

    def made(self, payload: Any) -> Any:
        """Return the value with a payload."""
        if not self.is_wrapped:
            return payload
        return self.python() if self.payload is None else self.python(payload)


@dataclass(frozen=True, slots=True)
class VariantSchema:
    """A value of one of several types."""

    name: str | None
    cases: tuple[VariantCase, ...]

    def index(self, value: object) -> int:
        """Return the position of the case that a value belongs to.

        Raises:
            ValueError: it belongs to none.
        """
        exact = [number for number, case in enumerate(self.cases) if type(value) is case.python]
        loose = [number for number, case in enumerate(self.cases) if isinstance(value, case.python)]
        for number in (*exact, *loose):
            return number
        names = ", ".join(case.name for case in self.cases)
        raise ValueError(f"expected one of {names}, got {type(value).__name__}")


@dataclass(frozen=True, slots=True)
class EnumSchema:
    """One of several names; `values` are the Python values, in the same order."""

    name: str | None
    cases: tuple[str, ...]
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class FlagsSchema:
    """Any of several names; `python` is the class, whose members are in the same order."""

    name: str
    flags: tuple[str, ...]
    python: type[Flag]

    def bits(self, value: Any) -> list[bool]:
        """Return for each name whether a value has it."""
        return [member in value for member in self.python]

    def of(self, bits: Sequence[bool]) -> Flag:
        """Return the value with these names."""
        found = self.python(0)
        for member, is_set in zip(self.python, bits, strict=True):
            found = found | member if is_set else found
        return found


@dataclass(frozen=True, slots=True)
class RecursiveSchema:
    """A class whose schema this is a part of: on Golem's main branch, types may contain themselves.

    Attributes:
        python: the class.
        resolve: returns its schema.
    """

    python: type[Any]
    resolve: Callable[[], Schema] = field(compare=False)


@dataclass(frozen=True, slots=True)
class UnstructuredSchema:
    """Text or bytes with their language or media type; a whole parameter or result, or a case of a multimodal one.

    Attributes:
        kind: which of the two.
        restrictions: the allowed languages or media types; None for all.
        python: the class of its values.
    """

    kind: Literal["text", "binary"]
    restrictions: tuple[str, ...] | None
    python: type[Any]


@dataclass(frozen=True, slots=True)
class MultimodalSchema:
    """Several values of different kinds; a whole result, or the only parameter of a method.

    Attributes:
        cases: names, schemas and classes.
        python: makes the Python value from a list.
    """

    cases: tuple[tuple[str, Schema | UnstructuredSchema, type[Any]], ...]
    python: Callable[[list[Any]], Any]


Schema: TypeAlias = (
    Primitive
    | ListSchema
    | MapSchema
    | TupleSchema
    | OptionSchema
    | ResultSchema
    | RecordSchema
    | VariantSchema
    | EnumSchema
    | FlagsSchema
    | RecursiveSchema
)


def check(schema: Schema | None, value: Any, path: str = "") -> Any:
    """Return a value of a schema; None is the value of a missing schema.

    Raises:
        ValueError: the value does not belong to the schema; the message begins with the path of the bad part.
    """
    given: Any = value  # for type checkers, which would narrow `value` to a generic class without arguments
    match schema:
        case None:
            if value is not None:
                raise _mismatch(path, "nothing", value)
            return None
        case Primitive(name):
            return _primitive(name, value, path)
        case OptionSchema(inner):
            if value is None:
                return None
            if isinstance(inner, OptionSchema):
                if not isinstance(value, Some):
                    raise _mismatch(path, "Some(…) or None", value)
                return Some(check(inner, given.value, path))
            return check(inner, value, path)
        case EnumSchema(values=values):
            if value not in values:
                raise _mismatch(path, " or ".join(map(repr, values)), value)
            return value
        case RecursiveSchema(resolve=resolve):
            return check(resolve(), value, path)
        case FlagsSchema(name=name, python=python):
            if not isinstance(value, python):
                raise _mismatch(path, name, value)
            return value
        case _:
            return _compound(schema, value, path)


def _compound(schema: Schema, value: Any, path: str) -> Any:
    given: Any = value
    match schema:
        case ListSchema(element, python):
            if isinstance(value, (str, Mapping)) or not hasattr(value, "__iter__"):
                raise _mismatch(path, "a collection", given)
            return python([check(element, each, f"{path}[{at}]") for at, each in enumerate(given)])
        case MapSchema(key, inner):
            if not isinstance(value, Mapping):
                raise _mismatch(path, "a dict", value)
            return {
                check(key, own, f"{path} key"): check(inner, each, f"{path}[{own!r}]") for own, each in given.items()
            }
        case TupleSchema(items):
            if not isinstance(value, (tuple, list)) or len(given) != len(items):
                raise _mismatch(path, f"a tuple of {len(items)}", given)
            each_one = zip(items, given, strict=True)
            return tuple(check(item, each, f"{path}[{at}]") for at, (item, each) in enumerate(each_one))
        case ResultSchema(ok, err):
            if isinstance(value, Ok):
                return Ok(check(ok, given.value, path))
            if isinstance(value, Err):
                return Err(check(err, given.value, path))
            raise _mismatch(path, "Ok(…) or Err(…)", value)
        case RecordSchema(fields=fields, make=make, read=read):
            parts = _located(read, value, path)
            return make({name: check(inner, parts[name], _under(path, name)) for name, inner in fields.items()})
        case VariantSchema(cases=cases):
            number: int = _located(schema.index, value, path)
            case_ = cases[number]
            return case_.made(check(case_.payload, case_.inner(value), path))
        case _:
            return check(schema, value, path)


def _under(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _located(function: Callable[[Any], Any], value: Any, path: str) -> Any:
    try:
        return function(value)
    except ValueError as error:
        raise ValueError(f"{path}: {error}" if path else str(error)) from None


def _mismatch(path: str, expected: str, value: object) -> ValueError:
    place = f"{path}: " if path else ""
    return ValueError(f"{place}expected {expected}, got {value!r:.60}")


_WIDTHS: Final = {f"{sign}{bits}": (sign == "s", bits) for sign in "su" for bits in (8, 16, 32, 64)}


def _primitive(name: str, value: Any, path: str) -> Any:
    if name in _WIDTHS:
        signed, bits = _WIDTHS[name]
        if isinstance(value, bool) or not hasattr(value, "__index__"):
            raise _mismatch(path, f"an integer ({name})", value)
        number = value.__index__()
        low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
        if not low <= number <= high:
            raise _mismatch(path, f"{low} to {high}", value)
        return number
    if name in {"f32", "f64"}:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise _mismatch(path, "a number", value)
        return _rounded(float(value)) if name == "f32" else float(value)
    if name == "bool":
        if not isinstance(value, bool):
            raise _mismatch(path, "True or False", value)
        return value
    if not isinstance(value, str) or (name == "char" and len(value) != 1):
        raise _mismatch(path, "one character" if name == "char" else "a str", value)
    if any("\ud800" <= char <= "\udfff" for char in value):
        raise _mismatch(path, "text without lone surrogates", value)
    return value


def _rounded(value: float) -> float:
    try:
        rounded: float = struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
    return rounded
