"""The types that a type consists of."""

from __future__ import annotations

from typing import assert_never

from .ir import (
    Alias,
    Borrow,
    Enum,
    FixedList,
    Flags,
    Future,
    List,
    Map,
    Option,
    Own,
    Record,
    Resource,
    Result,
    Stream,
    Tuple,
    Type,
    TypeKind,
    Variant,
)  # fmt: skip

__all__ = ["children"]


def children(kind: TypeKind) -> tuple[Type, ...]:
    """Return the types that a type directly consists of; a handle's resource is not one of them."""
    match kind:
        case Record():
            return tuple(field.type for field in kind.fields)
        case Variant():
            return tuple(case.type for case in kind.cases if case.type is not None)
        case Tuple():
            return kind.types
        case Alias() | Option():
            return (kind.type,)
        case List() | FixedList():
            return (kind.element,)
        case Map():
            return (kind.key, kind.value)
        case Result():
            return tuple(part for part in (kind.ok, kind.err) if part is not None)
        case Stream() | Future():
            return () if kind.type is None else (kind.type,)
        case Enum() | Flags() | Resource() | Own() | Borrow():
            return ()
        case _:
            assert_never(kind)
