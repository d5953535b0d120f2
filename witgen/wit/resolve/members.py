"""The members of an interface or world: `use`, types and functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from ...base.source import SourceFile, Span
from ...diagnostics.model import Label
from ..model.ir import (
    Alias,
    Case,
    Docs,
    Enum,
    EnumCase,
    Field,
    Flag,
    Flags,
    Function,
    GatedItem,
    PackageId,
    PackageName,
    Record,
    Resource,
    Stability,
    TypeDef,
    TypeId,
    TypeKind,
    TypeOwner,
    TypeRef,
    Variant,
)  # fmt: skip
from ..syntax import ast
from .context import Context, Off
from .declared import Declarations, own_names
from .functions import FunctionResolver
from .gates import external_id, gate, stability
from .scope import Broken, Entry, Names, Scope
from .types import TypeResolver

__all__ = ["MemberResolver"]


class Paths(Protocol):
    """Looks up the paths of one file."""

    def scope_of(self, use: ast.UseDecl) -> tuple[str, Scope] | None:
        """Return the interface that `use` names and its scope; None if it does not exist, which is reported."""
        ...

    def check_gated(self, use: ast.UseDecl) -> None:
        """Check a `use` that is left out."""
        ...


class MemberResolver:
    """Resolves the members of one interface or world."""

    def __init__(
        self,
        context: Context,
        types: TypeResolver,
        file: SourceFile,
        package: tuple[PackageId, PackageName],
        owner: TypeOwner,
        owner_name: str | None,
        paths: Paths,
    ) -> None:
        self._context = context
        self._types = types
        self._file = file
        self._package_id, self._package = package
        self._owner = owner
        self._owner_name = owner_name
        self._paths = paths
        self._names = Names(context)
        self._declarations = Declarations(context, file)
        self.scope = Scope()
        self.functions = FunctionResolver(context, types, file, self._package)
        types.file = file
        types.scope = self.scope

    # ---- Types

    def resolve_types(self, items: Sequence[ast.UseDecl | ast.TypeDecl]) -> dict[str, TypeId]:
        """Resolve `use`s and type definitions; returns the types that are in, `use`d ones first."""
        for item in items:
            self._register(item)
        for item in items:
            if isinstance(item, ast.UseDecl):
                self._use(item)
        ordered, broken = self._declarations.order(items)
        self.scope.types.update((name, Broken()) for name in broken)
        for decl in ordered:
            if decl.name.name not in self.scope.types:
                self.scope.types[decl.name.name] = self._define(decl)
        return {name: entry for name, entry in self.scope.types.items() if isinstance(entry, int)}

    def _register(self, item: ast.UseDecl | ast.TypeDecl) -> None:
        for name in own_names(item):
            self._add_name(name)
            self.scope.declared.append(name.name)

    def _add_name(self, name: ast.Ident) -> None:
        self._names.add(name.name, self._span(name), "name")

    def _use(self, use: ast.UseDecl) -> None:
        gated = stability(self._context, self._file, use.attributes)
        external = external_id(self._context, self._file, use.attributes)
        off = gate(self._context, self._package, gated, Span(self._file, use.path.name.start, use.path.name.end))
        source = None
        if off is None:
            source = self._paths.scope_of(use)
        else:
            self._paths.check_gated(use)
        for used in use.names:
            name = used.rename or used.name
            span = self._span(name)
            entry: Entry = Broken()
            if off is not None:
                entry = Off(off.feature, span)
                self.note_gated("use", name.name, entry)
            elif source is not None and (target := self._used(used.name, *source)) is not None:
                kind = Alias(TypeRef(target))
                entry = self._context.arena.add_type(TypeDef(name.name, kind, self._owner, None, gated, external, span))
            self.scope.types.setdefault(name.name, entry)

    def _used(self, name: ast.Ident, interface: str, scope: Scope) -> TypeId | None:
        entry = scope.types.get(name.name)
        if isinstance(entry, int):
            return entry
        if isinstance(entry, Off):
            self._context.refuse_gated(f"`{name.name}` of `{interface}`", self._span(name), entry)
        elif entry is None:
            if (function := scope.functions.get(name.name)) is not None:
                self._context.error(
                    "W0205",
                    f"`{name.name}` is a function: only types can be used",
                    self._span(name),
                    labels=[Label(function, "defined here")],
                )
            else:
                self._context.error(
                    "W0204",
                    f"interface `{interface}` has no type `{name.name}`",
                    self._span(name),
                    help=self._context.suggest(name.name, scope.types, or_list=True),
                )
        return None

    def _define(self, decl: ast.TypeDecl) -> Entry:
        gated = stability(self._context, self._file, decl.attributes)
        span = self._span(decl.name)
        self._declarations.check_type(decl)
        if (off := gate(self._context, self._package, gated, span)) is not None:
            self.note_gated("type", decl.name.name, off)
            self._types.check_type(decl)
            return off
        self._types.referrer = span
        kind = self._kind(decl, gated)
        if kind is None:
            return Broken()
        external = external_id(self._context, self._file, decl.attributes)
        docs = _docs(decl.docs)
        return self._context.arena.add_type(TypeDef(decl.name.name, kind, self._owner, docs, gated, external, span))

    def _kind(self, decl: ast.TypeDecl, gated: Stability) -> TypeKind | None:
        match decl:
            case ast.AliasDecl():
                return self._types.kind(decl.type, gated)
            case ast.RecordDecl():
                return Record(tuple(self._field(field, gated) for field in decl.fields))
            case ast.VariantDecl():
                return Variant(tuple(self._case(case, gated) for case in decl.cases))
            case ast.EnumDecl():
                return Enum(
                    tuple(EnumCase(case.name.name, _docs(case.docs), self._span(case.name)) for case in decl.cases)
                )
            case ast.FlagsDecl():
                flags = (Flag(flag.name.name, _docs(flag.docs), self._span(flag.name)) for flag in decl.flags)
                return Flags(tuple(flags))
            case ast.ResourceDecl():
                return Resource()

    def _field(self, field: ast.Field, gated: Stability) -> Field:
        return Field(field.name.name, self._types.value(field.type, gated), _docs(field.docs), self._span(field.name))

    def _case(self, case: ast.Case, gated: Stability) -> Case:
        payload = None if case.type is None else self._types.value(case.type, gated)
        return Case(case.name.name, payload, _docs(case.docs), self._span(case.name))

    # ---- Functions

    def register_functions(self, items: Iterable[object]) -> None:
        """Register the names of free functions: they share the scope with types."""
        for item in items:
            if isinstance(item, ast.FunctionDecl):
                self._add_name(item.name)
                self.scope.functions[item.name.name] = self._span(item.name)

    def resolve_functions(self, items: Sequence[ast.InterfaceItem]) -> dict[str, Function]:
        """Resolve free functions and those of resources, in source order."""
        functions: dict[str, Function] = {}
        for item in items:
            if isinstance(item, ast.FunctionDecl):
                function = self.functions.free(item)
                if isinstance(function, Off):
                    self.note_gated("function", item.name.name, function)
                else:
                    functions[function.name] = function
            elif isinstance(item, ast.ResourceDecl):
                functions.update(self.resource_functions(item))
        return functions

    def resource_functions(self, resource: ast.ResourceDecl) -> dict[str, Function]:
        """Resolve the functions of one resource."""
        functions: dict[str, Function] = {}
        entry = self.scope.types[resource.name.name]
        for decl in resource.functions:
            function = self.functions.member(decl, resource.name.name, entry)
            if isinstance(function, Off):
                self.note_gated("function", f"{resource.name.name}.{decl.name.name}", function)
            elif function is not None:
                functions[function.name] = function
        return functions

    # ---- Helpers

    def note_gated(self, kind: str, name: str, off: Off) -> None:
        """Record an item that is left out, and the reason."""
        self._context.gated.append(GatedItem(self._package_id, kind, self._owner_name, name, off.feature, off.span))

    def _span(self, name: ast.Ident) -> Span:
        return Span(self._file, name.start, name.end)


def _docs(text: str | None) -> Docs | None:
    return None if text is None else Docs(text)
