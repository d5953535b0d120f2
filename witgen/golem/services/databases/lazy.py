"""Values of PostgreSQL inside others, which components have as handles."""

from __future__ import annotations

import json
from dataclasses import fields
from types import SimpleNamespace
from typing import Any, Self, cast

from witgen_runtime.values import Value

from ...agents._bindings.host import golem_rdbms_postgres as host
from ...agents._bindings.types import golem_rdbms_postgres as types
from ...agents._bindings.types import golem_rdbms_types as common

__all__ = ["lazy_classes"]


class _Lazy:
    """Handle of a value; an oplog keeps what is behind it."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def get(self) -> Any:
        return self._value

    def _save(self) -> bytes:
        return self._describe().encode()

    def _describe(self) -> str:
        return json.dumps(_plain(self._value), separators=(",", ":"))

    @classmethod
    def _restore(cls, data: bytes) -> Self:
        return cls(_read(json.loads(data), cls))


def lazy_classes() -> SimpleNamespace:
    """Return the classes of values and of types inside others, by their names in the bindings."""
    return SimpleNamespace(
        LazyDbValue=type("LazyDbValue", (_Lazy, host.LazyDbValue), {}),
        LazyDbColumnType=type("LazyDbColumnType", (_Lazy, host.LazyDbColumnType), {}),
    )


def _items(value: Any) -> list[Any]:
    return list(value)


def _plain(value: Any) -> Any:
    """Return a value as JSON; an object names its class."""
    match value:
        case _Lazy():
            return {"lazy": _plain(value.get())}
        case Value():
            names = [each.name for each in fields(cast("Any", value))]
            return {"class": type(value).__name__, "fields": [_plain(getattr(value, name)) for name in names]}
        case tuple():
            return {"tuple": [_plain(each) for each in _items(value)]}
        case list():
            return [_plain(each) for each in _items(value)]
        case bytes():
            return {"bytes": value.hex()}
        case _:
            return value


def _read(plain: Any, lazy: type[_Lazy]) -> Any:
    match plain:
        case list():
            return [_read(each, lazy) for each in _items(plain)]
        case {"lazy": inner}:
            return lazy(_read(inner, lazy))
        case {"tuple": inner}:
            return tuple(_read(each, lazy) for each in inner)
        case {"bytes": text}:
            return bytes.fromhex(text)
        case {"class": name, "fields": inner}:
            cls = getattr(types, name, None) or getattr(common, name)
            return cls(*[_read(each, lazy) for each in inner])
        case _:
            return plain
