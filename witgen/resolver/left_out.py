"""What a feature gate leaves out must still be right: its names are looked up, though nothing comes of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from ..model.ir import InterfaceId, PackageName, Stability
from ..source import Span
from ..syntax import ast
from .context import Context, Off
from .gates import gate, stability
from .inputs import Unit
from .scope import Item, Scope
from .types import TypeResolver, references

__all__ = ["LeftOut"]


class _Package(Protocol):
    """What is needed of the package that the items stand in."""

    context: Context
    types: TypeResolver
    name: PackageName

    def interface(self, unit: Unit, path: ast.Path) -> Item | None: ...

    def world(self, unit: Unit, path: ast.Path) -> Item | None: ...

    def check_package(self, unit: Unit, path: ast.Path) -> None: ...

    def foreign_item(self, path: ast.PackagePath) -> Item | None: ...

    def define_interface(
        self,
        unit: Unit,
        items: tuple[ast.InterfaceItem, ...],
        name: str | None,
        docs: str | None,
        gated: Stability,
        span: Span,
    ) -> tuple[InterfaceId, Scope]: ...


class LeftOut:
    """Checks items of one file that are left out. Of other packages, only that they are there is checked."""

    def __init__(self, package: _Package, unit: Unit) -> None:
        self._package = package
        self._context = package.context
        self._types = package.types
        self._unit = unit

    def interface(self, items: Iterable[ast.InterfaceItem], off: Off) -> None:
        """Check an interface; its types must be left out, too, because others could refer to them."""
        items = list(items)
        typed = [item for item in items if not isinstance(item, ast.FunctionDecl)]
        outer = self._types.scope
        self._types.scope = self._scope(typed, off, "interface")
        for item in items:
            if isinstance(item, ast.FunctionDecl):
                self._types.check_left_out(item.type)
        self._types.scope = outer

    def world(self, decl: ast.WorldDecl, off: Off) -> None:
        """Check a world; its types must be left out, too."""
        typed = [item for item in decl.items if not isinstance(item, ast.Extern | ast.IncludeDecl)]
        self._types.scope = self._scope(typed, off, "world")
        for item in decl.items:
            if isinstance(item, ast.IncludeDecl):
                self.include(item)
            elif isinstance(item, ast.Extern):
                self._extern(item, off)

    def _extern(self, extern: ast.Extern, off: Off) -> None:
        target = extern.target
        if isinstance(target, ast.FunctionType):
            self._types.check_left_out(target)
        elif isinstance(target, ast.InlineInterface):
            self._inline(extern, target, off)
        else:
            self.path(target)

    def _inline(self, extern: ast.Extern, target: ast.InlineInterface, off: Off) -> None:
        """Check an inline interface of a world that is left out: with no gate of its own, it is stored, for nobody."""
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
                names = [used.rename or used.name for used in item.names]
            else:
                names = [item.name]
            gated = stability(self._context, self._unit.file, item.attributes)
            for name in names:
                scope.types.setdefault(name.name, off)
                if gate(self._context, self._package.name, gated, self._span(name)) is None:
                    self._context.refuse_gated(f"the {owner} of type `{name.name}`", self._span(name), off)
        outer, self._types.scope = self._types.scope, scope
        for item in items:
            if isinstance(item, ast.ResourceDecl):
                for function in item.functions:
                    self._types.check_left_out(function.type)
            elif not isinstance(item, ast.UseDecl):
                self._types.check_names(references(item))
        self._types.scope = outer
        return scope

    def _span(self, name: ast.Ident) -> Span:
        return Span(self._unit.file, name.start, name.end)
