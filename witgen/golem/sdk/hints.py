"""Schemas of type hints."""

from __future__ import annotations

import datetime
import enum
import types
import uuid
from collections.abc import Callable, Mapping
from dataclasses import fields as dataclass_fields
from dataclasses import is_dataclass
from typing import Annotated, Any, Final, Literal, Union, cast, get_args, get_origin, get_type_hints, is_typeddict

from witgen_runtime.values import Err, Ok, Some

from .cases import Case
from .numbers import Width
from .release import HAS_RECURSIVE_TYPES
from .schema import (
    EnumSchema,
    FlagsSchema,
    ListSchema,
    MapSchema,
    OptionSchema,
    Primitive,
    RecordSchema,
    RecursiveSchema,
    ResultSchema,
    Schema,
    TupleSchema,
    VariantCase,
    VariantSchema,
)

__all__ = ["DATETIME", "DURATION", "NO_SCHEMA", "NoSchemaError", "schema_of"]


class NoSchemaError(TypeError):
    """A type hint has no schema; the message says which part of it, and why."""


NO_SCHEMA: Final = "_witgen_no_schema"
"""The attribute of classes that can stand only for a whole parameter; its text says so."""

_PRIMITIVES: Final[Mapping[Any, str]] = {bool: "bool", int: "s64", float: "f64", str: "string"}
_COLLECTIONS: Final[Mapping[Any, Any]] = {list: list, set: set, frozenset: frozenset}


def schema_of(hint: Any) -> Schema | None:
    """Return the schema of a type hint; None for `None`, which is no value.

    Args:
        hint: a type or a generic alias, as `typing.get_type_hints` returns it with `include_extras`.

    Raises:
        NoSchemaError: some part of the hint has no schema.
    """
    return None if hint is None or hint is type(None) else _schema(hint, ())


def _schema(hint: Any, outer: tuple[Any, ...]) -> Schema:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        width = next((each for each in arguments[1:] if isinstance(each, Width)), None)
        return _schema(arguments[0], outer) if width is None else Primitive(width.name)
    if hint in _PRIMITIVES:
        return Primitive(_PRIMITIVES[hint])
    if hint is bytes:
        return ListSchema(Primitive("u8"), bytes)
    if hint in _KNOWN:
        return _KNOWN[hint]
    if origin is Literal:
        return _literal(arguments)
    if origin in {Union, types.UnionType}:
        return _union(hint, arguments, outer)
    if origin in {Ok, Err}:
        raise NoSchemaError(f"{_name(hint)} alone has no schema: write Ok[…] | Err[…]")
    return _collection(hint, origin, arguments, outer) if origin is not None else _class(hint, outer)


def _collection(hint: Any, origin: Any, arguments: tuple[Any, ...], outer: tuple[Any, ...]) -> Schema:
    if origin in _COLLECTIONS:
        return ListSchema(_schema(arguments[0], outer), _COLLECTIONS[origin])
    if origin is dict:
        return MapSchema(_schema(arguments[0], outer), _schema(arguments[1], outer))
    if origin is tuple:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return ListSchema(_schema(arguments[0], outer), tuple)
        if not arguments:
            raise NoSchemaError("an empty tuple has no schema")
        return TupleSchema(tuple(_schema(each, outer) for each in arguments))
    raise NoSchemaError(f"{_name(hint)} has no schema")


def _literal(values: tuple[Any, ...]) -> Schema:
    odd = [value for value in values if not isinstance(value, str)]
    if odd:
        raise NoSchemaError(f"Literal[{odd[0]!r}] has no schema: only texts have names for an enum")
    return EnumSchema(None, values, values)


def _union(hint: Any, arguments: tuple[Any, ...], outer: tuple[Any, ...]) -> Schema:
    present = tuple(each for each in arguments if each is not type(None))
    if len(present) < len(arguments):
        first, *more = present
        return OptionSchema(_union(hint, present, outer) if more else _present(first, outer))
    by_side = {get_origin(each) or each: each for each in present}
    if by_side.keys() <= {Ok, Err}:
        if by_side.keys() != {Ok, Err}:
            raise NoSchemaError(f"{_name(hint)} has no schema: write Ok[…] | Err[…]")
        return ResultSchema(*(_side(get_args(by_side[side]), outer) for side in (Ok, Err)))
    cases = tuple(_case(each, outer) for each in present)
    if len({case.name for case in cases}) < len(cases) or len({case.python for case in cases}) < len(cases):
        raise NoSchemaError(f"{_name(hint)} has no schema: values of its types cannot be told apart")
    return VariantSchema(None, cases)


