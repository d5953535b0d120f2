"""Values as JSON, in the form that Golem's hosts use: for snapshots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from witgen_runtime.values import Err, Ok, Some

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
    VariantSchema,
    check,
)

__all__ = ["from_json", "to_json"]


def to_json(schema: Schema, value: Any) -> Any:
    """Return a value that belongs to a schema as what `json.dumps` takes."""
    match schema:
        case Primitive(name):
            return ord(value) if name == "char" else value
        case ListSchema(element):
            return [to_json(element, each) for each in value]
        case MapSchema(key, inner):
            return [[to_json(key, own), to_json(inner, each)] for own, each in value.items()]
        case TupleSchema(items):
            return [to_json(item, each) for item, each in zip(items, value, strict=True)]
        case OptionSchema(inner):
            if value is None or not isinstance(inner, OptionSchema):
                return None if value is None else to_json(inner, value)
            return {"some": to_json(inner, value.value)}  # Golem's hosts have no form for this
        case ResultSchema(ok, err):
            given: Any = value
            tag, side = ("ok", ok) if isinstance(value, Ok) else ("err", err)
            return {tag: None if side is None else to_json(side, given.value)}
        case RecordSchema(fields=fields, read=read):
            parts = read(value)
            return {name: to_json(inner, parts[name]) for name, inner in fields.items()}
        case VariantSchema(cases=cases):
            case_ = cases[schema.index(value)]
            return {case_.name: None if case_.payload is None else to_json(case_.payload, case_.inner(value))}
        case EnumSchema():
            return schema.cases[schema.values.index(value)]
        case RecursiveSchema(resolve=resolve):
            return to_json(resolve(), value)
        case FlagsSchema(flags=names):
            return [name for name, is_set in zip(names, schema.bits(value), strict=True) if is_set]


def from_json(schema: Schema, found: Any, path: str = "") -> Any:
    """Return the value of some JSON.

    Raises:
        ValueError: it is not that of a value of the schema.
    """
    try:
        return check(schema, _value(schema, found, path), path)
    except (KeyError, IndexError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"{path}: not a value of its type: {found!r:.60}") from error


def _value(schema: Schema, found: Any, path: str) -> Any:
    match schema:
        case Primitive(name):
            return chr(found) if name == "char" else found
        case ListSchema(element, python):
            return python([_value(element, each, f"{path}[{at}]") for at, each in enumerate(found)])
        case MapSchema(key, inner):
            return {_value(key, own, path): _value(inner, each, f"{path}[{own!r}]") for own, each in found}
        case TupleSchema(items):
            return tuple(_value(item, each, path) for item, each in zip(items, found, strict=True))
        case OptionSchema(inner):
            if found is None or not isinstance(inner, OptionSchema):
                return None if found is None else _value(inner, found, path)
            return Some(_value(inner, found["some"], path))
        case _:
            return _named(schema, found, path)


def _named(schema: Schema, found: Any, path: str) -> Any:
    match schema:
        case RecordSchema(fields=fields, make=make):
            parts = cast("Mapping[str, Any]", found)
            return make({name: _value(inner, parts[name], f"{path}.{name}") for name, inner in fields.items()})
        case ResultSchema(ok, err):
            ((tag, inner),) = found.items()
            side = {"ok": ok, "err": err}[tag]
            return (Ok if tag == "ok" else Err)(None if side is None else _value(side, inner, path))
        case VariantSchema(cases=cases):
            ((tag, inner),) = found.items()
            case_ = next(each for each in cases if each.name == tag)
            return case_.made(None if case_.payload is None else _value(case_.payload, inner, path))
        case EnumSchema(values=values):
            return values[schema.cases.index(found)]
        case RecursiveSchema(resolve=resolve):
            return _value(resolve(), found, path)
        case FlagsSchema(flags=names):
            return schema.of([name in found for name in names])
        case _:
            return _value(schema, found, path)
