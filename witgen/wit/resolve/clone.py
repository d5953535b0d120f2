"""Copies a world's declarations for another world that includes it."""

from __future__ import annotations

from ...base.frozen import replace
from ..model.ir import Interface, InterfaceId, PackageId, TypeId, TypeOwner
from ..model.rebuild import Rebuilder
from .context import Arena

__all__ = ["Cloner"]


class Cloner:
    """Copies types of one owner, and items that use them, to another owner."""

    def __init__(self, arena: Arena, old: TypeOwner, new: TypeOwner, package: PackageId) -> None:
        self._arena = arena
        self._old = old
        self._new = new
        self._package = package
        self._copies: dict[TypeId, TypeId] = {}
        self._rebuilder = Rebuilder(self._id)
        self.function = self._rebuilder.function

    def named_type(self, id: TypeId, name: str) -> TypeId:
        """Copy a type that the old owner declares; the types it refers to have been copied before."""
        definition = self._arena.types[id]
        copy = replace(definition, name=name, kind=self._rebuilder.kind(definition.kind), owner=self._new)
        self._copies[id] = self._arena.add_type(copy)
        return self._copies[id]

    def interface(self, id: InterfaceId) -> InterfaceId:
        """Copy an interface written inline; one with a name is the same everywhere."""
        interface = self._arena.interfaces[id]
        if interface.name is not None:
            return id
        copy = self._arena.add_interface(Interface(None, {}, {}, self._package))
        inner = Cloner(self._arena, TypeOwner(interface=id), TypeOwner(interface=copy), self._package)
        types = {name: inner.named_type(type, name) for name, type in interface.types.items()}
        functions = {name: inner.function(function) for name, function in interface.functions.items()}
        self._arena.interfaces[copy] = replace(
            interface, types=types, functions=functions, package=self._package, clone_of=id
        )
        return copy

    def _id(self, id: TypeId) -> TypeId:
        """Return the copy of a type; a type without a name is rebuilt if something in it was copied."""
        known = self._copies.get(id)
        if known is not None:
            return known
        definition = self._arena.types[id]
        if definition.owner is not None:
            return id
        kind = self._rebuilder.kind(definition.kind)
        copy = id if kind == definition.kind else self._arena.add_type(replace(definition, kind=kind))
        self._copies[id] = copy
        return copy
