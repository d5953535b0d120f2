"""Copies of what a world declares, for another world that includes it."""

from __future__ import annotations

from dataclasses import replace

from ..model.ir import (
    Alias, Borrow, Enum, FixedList, Flags, Function, Future, Interface, InterfaceId, List, Map, Option, Own, PackageId, Prim,
    Record, Resource, Result, Stream, Tuple, Type, TypeId, TypeKind, TypeOwner, TypeRef, Variant,
)  # fmt: skip
from .context import Arena

__all__ = ["Cloner"]


class Cloner:
    """Copies types of one owner, and what is made of them, to another owner."""

    def __init__(self, arena: Arena, old: TypeOwner, new: TypeOwner, package: PackageId) -> None:
        self._arena = arena
        self._old = old
        self._new = new
        self._package = package
        self._copies: dict[TypeId, TypeId] = {}

    def named_type(self, id: TypeId, name: str) -> TypeId:
        """Copy a type that the old owner declares; the types it refers to have been copied before."""
        definition = self._arena.types[id]
        copy = replace(definition, name=name, kind=self._kind(definition.kind), owner=self._new)
        self._copies[id] = self._arena.add_type(copy)
        return self._copies[id]

    def function(self, function: Function) -> Function:
        """Return the function over the copied types."""
        resource = function.kind.resource
        kind = function.kind if resource is None else replace(function.kind, resource=self._id(resource))
        params = tuple(replace(param, type=self._type(param.type)) for param in function.params)
        return replace(function, kind=kind, params=params, result=self._optional(function.result))

    def interface(self, id: InterfaceId) -> InterfaceId:
        """Copy an interface written inline; one with a name is the same everywhere."""
        interface = self._arena.interfaces[id]
        if interface.name is not None:
            return id
        copy = self._arena.add_interface(Interface(None, {}, {}, self._package))
        inner = Cloner(self._arena, TypeOwner(interface=id), TypeOwner(interface=copy), self._package)
        types = {name: inner.named_type(type, name) for name, type in interface.types.items()}
        functions = {name: inner.function(function) for name, function in interface.functions.items()}
        self._arena.interfaces[copy] = replace(interface, types=types, functions=functions, package=self._package)
        return copy

    def _id(self, id: TypeId) -> TypeId:
        """Return the copy of a type; a type without a name is rebuilt if something in it was copied."""
        known = self._copies.get(id)
        if known is not None:
            return known
        definition = self._arena.types[id]
        if definition.owner is not None:
            return id
        kind = self._kind(definition.kind)
        copy = id if kind == definition.kind else self._arena.add_type(replace(definition, kind=kind))
        self._copies[id] = copy
        return copy

    def _type(self, type: Type) -> Type:
        return type if isinstance(type, Prim) else TypeRef(self._id(type.id))

    def _optional(self, type: Type | None) -> Type | None:
        return None if type is None else self._type(type)

    def _kind(self, kind: TypeKind) -> TypeKind:
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