def _present(hint: Any, outer: tuple[Any, ...]) -> Schema:
    """Return the schema of `T` in `T | None`. In an option of an option, `Some[T | None] | None`, it is an option."""
    if get_origin(hint) is not Some:
        return _schema(hint, outer)
    inner = _schema(get_args(hint)[0], outer)
    if not isinstance(inner, OptionSchema):
        raise NoSchemaError(f"{_name(hint)} has no schema: only an option of an option has Some: Some[… | None] | None")
    return inner


def _side(arguments: tuple[Any, ...], outer: tuple[Any, ...]) -> Schema | None:
    """Return the schema of `T` in `Ok[T]` or `Err[T]`."""
    given = next(iter(arguments), None)
    return None if given is None or given is type(None) else _schema(given, outer)


def _case(hint: Any, outer: tuple[Any, ...]) -> VariantCase:
    plain = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    python = get_origin(plain) or plain
    if not isinstance(python, type) or is_typeddict(python):
        raise NoSchemaError(f"{_name(hint)} cannot be one of several types: its values have no class of their own")
    if issubclass(python, Case):
        return _case_of(cast("Any", python), outer)
    return VariantCase(python.__name__, _schema(hint, outer), cast("type[Any]", python))


def _case_of(cls: type[Case], outer: tuple[Any, ...]) -> VariantCase:
    """Return a case of a variant that a class stands for; `outer` are the classes around it."""
    hints = get_type_hints(cls, include_extras=True)
    names: list[str] = [field.name for field in dataclass_fields(cast("Any", cls))] if is_dataclass(cls) else []
    if names not in ([], ["value"]):
        raise NoSchemaError(f"{cls.__name__}: a case has no field, or one that is called `value`")
    payload = _schema(hints["value"], (*outer, cls)) if names else None
    return VariantCase(cls.case_name, payload, cls, is_wrapped=True)


def _class(hint: Any, outer: tuple[Any, ...]) -> Schema:
    if not isinstance(hint, type):
        raise NoSchemaError(f"{_name(hint)} has no schema")
    if hint in outer and HAS_RECURSIVE_TYPES:
        return RecursiveSchema(hint, lambda: _schema(hint, ()))
    if hint in outer:
        raise NoSchemaError(f"{hint.__name__} contains itself, which Golem 1.5 has no schema for")
    cls = cast("Any", hint)
    if remark := getattr(cls, NO_SCHEMA, None):
        raise NoSchemaError(f"{cls.__name__} {remark}")
    if issubclass(cls, Case):
        return VariantSchema(None, (_case_of(cast("Any", hint), outer),))
    outer = (*outer, cls)
    if issubclass(cls, enum.Flag):
        return FlagsSchema(cls.__name__, tuple(str(each.name) for each in cls), cast("Any", hint))
    if issubclass(cls, enum.Enum):
        return EnumSchema(cls.__name__, tuple(each.name for each in cls), tuple(cls))
    if is_typeddict(cls):
        return _typed_dict(cls, outer)
    if is_dataclass(cls):
        names = [field.name for field in dataclass_fields(cls) if field.init]
        return _record(cast("Any", hint), names, outer)
    return _other_class(cast("Any", hint), outer)


def _other_class(hint: Any, outer: tuple[Any, ...]) -> Schema:
    if tuple in hint.__mro__ and hasattr(hint, "_fields"):
        return _record(hint, list(hint._fields), outer)
    if hasattr(hint, "model_fields"):
        return _model(hint, outer)
    generic = hint.__name__ in {"list", "dict", "tuple", "set", "frozenset"}
    remedy = f": write the types of its elements, like {hint.__name__}[…]" if generic else ""
    raise NoSchemaError(f"{hint.__name__} has no schema{remedy}")


def _record(cls: type[Any], names: list[str], outer: tuple[Any, ...]) -> RecordSchema:
    hints = get_type_hints(cls, include_extras=True)
    fields = _fields(cls, names, hints, outer)
    return RecordSchema(cls.__name__, None, fields, lambda parts: cls(**parts), _attributes(cls, names))


def _model(cls: Any, outer: tuple[Any, ...]) -> RecordSchema:
    """Return the schema of one of pydantic's models, with its fields' own names: aliases are for JSON."""
    # Annotations of models are resolved already, also those of generic ones; numbers' widths are in the metadata.
    hints = {
        name: Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
        for name, field in cls.model_fields.items()
    }
    fields = _fields(cls, list(hints), hints, outer)

    def make(parts: Mapping[str, Any]) -> Any:
        return cls.model_validate(dict(parts), by_alias=False, by_name=True)

    return RecordSchema(cls.__name__, None, fields, make, _attributes(cls, list(hints)))


