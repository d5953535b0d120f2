"""Checks items that a feature gate leaves out: they must still be valid, so their names are looked up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from ...base.source import Span
from ..model.ir import PackageName, Stability
from ..syntax import ast
from .context import Context, Off
from .declared import Declarations, own_names, side_name
from .gates import gate, stability
from .inputs import Unit
from .scope import Item, Names, Scope
from .types import TypeResolver

__all__ = ["GatedChecks"]


class _Package(Protocol):
    """The interface of the package that an item is left out of."""

    context: Context
    name: PackageName
    types: TypeResolver

    def check_package(self, unit: Unit, path: ast.Path) -> None:
        """Check that the package of a path is there."""
        ...

    def define_interface(
        self,
        unit: Unit,
        items: tuple[ast.InterfaceItem, ...],
        name: str | None,
        docs: str | None,
        gated: Stability,
        span: Span,
    ) -> object:
        """Resolve and store an interface."""
        ...

    def foreign_item(self, path: ast.PackagePath) -> Item | None:
        """Return an item of another package; None if it does not exist."""
        ...

    def interface(self, unit: Unit, path: ast.Path) -> Item | None:
        """Return an interface; None if it does not exist."""
        ...

    def world(self, unit: Unit, path: ast.Path) -> Item | None:
        """Return a world; None if it does not exist."""
        ...


class _Sides(NamedTuple):
    """A world's imports and exports: names, and interfaces by direction and item."""

    imports: Names
    exports: Names
    interfaces: dict[tuple[bool, int], Span]


class GatedChecks:
    """Checks items of one file that are left out. Other packages are only checked to exist."""

    def __init__(self, package: _Package, unit: Unit) -> None:
        self._package = package
        self._context = package.context
        self._types = package.types
        self._unit = unit
        self._declarations = Declarations(package.context, unit.file)

    def interface(self, items: Iterable[ast.InterfaceItem], off: Off) -> None:
        """Check an interface; its types must be left out, too, because others could refer to them."""
        items = list(items)
        typed = [item for item in items if not isinstance(item, ast.FunctionDecl)]
        functions = [item for item in items if isinstance(item, ast.FunctionDecl)]
        names = [name for item in typed for name in own_names(item)]
        self._declarations.check_distinct([*names, *(function.name for function in functions)], "name")
        outer = self._types.scope
        self._types.scope = self._scope(typed, off, "interface")
        for function in functions:
            self._function(function.type)
        self._types.scope = outer

    def world(self, decl: ast.WorldDecl, off: Off) -> None:
        """Check a world; its types must be left out, too."""
        typed = [item for item in decl.items if not isinstance(item, ast.Extern | ast.IncludeDecl)]
        names = [name for item in typed for name in own_names(item)]
        self._declarations.check_distinct(names, "name")
        self._types.scope = self._scope(typed, off, "world")
        sides = _Sides(Names(self._context), Names(self._context), {})
        for name in names:
            sides.imports.put(name.name, self._span(name))
        for item in decl.items:
            if isinstance(item, ast.IncludeDecl):
                self.include(item)
            elif isinstance(item, ast.Extern):
                self._extern(item, sides, off)

    def _extern(self, extern: ast.Extern, sides: _Sides, off: Off) -> None:
        target = extern.target
        if extern.label is not None:
            names = sides.imports if extern.is_import else sides.exports
            names.add(extern.label.name, self._span(extern.label), side_name(extern))
        if isinstance(target, ast.FunctionType):
            self._function(target)
        elif isinstance(target, ast.InlineInterface):
            self._inline(extern, target, off)
        else:
            item = self.path(target)
            if item is not None and extern.label is None:
                span = self._span(target.name)
                first = sides.interfaces.setdefault((extern.is_import, id(item)), span)
                if first is not span:
                    self._declarations.report_twice(extern, target.name, first)

    def _function(self, function: ast.FunctionType, *, is_method: bool = False) -> None:
        self._declarations.check_parameters(function, is_method=is_method)
        self._types.check_gated(function)

    def _inline(self, extern: ast.Extern, target: ast.InlineInterface, off: Off) -> None:
        """Check an inline interface of a world that is left out: without a gate itself, it is stored, though unused."""
        gated = stability(self._context, self._unit.file, extern.attributes)
        label = extern.label
        if label is None:
            return
        span = self._span(label)
        if gate(self._context, self._package.name, gated, span) is not None:
            self.interface(target.items, off)
            return
        outer = self._types.scope
        self._package.define_interface(self._unit, target.items, None, extern.docs, gated, span)
        self._types.scope = outer

    def path(self, path: ast.Path) -> Item | None:
        """Check the path of an interface; returns it if it is there."""
        if isinstance(path, ast.LocalPath):
            return self._package.interface(self._unit, path)
        self._package.check_package(self._unit, path)
        return self._package.foreign_item(path)

    def include(self, include: ast.IncludeDecl) -> None:
        """Check the path of an included world."""
        if isinstance(include.path, ast.LocalPath):
            self._package.world(self._unit, include.path)
        else:
            self._package.check_package(self._unit, include.path)

    def use(self, use: ast.UseDecl) -> None:
        """Check that a `use` finds its interface and names."""
        item = self.path(use.path)
        if item is None or item.off is not None or isinstance(use.path, ast.PackagePath):
            return
        known = [*item.scope.types, *item.scope.functions]
        for used in use.names:
            if used.name.name not in known:
                self._context.error(
                    "W0204",
                    f"interface `{item.name}` has no type `{used.name.name}`",
                    self._span(used.name),
                    help=self._context.suggest(used.name.name, known),
                )

    def _scope(self, items: list[ast.UseDecl | ast.TypeDecl], off: Off, owner: str) -> Scope:
        scope = Scope()
        self._types.file = self._unit.file
        for item in items:
            if isinstance(item, ast.UseDecl):
                self.use(item)
            gated = stability(self._context, self._unit.file, item.attributes)
            for name in own_names(item):
                scope.types.setdefault(name.name, off)
                if gate(self._context, self._package.name, gated, self._span(name)) is None:
                    self._context.refuse_gated(f"the {owner} of type `{name.name}`", self._span(name), off)
        outer, self._types.scope = self._types.scope, scope
        for item in self._declarations.order(items)[0]:
            self._declarations.check_type(item)
            if isinstance(item, ast.ResourceDecl):
                for function in item.functions:
                    is_method = isinstance(function, ast.FunctionDecl) and not function.is_static
                    self._function(function.type, is_method=is_method)
            else:
                self._types.check_type(item)
        self._types.scope = outer
        return scope

    def _span(self, name: ast.Ident) -> Span:
        return Span(self._unit.file, name.start, name.end)
