"""The state of agents as bytes, in the envelope that Golem's SDKs share.

The fields of an agent become JSON by their types: those of annotations in the class and in its constructor
(`self.items: list[Item] = []`), those of parameters that are assigned (`self.user = user`), else those of the values.
"""

from __future__ import annotations

import ast
import inspect
import json
import sys
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import is_dataclass
from enum import Enum
from typing import Any, Final, cast, get_type_hints

from .config import Config
from .hints import NoSchemaError, schema_of
from .json_values import from_json as value_from_json
from .json_values import to_json as value_to_json
from .principal import Principal, from_json, to_json
from .schema import Schema, check

__all__ = ["JSON", "RAW", "open_envelope", "prepare", "restore", "save_fields", "sealed"]

JSON: Final = "application/json"
RAW: Final = "application/octet-stream"

_VERSION: Final = 1
_RAW_VERSION: Final = 2
_SIZE: Final = 4


def sealed(principal: Principal, state: Any) -> tuple[bytes, str]:
    """Return a snapshot and its media type; a state of bytes is kept as it is, any other has to be JSON."""
    who = to_json(principal)
    if isinstance(state, bytes):
        head = json.dumps(who).encode()
        return bytes([_RAW_VERSION]) + len(head).to_bytes(_SIZE, "big") + head + state, RAW
    return json.dumps({"version": _VERSION, "principal": who, "state": state}).encode(), JSON


def open_envelope(payload: bytes, media_type: str) -> tuple[Principal | None, Any]:
    """Return the principal and the state of a snapshot; bytes that are older than the envelope have no principal.

    Raises:
        ValueError: the snapshot is damaged, or of another form.
    """
    if media_type.partition(";")[0].strip() == JSON:
        document: Any = json.loads(payload)
        found = cast("Mapping[str, Any]", document if isinstance(document, dict) else {})
        if found.get("version") != _VERSION:
            raise ValueError("this is not a snapshot of version 1")
        return from_json(found["principal"]), found["state"]
    if not payload or payload[0] not in {_VERSION, _RAW_VERSION}:
        raise ValueError(f"a snapshot of the type {media_type} is none that an agent in Python has saved")
    if payload[0] == _VERSION:
        return None, payload[1:]
    end = 1 + _SIZE + int.from_bytes(payload[1 : 1 + _SIZE], "big")
    return from_json(json.loads(payload[1 + _SIZE : end])), payload[end:]


def save_fields(agent: Any) -> dict[str, Any]:
    """Return the fields of an agent as JSON.

    Raises:
        TypeError: a field has a type without a schema.
        ValueError: a field's value is not of its type.
    """
    hints = _field_hints(agent.__class__)
    saved: dict[str, Any] = {}
    for name, value in _fields(agent):
        schema = _schema(agent, name, hints.get(name, NotImplemented), value)
        if schema is None:
            saved[name] = None
        else:
            saved[name] = value_to_json(schema, check(schema, value, f"{type(agent).__name__}.{name}"))
    return saved


def restore(agent: Any, saved: Any) -> None:
    """Set the fields of an agent that its constructor has just made.

    Fields that the snapshot does not have stay as the constructor has left them: a newer version may have more of them.

    Raises:
        TypeError: a field has a type without a schema.
        ValueError: what was saved does not fit a field.
    """
    if not isinstance(saved, Mapping):
        raise ValueError("the snapshot holds no fields")  # noqa: TRY004 - the caller has the file
    hints, present = _field_hints(agent.__class__), dict(_fields(agent))
    for name, value in cast("Mapping[str, Any]", saved).items():
        if name not in present and name not in hints:
            continue  # a field of an older version
        schema = _schema(agent, name, hints.get(name, NotImplemented), present.get(name))
        path = f"{type(agent).__name__}.{name}"
        setattr(agent, name, None if schema is None else value_from_json(schema, value, path))


def _fields(agent: Any) -> Iterator[tuple[str, Any]]:
    """Yield the fields but those that the constructor gets from the SDK: configuration and principals."""
    slots = [name for cls in type(agent).__mro__ for name in _slots(cls)]
    pairs = {name: getattr(agent, name) for name in slots if hasattr(agent, name)} | getattr(agent, "__dict__", {})
    for name, value in pairs.items():
        if not isinstance(value, (Config, Principal)):
            yield name, value


def _slots(cls: type[Any]) -> tuple[str, ...]:
    slots: Any = vars(cls).get("__slots__", ())
    return tuple(each for each in ([slots] if isinstance(slots, str) else slots) if not each.startswith("__"))


def _schema(agent: Any, name: str, hint: Any, value: Any) -> Schema | None:
    where = f"{type(agent).__name__}.{name}"
    if hint is NotImplemented:
        plain = isinstance(value, (bool, int, float, str, bytes, Enum)) or is_dataclass(value)
        if value is not None and not plain:
            raise TypeError(
                f"{where} cannot be saved: annotate it where it is set first (self.{name}: … = …), or give the class"
                " save_snapshot and load_snapshot"
            )
        hint = cast("Any", value).__class__
    try:
        return schema_of(hint)
    except NoSchemaError as error:
        raise TypeError(f"{where} cannot be saved: {error}; give the class save_snapshot and load_snapshot") from error


# ---- Types of fields


_known: dict[type[Any], Mapping[str, Any]] = {}


def prepare(cls: type[Any]) -> None:
    """Read the types of a class's fields, while its source can be read."""
    _known[cls] = _read(cls)


def _field_hints(cls: type[Any]) -> Mapping[str, Any]:
    if cls not in _known:
        prepare(cls)
    return _known[cls]


def _read(cls: type[Any]) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__[:-1]):
        init = vars(base).get("__init__")
        if inspect.isfunction(init):
            found |= _assigned(init)
    with suppress(NameError, TypeError):
        found |= get_type_hints(cls, include_extras=True)
    return found


def _assigned(init: Any) -> dict[str, Any]:
    """Return the types of the attributes that a constructor annotates, or sets to its parameters."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(init)))
        hints = get_type_hints(init, include_extras=True)
    except (OSError, TypeError, SyntaxError, NameError):
        return {}
    this = next(iter(inspect.signature(init).parameters))
    found: dict[str, Any] = {}
    for node in ast.walk(tree):
        match node:
            case ast.AnnAssign(ast.Attribute(ast.Name(owner), name), annotation) if owner == this:
                with suppress(Exception):  # of whatever the annotation says
                    scope = vars(sys.modules[init.__module__])
                    found[name] = _evaluated(ast.unparse(annotation), scope)
            case ast.Assign(targets, value):
                for target, own in _pairs(targets, value):
                    match target, own:
                        case ast.Attribute(ast.Name(owner), name), ast.Name(parameter) if owner == this:
                            if parameter in hints:
                                found.setdefault(name, hints[parameter])
                        case _:
                            pass
            case _:
                pass
    return found


def _pairs(targets: list[ast.expr], value: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    for target in targets:
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
            yield from zip(target.elts, value.elts, strict=True)
        else:
            yield target, value


def _evaluated(text: str, scope: dict[str, Any]) -> Any:
    """Evaluate an annotation where its function stands, as `typing.get_type_hints` does."""
    holder = type("_Holder", (), {"__annotations__": {"field": text}})
    return get_type_hints(holder, globalns=scope, include_extras=True)["field"]
