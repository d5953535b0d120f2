"""Types and functions over other type numbers."""

from __future__ import annotations

from collections.abc import Callable

from ...base.frozen import replace
from .ir import (
    Alias,
    Borrow,
    Enum,
    FixedList,
    Flags,
    Function,
    Future,
    List,
    Map,
    Option,
    Own,
    Prim,
    Record,
    Resource,
    Result,
    Stream,
    Tuple,
    Type,
    TypeId,
    TypeKind,
    TypeRef,
    Variant,
)  # fmt: skip

__all__ = ["Rebuilder"]


class Rebuilder:
    """Rebuilds everything that refers to types; `id` returns the new number of a type."""

    def __init__(self, id: Callable[[TypeId], TypeId]) -> None:
        self._id = id

    def function(self, function: Function) -> Function:
        """Return the function over the new types."""
        resource = function.kind.resource
        kind = function.kind if resource is None else replace(function.kind, resource=self._id(resource))
        params = tuple(replace(param, type=self._type(param.type)) for param in function.params)
        return replace(function, kind=kind, params=params, result=self._optional(function.result))

    def _type(self, type: Type) -> Type:
        return type if isinstance(type, Prim) else TypeRef(self._id(type.id))

    def _optional(self, type: Type | None) -> Type | None:
        return None if type is None else self._type(type)

    def kind(self, kind: TypeKind) -> TypeKind:
        """Return the kind over the new types."""
        match kind:
            case Enum() | Flags() | Resource():
                return kind
            case Own() | Borrow():
                return replace(kind, resource=self._id(kind.resource))
            case Alias() | Option():
                return replace(kind, type=self._type(kind.type))
            case Stream() | Future():
                return replace(kind, type=self._optional(kind.type))
            case List() | FixedList():
                return replace(kind, element=self._type(kind.element))
            case Map():
                return Map(self._type(kind.key), self._type(kind.value))
            case Result():
                return Result(self._optional(kind.ok), self._optional(kind.err))
            case Tuple():
                return Tuple(tuple(self._type(part) for part in kind.types))
            case Record():
                return Record(tuple(replace(field, type=self._type(field.type)) for field in kind.fields))
            case Variant():
                return Variant(tuple(replace(case, type=self._optional(case.type)) for case in kind.cases))
