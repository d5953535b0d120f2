"""Adds decoded binary packages to the arena.

A binary package is complete, but contains only the used parts of its dependencies. If the tree has such a dependency,
its parts are matched by name; otherwise it is assembled from the parts in the tree's binary packages.
"""

from __future__ import annotations

from ...base.frozen import replace
from ...diagnostics.errors import WitgenError
from ...diagnostics.model import Diagnostic
from ..model.ir import (
    Function,
    Interface,
    InterfaceId,
    InterfaceItem,
    Package,
    PackageId,
    PackageName,
    TypeId,
    TypeItem,
    TypeOwner,
    World,
    WorldId,
    WorldItem,
    WorldKey,
)  # fmt: skip
from ..model.rebuild import Rebuilder
from .context import Context
from .inputs import BinaryInput
from .scope import Item, PackageScope

__all__ = ["graft"]


def graft(context: Context, source: BinaryInput, known: dict[PackageName, PackageScope]) -> None:
    """Add a decoded package, and its parts of others, to the arena; raises `WitgenError` if they do not fit."""
    _Grafter(context, source, known).graft()


class _Grafter:
    def __init__(self, context: Context, source: BinaryInput, known: dict[PackageName, PackageScope]) -> None:
        self._context = context
        self._arena = context.arena
        self._decoded = source.decoded
        self._path = source.path
        self._known = known
        self._packages: list[PackageId] = []
        self._interfaces: dict[InterfaceId, Item] = {}
        self._worlds: dict[WorldId, WorldId] = {}
        self._types: dict[TypeId, TypeId] = {}
        self._rebuilder = Rebuilder(self._id)

    def graft(self) -> None:
        for number, package in enumerate(self._decoded.packages):
            self._package(package, is_main=number == self._decoded.main)
        self._inline_interfaces()
        # Types follow the types that they consist of; anonymous ones are copied with their users.
        for number, definition in enumerate(self._decoded.types):
            if definition.name is not None:
                self._id(TypeId(number))
        for id, item in self._interfaces.items():
            self._fill_interface(self._decoded.interfaces[id], item)
        for world, new in self._worlds.items():
            self._fill_world(self._decoded.worlds[world], new)

    # ---- Packages

    def _package(self, package: Package, *, is_main: bool) -> None:
        scope = self._known.get(package.name)
        if scope is None:
            scope = self._known[package.name] = PackageScope(package.name, is_partial=not is_main)
            empty = Package(package.name, {}, {}, package.docs)
            self._context.package_ids[package.name] = self._arena.add_package(empty)
        id = self._context.package_ids[package.name]
        self._packages.append(id)
        for name, interface in package.interfaces.items():
            if name not in scope.items and (is_main or scope.is_partial):
                self._add_interface(scope, name, id)
            item = scope.items.get(name)
            if item is None or item.interface is None:
                raise self._problem(f"`{scope.name}` has no interface `{name}`")
            self._interfaces[interface] = item
        for name, world in package.worlds.items():
            if name not in scope.items:
                self._worlds[world] = self._arena.add_world(World(name, {}, {}, id))
                scope.items[name] = Item(name, None, is_world=True, world=self._worlds[world])
        self._list_items(id, scope)

    def _add_interface(self, scope: PackageScope, name: str, package: PackageId) -> None:
        interface = self._arena.add_interface(Interface(name, {}, {}, package))
        scope.items[name] = Item(name, None, interface=interface)

    def _list_items(self, id: PackageId, scope: PackageScope) -> None:
        items = scope.items.values()
        self._arena.packages[id] = replace(
            self._arena.packages[id],
            interfaces={item.name: item.interface for item in items if item.interface is not None},
            worlds={item.name: item.world for item in items if item.world is not None},
        )

    def _inline_interfaces(self) -> None:
        for number, interface in enumerate(self._decoded.interfaces):
            if interface.name is None:
                package = self._packages[interface.package]
                new = self._arena.add_interface(Interface(None, {}, {}, package))
                self._interfaces[InterfaceId(number)] = Item("", None, interface=new)

    # ---- Types

    def _id(self, id: TypeId) -> TypeId:
        known = self._types.get(id)
        if known is None:
            known = self._types[id] = self._type(id)
        return known

    def _type(self, id: TypeId) -> TypeId:
        definition = self._decoded.types[id]
        owner, name = definition.owner, definition.name
        item = self._interfaces[owner.interface] if owner is not None and owner.interface is not None else None
        if item is not None and name is not None:
            entry = item.scope.types.get(name)
            if isinstance(entry, int):
                return entry
            if entry is not None or not self._may_grow(item):
                raise self._problem(f"interface `{item.name}` has no type `{name}`")
        kind = self._rebuilder.kind(definition.kind)
        new = self._arena.add_type(replace(definition, kind=kind, owner=self._owner(owner)))
        if item is not None and name is not None:
            item.scope.types[name] = new
        return new

    def _may_grow(self, item: Item) -> bool:
        """Return whether the interface is assembled from this or other binary files."""
        if item.interface is None or not item.name:
            return True
        package = self._arena.interfaces[item.interface].package
        scope = self._known[self._arena.packages[package].name]
        return scope.is_partial or package == self._packages[self._decoded.main]

    def _owner(self, owner: TypeOwner | None) -> TypeOwner | None:
        if owner is None:
            return None
        if owner.interface is not None:
            return TypeOwner(interface=self._interfaces[owner.interface].interface)
        return TypeOwner(world=self._worlds.get(owner.world)) if owner.world is not None else None

    # ---- Interfaces and worlds

    def _fill_interface(self, decoded: Interface, item: Item) -> None:
        if item.interface is None:
            return
        present = self._arena.interfaces[item.interface]
        missing = [name for name in decoded.functions if name not in present.functions]
        if not self._may_grow(item):
            if missing:
                raise self._problem(f"interface `{item.name}` has no function `{missing[0]}`")
            return
        functions = {name: self._rebuilder.function(decoded.functions[name]) for name in missing}
        item.scope.functions.update(dict.fromkeys(missing))
        types = {name: entry for name, entry in item.scope.types.items() if isinstance(entry, int)}
        if decoded.name is None:
            types = {name: self._id(id) for name, id in decoded.types.items()}
        self._arena.interfaces[item.interface] = replace(
            decoded, types=types, functions={**present.functions, **functions}, package=present.package, clone_of=None
        )

    def _fill_world(self, decoded: World, new: WorldId) -> None:
        self._arena.worlds[new] = replace(
            decoded,
            imports=dict(self._item(key, item) for key, item in decoded.imports.items()),
            exports=dict(self._item(key, item) for key, item in decoded.exports.items()),
            package=self._arena.worlds[new].package,
        )

    def _item(self, key: WorldKey, item: WorldItem) -> tuple[WorldKey, WorldItem]:
        match item:
            case Function():
                return key, self._rebuilder.function(item)
            case TypeItem():
                return key, TypeItem(self._id(item.id))
            case InterfaceItem():
                id = self._interfaces[item.id].interface
                if id is None:
                    raise self._problem("an interface is left out")
                return (key if isinstance(key, str) else id), replace(item, id=id)

    def _problem(self, message: str) -> WitgenError:
        return WitgenError(
            [
                Diagnostic(
                    "W0109",
                    f"this binary package does not match its dependencies: {message}",
                    path=self._path,
                    help="it was built with other versions of the packages under deps/",
                )
            ]
        )
