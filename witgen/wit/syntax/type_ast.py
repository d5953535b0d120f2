"""The syntax tree of names and of types without a name."""

from __future__ import annotations

from typing import TypeAlias

from ...base.frozen import record

__all__ = [
    "FixedListType", "FutureType", "HandleType", "Ident", "ListType", "MapType", "OptionType", "PrimitiveType",
    "ResultType", "StreamType", "TupleType", "TypeExpr", "Version",
]  # fmt: skip


@record
class Ident:
    """A name, without its `%`."""

    name: str
    start: int
    end: int


@record
class Version:
    """A semantic version, as written."""

    text: str
    start: int
    end: int


# ---- Types without a name


@record
class PrimitiveType:
    """`u8`, `string`, …; `name` is the keyword."""

    name: str
    start: int
    end: int


@record
class ListType:
    """`list<T>`."""

    element: TypeExpr
    start: int
    end: int


@record
class FixedListType:
    """`list<T, N>`."""

    element: TypeExpr
    size: int
    start: int
    end: int


@record
class OptionType:
    """`option<T>`."""

    type: TypeExpr
    start: int
    end: int


@record
class ResultType:
    """`result<ok, err>`; None is `_` or left out."""

    ok: TypeExpr | None
    err: TypeExpr | None
    start: int
    end: int


@record
class TupleType:
    """`tuple<…>`."""

    types: tuple[TypeExpr, ...]
    start: int
    end: int


@record
class MapType:
    """`map<K, V>`."""

    key: TypeExpr
    value: TypeExpr
    start: int
    end: int


@record
class StreamType:
    """`stream<T>` or `stream`."""

    type: TypeExpr | None
    start: int
    end: int


@record
class FutureType:
    """`future<T>` or `future`."""

    type: TypeExpr | None
    start: int
    end: int


@record
class HandleType:
    """`own<R>` or `borrow<R>`."""

    resource: Ident
    is_borrow: bool
    start: int
    end: int


# A name alone is a type, too.
TypeExpr: TypeAlias = (
    PrimitiveType | Ident | ListType | FixedListType | OptionType | ResultType | TupleType | MapType
    | StreamType | FutureType | HandleType
)  # fmt: skip
