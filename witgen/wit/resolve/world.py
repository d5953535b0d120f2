"""Resolves one world: its types, imports and exports as written; then its includes; then their dependencies."""

from __future__ import annotations

from ...base.source import Span
from ..model.ir import (
    Docs,
    InterfaceId,
    InterfaceItem,
    Stability,
    TypeItem,
    TypeOwner,
    World,
    WorldId,
    WorldItem,
    WorldKey,
)  # fmt: skip
from ..syntax import ast
from .context import Off
from .declared import Declarations, own_names, side_name
from .elaborate import Elaborator
from .gated_checks import GatedChecks
from .gates import external_id, gate, stability
from .include import Includer
from .inputs import Unit
from .members import MemberResolver
from .package import PackageResolver, UnitPaths
from .scope import Item, Names

__all__ = ["resolve_world"]

_Side = dict[WorldKey, WorldItem]


def resolve_world(package: PackageResolver, unit: Unit, decl: ast.WorldDecl, item: Item) -> None:
    """Resolve one world and store it."""
    _WorldResolver(package, unit, decl, item).resolve()


class _WorldResolver:
    def __init__(self, package: PackageResolver, unit: Unit, decl: ast.WorldDecl, item: Item) -> None:
        self._package = package
        self._context = package.context
        self._unit = unit
        self._decl = decl
        self._item = item
        self._declarations = Declarations(package.context, unit.file)
        self._span = self._at(decl.name)
        self._imports: _Side = {}
        self._exports: _Side = {}
        self._names = {True: Names(self._context), False: Names(self._context)}
        self._spans: dict[tuple[bool, WorldKey], Span] = {}

    def resolve(self) -> None:
        """Resolve the world and store it."""
        gated = stability(self._context, self._unit.file, self._decl.attributes)
        self._item.off = gate(self._context, self._package.name, gated, self._span)
        if self._item.off is not None:
            self._package.note_gated("world", None, self._decl.name.name, self._item.off)
            GatedChecks(self._package, self._unit).world(self._decl, self._item.off)
            return
        docs = Docs(self._decl.docs) if self._decl.docs is not None else None
        id = self._context.arena.add_world(World(self._decl.name.name, {}, {}, self._package.id))
        members = self._members(id)
        self._own_items(members)
        self._include(id)
        elaborator = Elaborator(self._context, self._decl.name.name, self._span)
        imports, exports = elaborator.elaborate(self._imports, self._exports, self._spans)
        self._context.arena.worlds[id] = World(
            self._decl.name.name, imports, exports, self._package.id, docs, gated, span=self._span
        )
        self._item.world = id

    def _members(self, id: WorldId) -> MemberResolver:
        return MemberResolver(
            self._context,
            self._package.types,
            self._unit.file,
            (self._package.id, self._package.name),
            TypeOwner(world=id),
            self._decl.name.name,
            UnitPaths(self._package, self._unit),
        )

    # ---- The world's own declarations

    def _own_items(self, members: MemberResolver) -> None:
        typed = [item for item in self._decl.items if not isinstance(item, ast.Extern | ast.IncludeDecl)]
        for name, type in members.resolve_types(typed).items():
            self._imports[name] = TypeItem(type)
        self._register_types(typed)
        for item in self._decl.items:
            if isinstance(item, ast.ResourceDecl):
                self._imports.update(members.resource_functions(item))
            elif isinstance(item, ast.Extern):
                self._extern(item, members)

    def _register_types(self, items: list[ast.UseDecl | ast.TypeDecl]) -> None:
        """The types of a world are imports: their names are taken on that side."""
        known: set[str] = set()
        for item in items:
            for name in own_names(item):
                if name.name.lower() not in known:
                    known.add(name.name.lower())
                    span = self._at(name)
                    self._names[True].add(name.name, span, "import")
                    self._spans[True, name.name] = span

    def _extern(self, extern: ast.Extern, members: MemberResolver) -> None:
        target = extern.target
        if isinstance(target, ast.FunctionType):
            self._function(extern, target, members)
        elif isinstance(target, ast.InlineInterface):
            self._inline(extern, target)
        else:
            self._interface(extern, target)

    def _function(self, extern: ast.Extern, type: ast.FunctionType, members: MemberResolver) -> None:
        label = extern.label
        if label is None:
            return
        is_new = self._add_name(extern, label)
        function = members.functions.imported(extern, label, type)
        if isinstance(function, Off):
            self._note_gated(extern, label.name, function)
        elif is_new:
            self._side(extern)[label.name] = function

    def _inline(self, extern: ast.Extern, target: ast.InlineInterface) -> None:
        label = extern.label
        if label is None:
            return
        is_new = self._add_name(extern, label)
        gated, off = self._gate(extern, label)
        if off is not None:
            GatedChecks(self._package, self._unit).interface(target.items, off)
            return
        types = self._package.types
        outer = types.scope
        id, _ = self._package.define_interface(self._unit, target.items, None, extern.docs, gated, self._at(label))
        types.scope = outer
        if is_new:
            external = external_id(self._context, self._unit.file, extern.attributes)
            self._side(extern)[label.name] = InterfaceItem(id, None, gated, external)

    def _interface(self, extern: ast.Extern, path: ast.Path) -> None:
        place = extern.label or path.name
        is_new = self._add_name(extern, extern.label) if extern.label is not None else True
        gated, off = self._gate(extern, place)
        if off is not None:
            item = GatedChecks(self._package, self._unit).path(path)
            if extern.label is None and item is not None and item.interface is not None:
                self._add_interface(extern, item.interface, path.name)
            return
        item = self._package.interface(self._unit, path)
        if item is None:
            return
        if item.off is not None:
            self._context.refuse_gated(f"interface `{item.name}`", self._at(path.name), item.off)
        if item.interface is None:
            return
        if extern.label is None:
            is_new = self._add_interface(extern, item.interface, path.name)
        if is_new:
            docs = Docs(extern.docs) if extern.docs is not None else None
            external = external_id(self._context, self._unit.file, extern.attributes)
            key: WorldKey = extern.label.name if extern.label is not None else item.interface
            self._side(extern)[key] = InterfaceItem(item.interface, docs, gated, external)

    def _add_interface(self, extern: ast.Extern, id: InterfaceId, name: ast.Ident) -> bool:
        span = self._at(name)
        first = self._spans.setdefault((extern.is_import, id), span)
        if first is span:
            return True
        self._declarations.report_twice(extern, name, first)
        return False

    def _add_name(self, extern: ast.Extern, label: ast.Ident) -> bool:
        span = self._at(label)
        is_new = self._names[extern.is_import].add(label.name, span, side_name(extern))
        if is_new:
            self._spans[extern.is_import, label.name] = span
        return is_new

    def _gate(self, extern: ast.Extern, place: ast.Ident) -> tuple[Stability, Off | None]:
        gated = stability(self._context, self._unit.file, extern.attributes)
        off = gate(self._context, self._package.name, gated, self._at(place))
        if off is not None:
            self._note_gated(extern, place.name, off)
        return gated, off

    def _note_gated(self, extern: ast.Extern, name: str, off: Off) -> None:
        self._package.note_gated(side_name(extern), self._decl.name.name, name, off)

    def _side(self, extern: ast.Extern) -> _Side:
        return self._imports if extern.is_import else self._exports

    # ---- Includes

    def _include(self, id: WorldId) -> None:
        includer = Includer(self._context, self._package.id, id, (self._imports, self._exports), self._names)
        for item in self._decl.items:
            if not isinstance(item, ast.IncludeDecl):
                continue
            span = self._at(item.path.name)
            gated = stability(self._context, self._unit.file, item.attributes)
            if (off := gate(self._context, self._package.name, gated, span)) is not None:
                self._package.note_gated("include", self._decl.name.name, item.path.name.name, off)
                GatedChecks(self._package, self._unit).include(item)
                continue
            world = self._package.world(self._unit, item.path)
            if world is None:
                continue
            if world.off is not None:
                self._context.refuse_gated(f"world `{world.name}`", span, world.off)
            elif world.world is not None:
                includer.include(world.world, item, self._unit.file)

    def _at(self, name: ast.Ident) -> Span:
        return Span(self._unit.file, name.start, name.end)
