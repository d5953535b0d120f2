"""One package: its interfaces and worlds, their names, their order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from ...base.frozen import frozen
from ...base.source import Span
from ...diagnostics.model import Label
from ..model.ir import (
    Docs,
    GatedItem,
    Interface,
    InterfaceId,
    Package,
    PackageName,
    Stability,
    TypeOwner,
)  # fmt: skip
from ..syntax import ast
from .context import Context, Off
from .cycles import report_cycle
from .gated_checks import GatedChecks
from .gates import gate, stability
from .inputs import PackageInput, Unit, package_name
from .members import MemberResolver
from .order import find_cycle, topological_order
from .scope import Item, Names, PackageScope, Scope
from .types import TypeResolver

__all__ = ["PackageResolver", "UnitPaths"]

ItemDecl: TypeAlias = ast.InterfaceDecl | ast.WorldDecl


# Resolves one world; worlds need packages, and so the other way round, so it is handed in.
ResolveWorld: TypeAlias = "Callable[[PackageResolver, Unit, ast.WorldDecl, Item], None]"


@frozen
class _Local:
    """A name in a file: an item of the same package."""

    name: ast.Ident


@frozen
class _Reference:
    """A path that names an item of the same package; `named` is the place in its file that defines the name."""

    name: str
    span: Span
    named: Span | None


_Target: TypeAlias = "_Local | ast.PackagePath"


class PackageResolver:
    """Resolves one package; those it depends on are done."""

    def __init__(
        self, context: Context, source: PackageInput, known: dict[PackageName, PackageScope], world: ResolveWorld
    ) -> None:
        self.context = context
        self._source = source
        self.name = source.name
        self._known = known
        self._world = world
        self.types = TypeResolver(context)
        self.id = context.arena.add_package(Package(source.name, {}, {}))
        self.scope = PackageScope(source.name)
        self._missing: set[PackageName] = set()
        self._decls: dict[str, tuple[Unit, ItemDecl]] = {}
        self._files: dict[int, dict[str, _Target]] = {}

    def resolve(self) -> None:
        """Resolve all items and store the package."""
        self._collect()
        order = self._order()
        for name in order:
            unit, decl = self._decls[name]
            if isinstance(decl, ast.InterfaceDecl):
                self._interface(self.scope.items[name], unit, decl)
        for name in order:
            unit, decl = self._decls[name]
            if isinstance(decl, ast.WorldDecl):
                self._world(self, unit, decl, self.scope.items[name])
        self._check_top_level_uses()
        items = [self.scope.items[name] for name in order]
        docs = Docs(self._source.docs) if self._source.docs is not None else None
        self.context.arena.packages[self.id] = Package(
            self.name,
            {item.name: item.interface for item in items if item.interface is not None},
            {item.name: item.world for item in items if item.world is not None},
            docs,
        )
        self._known[self.name] = self.scope
        self.context.package_ids[self.name] = self.id

    # ---- Names

    def _collect(self) -> None:
        """Register the items of all files, and the names that each file has for them and for others."""
        names = Names(self.context)
        for unit in self._source.units:
            targets = self._files[id(unit)] = {}
            local: dict[str, Span] = {}
            for decl in unit.declarations:
                if isinstance(decl, ast.TopLevelUse):
                    self._register_use(unit, decl, local, targets)
                else:
                    self._register_item(unit, decl, local, names)

    def _register_item(self, unit: Unit, decl: ItemDecl, local: dict[str, Span], names: Names) -> None:
        name = decl.name.name
        span = Span(unit.file, decl.name.start, decl.name.end)
        if not names.add(name, span, "item"):
            return
        if (shadowed := local.setdefault(name, span)) is not span:
            self._duplicate(name, span, shadowed)
        self._decls[name] = (unit, decl)
        self.scope.items[name] = Item(name, span, is_world=isinstance(decl, ast.WorldDecl))

    def _register_use(
        self, unit: Unit, use: ast.TopLevelUse, local: dict[str, Span], targets: dict[str, _Target]
    ) -> None:
        name = use.rename or use.path.name
        span = Span(unit.file, name.start, name.end)
        if (shadowed := local.setdefault(name.name, span)) is not span:
            self._duplicate(name.name, span, shadowed)
            return
        path = use.path
        targets[name.name] = _Local(path.name) if isinstance(path, ast.LocalPath) else path

    def _duplicate(self, name: str, span: Span, first: Span) -> None:
        message = f"name `{name}` is defined more than once in this file"
        self.context.error("W0201", message, span, labels=[Label(first, "first defined here")])

    # ---- Order

    def _order(self) -> list[str]:
        """Return the items, each after those it needs; report cycles."""
        names = list(self._decls)
        index = {name: number for number, name in enumerate(names)}
        references: list[list[_Reference]] = []
        for unit, decl in self._decls.values():
            found = (self._local_reference(unit, path) for path in _ordering_paths(decl))
            references.append([reference for reference in found if reference is not None and reference.name in index])
        edges = [[index[reference.name] for reference in found] for found in references]
        order = topological_order(edges)
        if len(order) < len(names):
            left = set(range(len(names))) - set(order)
            walk, start = find_cycle(edges, left)
            taken = [(names[node], references[node][edge]) for node, edge in walk]
            first = taken[0][1]
            what = "world" if self.scope.items[first.name].is_world else "interface"
            steps = [(name, reference.name, reference.span) for name, reference in taken]
            report_cycle(self.context, what, steps, start, first.named)
            for number in left:
                self.scope.items[names[number]].is_broken = True
        return [names[number] for number in order]

    def _local_reference(self, unit: Unit, path: ast.Path) -> _Reference | None:
        """Return the item of this package that a path names."""
        if not isinstance(path, ast.LocalPath):
            return None
        target = self._files[id(unit)].get(path.name.name)
        if isinstance(target, ast.PackagePath):
            return None
        span = Span(unit.file, path.name.start, path.name.end)
        if target is not None:
            return _Reference(target.name.name, span, Span(unit.file, target.name.start, target.name.end))
        item = self.scope.items.get(path.name.name)
        is_here = item is not None and item.span is not None and item.span.file is unit.file
        return _Reference(path.name.name, span, item.span if item is not None and is_here else span)

    # ---- Paths

    def item(self, unit: Unit, path: ast.Path) -> Item | None:
        """Return the item that a path names; None, with a reported reason, if there is none."""
        if isinstance(path, ast.PackagePath):
            return self._foreign(unit, path)
        name = path.name
        target = self._files[id(unit)].get(name.name)
        if isinstance(target, ast.PackagePath):
            # A path that leads nowhere is reported where it stands, at the top-level `use`.
            return self._foreign(unit, target, quiet=True)
        local = target.name.name if target is not None else name.name
        found = self.scope.items.get(local)
        if found is None and target is None:
            self._unknown_item(unit, name)
        return None if found is None or found.is_broken else found

    def _unknown_item(self, unit: Unit, name: ast.Ident) -> None:
        self.context.error(
            "W0202",
            f"interface or world `{name.name}` does not exist",
            Span(unit.file, name.start, name.end),
            help=self._unknown_item_help(unit, name.name),
        )

    def _unknown_item_help(self, unit: Unit, name: str) -> str | None:
        if any(name in names for names in self._files.values()):
            return "a top-level `use` applies only to its own file: repeat it in this one"
        return self.context.suggest(name, self.scope.items) or self.context.suggest(name, self._files[id(unit)])

    def _foreign(self, unit: Unit, path: ast.PackagePath, *, quiet: bool = False) -> Item | None:
        scope = self._package(package_name(path.package), Span(unit.file, path.package.start, path.package.end))
        if scope is None:
            return None
        found = scope.items.get(path.name.name)
        if found is None and not quiet:
            self.context.error(
                "W0202",
                f"package `{scope.name}` has no interface or world `{path.name.name}`",
                Span(unit.file, path.name.start, path.name.end),
                help=self.context.suggest(path.name.name, scope.items, or_list=True),
            )
        return None if found is None or found.is_broken else found

    def check_package(self, unit: Unit, path: ast.Path) -> None:
        """Note it if the package that a path names is not there, whatever it has."""
        if isinstance(path, ast.PackagePath):
            self._package(package_name(path.package), Span(unit.file, path.package.start, path.package.end))

    def foreign_item(self, path: ast.PackagePath) -> Item | None:
        """Return the item that a path names in another package, if it exists."""
        scope = self._known.get(package_name(path.package))
        return scope.items.get(path.name.name) if scope is not None else None

    def _package(self, name: PackageName, span: Span) -> PackageScope | None:
        if name == self.name:
            return self.scope
        scope = self._known.get(name)
        if scope is None and name not in self._missing:
            self._missing.add(name)
            self.context.missing_package(name, span)
        return scope

    def interface(self, unit: Unit, path: ast.Path) -> Item | None:
        """Return the interface that a path names; None, with the reason noted, if there is none."""
        found = self.item(unit, path)
        if found is not None and found.is_world:
            self._wrong_kind(unit, path.name, found, "is a world, not an interface")
            return None
        return found

    def world(self, unit: Unit, path: ast.Path) -> Item | None:
        """Return the world that a path names; None, with the reason noted, if there is none."""
        found = self.item(unit, path)
        if found is not None and not found.is_world:
            self._wrong_kind(unit, path.name, found, "is an interface, not a world")
            return None
        return found

    def _wrong_kind(self, unit: Unit, name: ast.Ident, item: Item, message: str) -> None:
        self.context.error(
            "W0203",
            f"`{name.name}` {message}",
            Span(unit.file, name.start, name.end),
            labels=[Label(item.span, "defined here")] if item.span is not None else [],
        )

    def _check_top_level_uses(self) -> None:
        """Top-level `use`s must lead somewhere, used or not; from other packages only interfaces can be taken."""
        for unit in self._source.units:
            for decl in unit.declarations:
                if not isinstance(decl, ast.TopLevelUse):
                    continue
                if isinstance(decl.path, ast.PackagePath):
                    self.interface(unit, decl.path)
                elif decl.path.name.name not in self.scope.items:
                    self._unknown_item(unit, decl.path.name)

    # ---- Interfaces

    def scope_of(self, unit: Unit, use: ast.UseDecl) -> tuple[str, Scope] | None:
        """Return the scope of the interface that a `use` names."""
        path = use.path
        item = self.interface(unit, path)
        if item is None:
            return None
        # Without names, nothing of it is used; but items that other packages leave out cannot be seen at all.
        if item.off is not None and (use.names or isinstance(path, ast.PackagePath)):
            span = Span(unit.file, path.name.start, path.name.end)
            self.context.refuse_gated(f"interface `{item.name}`", span, item.off)
            return None
        return item.name, item.scope

    def _interface(self, item: Item, unit: Unit, decl: ast.InterfaceDecl) -> None:
        span = Span(unit.file, decl.name.start, decl.name.end)
        gated = stability(self.context, unit.file, decl.attributes)
        item.off = gate(self.context, self.name, gated, span)
        if item.off is not None:
            self.note_gated("interface", None, item.name, item.off)
            GatedChecks(self, unit).interface(decl.items, item.off)
            return
        item.interface, item.scope = self.define_interface(unit, decl.items, item.name, decl.docs, gated, span)

    def define_interface(
        self,
        unit: Unit,
        items: tuple[ast.InterfaceItem, ...],
        name: str | None,
        docs: str | None,
        gated: Stability,
        span: Span,
    ) -> tuple[InterfaceId, Scope]:
        """Resolve an interface that is in, and store it; inline ones have no name."""
        id = self.context.arena.add_interface(Interface(name, {}, {}, self.id))
        members = MemberResolver(
            self.context,
            self.types,
            unit.file,
            (self.id, self.name),
            TypeOwner(interface=id),
            name,
            UnitPaths(self, unit),
        )
        types = members.resolve_types([item for item in items if not isinstance(item, ast.FunctionDecl)])
        members.register_functions(items)
        functions = members.resolve_functions(items)
        self.context.arena.interfaces[id] = Interface(
            name, types, functions, self.id, Docs(docs) if docs is not None else None, gated, span=span
        )
        return id, members.scope

    def note_gated(self, kind: str, scope: str | None, name: str, off: Off) -> None:
        """Record an item that is left out, and the reason."""
        self.context.gated.append(GatedItem(self.id, kind, scope, name, off.feature, off.span))


class UnitPaths:
    """The paths of one file."""

    def __init__(self, package: PackageResolver, unit: Unit) -> None:
        self._package = package
        self._unit = unit

    def scope_of(self, use: ast.UseDecl) -> tuple[str, Scope] | None:
        """Return the interface that `use` names and its scope; None if it does not exist, which is reported."""
        return self._package.scope_of(self._unit, use)

    def check_gated(self, use: ast.UseDecl) -> None:
        """Check a `use` that is left out."""
        GatedChecks(self._package, self._unit).use(use)


def _ordering_paths(decl: ItemDecl) -> Iterator[ast.Path]:
    """Yield the paths that decide the order: those an interface `use`s, those a world includes."""
    for item in decl.items:
        if isinstance(item, ast.UseDecl):
            if isinstance(decl, ast.InterfaceDecl):
                yield item.path
        elif isinstance(item, ast.IncludeDecl):
            yield item.path
