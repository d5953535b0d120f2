"""The order in which wasm-tools numbers types, for documents that are compared with its own.

wit-parser reads a package without the handles that stand for a resource as a value, and adds each where the first type
that holds one is copied to the tree, or else after all types of the package (`Remap::append` of its `resolve` module).
"""

from __future__ import annotations

from collections.abc import Iterator

from ...base.frozen import replace
from .ir import (
    Function,
    InterfaceItem,
    Own,
    PackageId,
    Resolve,
    Type,
    TypeId,
    TypeItem,
    TypeOwner,
    TypeRef,
    World,
    WorldItem,
)
from .rebuild import Rebuilder

__all__ = ["numbered"]


def numbered(resolve: Resolve) -> Resolve:
    """Return the tree with its types in wasm-tools' order."""
    order = list(_Order(resolve).types())
    if order == sorted(order):
        return resolve
    new = {id: TypeId(number) for number, id in enumerate(order)}
    rebuilder = Rebuilder(new.__getitem__)

    def item(old: WorldItem) -> WorldItem:
        match old:
            case TypeItem(id):
                return replace(old, id=new[id])
            case Function():
                return rebuilder.function(old)
            case InterfaceItem():
                return old

    definitions = (resolve.types[id] for id in order)
    return replace(
        resolve,
        types=tuple(replace(each, kind=rebuilder.kind(each.kind)) for each in definitions),
        interfaces=tuple(
            replace(
                each,
                types={name: new[id] for name, id in each.types.items()},
                functions={name: rebuilder.function(function) for name, function in each.functions.items()},
            )
            for each in resolve.interfaces
        ),
        worlds=tuple(
            replace(
                each,
                imports={key: item(value) for key, value in each.imports.items()},
                exports={key: item(value) for key, value in each.exports.items()},
            )
            for each in resolve.worlds
        ),
    )


class _Order:
    """Goes through a tree package by package."""

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve
        self._packages: dict[TypeId, PackageId] = {}
        for interface in resolve.interfaces:
            for function in interface.functions.values():
                self._belong(_types_of(function), interface.package)
        for world in resolve.worlds:
            for function in _own(world):
                self._belong(_types_of(function), world.package)
        for number, definition in enumerate(resolve.types):
            if definition.owner is not None:
                self._belong([TypeRef(TypeId(number))], self._package(definition.owner))

    def types(self) -> Iterator[TypeId]:
        """Yield all types in order."""
        given: set[TypeId] = set()
        segments: dict[PackageId, list[TypeId]] = {PackageId(id): [] for id in range(len(self._resolve.packages))}
        package = PackageId(0)
        for number in range(len(self._resolve.types)):
            id = TypeId(number)
            # Types that only a hidden function mentions have no user, and keep the place where they were read.
            package = self._packages.get(id, package)
            segments[package].append(id)
        for package, segment in segments.items():
            for id in segment:
                if not self._is_implied(id):
                    yield from self._new(_parts(self._resolve, id), given)
                    yield id
            for function in self._functions(package):
                yield from self._new([each.id for each in _types_of(function) if isinstance(each, TypeRef)], given)
            yield from self._new(segment, given)

    def _new(self, ids: list[TypeId], given: set[TypeId]) -> Iterator[TypeId]:
        for id in ids:
            if self._is_implied(id) and id not in given:
                given.add(id)
                yield id

    def _is_implied(self, id: TypeId) -> bool:
        """Return whether a type is the handle that a resource's name means."""
        definition = self._resolve.types[id]
        return definition.name is None and isinstance(definition.kind, Own)

    def _functions(self, package: PackageId) -> Iterator[Function]:
        for interface in self._resolve.interfaces:
            if interface.package == package:
                yield from interface.functions.values()
        for world in self._resolve.worlds:
            if world.package == package:
                yield from _own(world)

    def _belong(self, types: list[Type], package: PackageId) -> None:
        """Note the package of types; a part without a name belongs where it is mentioned."""
        pending = [(each.id, package) for each in types if isinstance(each, TypeRef)]
        while pending:
            id, place = pending.pop()
            owner = self._resolve.types[id].owner
            if id not in self._packages:
                self._packages[id] = place if owner is None else self._package(owner)
                pending += [(part, self._packages[id]) for part in _parts(self._resolve, id)]

    def _package(self, owner: TypeOwner) -> PackageId:
        if owner.interface is not None:
            return self._resolve.interfaces[owner.interface].package
        return self._resolve.worlds[owner.world or 0].package


def _own(world: World) -> Iterator[Function]:
    for item in (*world.imports.values(), *world.exports.values()):
        if isinstance(item, Function):
            yield item


def _types_of(function: Function) -> list[Type]:
    return [*(param.type for param in function.params), *([] if function.result is None else [function.result])]


def _parts(resolve: Resolve, id: TypeId) -> list[TypeId]:
    """Return the types that a type mentions, in order."""
    found: list[TypeId] = []

    def note(part: TypeId) -> TypeId:
        found.append(part)
        return part

    Rebuilder(note).kind(resolve.types[id].kind)
    return found
