"""The syntax tree of names and of types without a name."""

from __future__ import annotations

from typing import TypeAlias

from ...base.frozen import frozen

__all__ = [
    "FixedListType", "FutureType", "HandleType", "Ident", "ListType", "MapType", "OptionType", "PrimitiveType",
    "ResultType", "StreamType", "TupleType", "TypeExpr", "Version",
]  # fmt: skip


@frozen
class Ident:
    """A name, without its `%`."""

    name: str
    start: int
    end: int


@frozen
class Version:
    """A semantic version, as written."""

    text: str
    start: int
    end: int


# ---- Types without a name


@frozen
class PrimitiveType:
    """`u8`, `string`, …; `name` is the keyword."""

    name: str
    start: int
    end: int


@frozen
class ListType:
    """`list<T>`."""

    element: TypeExpr
    start: int
    end: int


@frozen
class FixedListType:
    """`list<T, N>`."""

    element: TypeExpr
    size: int
    start: int
    end: int


@frozen
class OptionType:
    """`option<T>`."""

    type: TypeExpr
    start: int
    end: int


@frozen
class ResultType:
    """`result<ok, err>`; None is `_` or left out."""

    ok: TypeExpr | None
    err: TypeExpr | None
    start: int
    end: int


@frozen
class TupleType:
    """`tuple<…>`."""

    types: tuple[TypeExpr, ...]
    start: int
    end: int


@frozen
class MapType:
    """`map<K, V>`."""

    key: TypeExpr
    value: TypeExpr
    start: int
    end: int


@frozen
class StreamType:
    """`stream<T>` or `stream`."""

    type: TypeExpr | None
    start: int
    end: int


@frozen
class FutureType:
    """`future<T>` or `future`."""

    type: TypeExpr | None
    start: int
    end: int


@frozen
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