def _attributes(cls: type[Any], names: list[str]) -> Callable[[Any], Mapping[str, Any]]:
    def read(value: Any) -> Mapping[str, Any]:
        if not isinstance(value, cls):
            raise _unexpected(cls, value)
        return {name: getattr(value, name) for name in names}

    return read


def _typed_dict(cls: type[Any], outer: tuple[Any, ...]) -> RecordSchema:
    hints = get_type_hints(cls, include_extras=True)
    needed: frozenset[str] = cast("Any", cls).__required_keys__
    if missing := sorted(hints.keys() - needed):
        raise NoSchemaError(f"{cls.__name__}.{missing[0]} may be absent, which has no schema: write `… | None`")

    def read(value: Any) -> Mapping[str, Any]:
        if not isinstance(value, Mapping) or cast("Mapping[str, Any]", value).keys() != hints.keys():
            raise ValueError(f"expected a dict with {', '.join(hints)}, got {value!r:.60}")
        return cast("Mapping[str, Any]", value)

    return RecordSchema(cls.__name__, None, _fields(cls, list(hints), hints, outer), dict, read)


def _fields(cls: type[Any], names: list[str], hints: Mapping[str, Any], outer: tuple[Any, ...]) -> Mapping[str, Schema]:
    if not names:
        raise NoSchemaError(f"{cls.__name__} has no fields, and a record needs some")
    found: dict[str, Schema] = {}
    for name in names:
        try:
            found[name] = _schema(hints[name], outer)
        except NoSchemaError as error:
            raise NoSchemaError(f"{cls.__name__}.{name}: {error}") from None
    return found


def _name(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) and not get_args(hint) else str(hint).replace("typing.", "")


def _unexpected(cls: type[Any], value: object) -> ValueError:
    return ValueError(f"expected {cls.__name__}, got {value!r:.60}")


def _reading(cls: type[Any], parts: Any) -> Any:
    def read(value: Any) -> Mapping[str, Any]:
        if not isinstance(value, cls):
            raise _unexpected(cls, value)
        return cast("Mapping[str, Any]", parts(value))

    return read


_TEXT: Final = Primitive("string")
_SECOND: Final = datetime.timedelta(seconds=1)


def _duration(value: datetime.timedelta) -> Mapping[str, Any]:
    secs, rest = divmod(value, _SECOND)
    if secs < 0:
        raise ValueError(f"expected a duration that is not negative, got {value!r}")
    return {"secs": secs, "nanos": rest.microseconds * 1000}


def _day(value: datetime.date) -> Mapping[str, Any]:
    return {"date": value.isoformat()}


def _digits(value: uuid.UUID) -> Mapping[str, Any]:
    return {"value": str(value)}


def _moment(value: datetime.datetime) -> Mapping[str, Any]:
    if value.tzinfo is None:
        raise ValueError(f"expected a datetime with a time zone, got {value!r}")
    return {"timestamp": value.isoformat()}


# Named like the types of the libraries that Golem's SDK for Rust maps.
DATETIME: Final = RecordSchema(
    "DateTime", "chrono", {"timestamp": _TEXT},
    lambda parts: datetime.datetime.fromisoformat(parts["timestamp"]), _reading(datetime.datetime, _moment),
)  # fmt: skip
"""The schema of `datetime`."""

DURATION: Final = RecordSchema(
    "Duration", None, {"secs": Primitive("u64"), "nanos": Primitive("u32")},
    lambda parts: datetime.timedelta(seconds=parts["secs"], microseconds=parts["nanos"] // 1000),
    _reading(datetime.timedelta, _duration),
)  # fmt: skip
"""The schema of `timedelta`."""

_KNOWN: Final[Mapping[Any, Schema]] = {
    datetime.datetime: DATETIME,
    datetime.date: RecordSchema(
        "NaiveDate", "chrono", {"date": _TEXT},
        lambda parts: datetime.date.fromisoformat(parts["date"]),
        _reading(datetime.date, _day),
    ),
    datetime.timedelta: DURATION,
    uuid.UUID: RecordSchema(
        "Uuid", "uuid", {"value": _TEXT},
        lambda parts: uuid.UUID(parts["value"]), _reading(uuid.UUID, _digits),
    ),
}  # fmt: skip
