"""What stands between the braces of an interface or world: `use`, types and functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from ..diagnostics import Label
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
from ..source import SourceFile, Span
from ..syntax import ast
from .context import Context, Off
from .cycles import report_cycle
from .functions import FunctionResolver
from .gates import external_id, gate, stability
from .order import find_cycle, topological_order
from .scope import Broken, Entry, Names, Scope
from .types import TypeResolver, references

__all__ = ["MemberResolver"]


class Paths(Protocol):
    """Looks up the paths of one file."""

    def scope_of(self, use: ast.UseDecl) -> tuple[str, Scope] | None:
        """Return the interface that `use` names and what it defines; None if there is none, which has been said."""
        ...

    def check_left_out(self, use: ast.UseDecl) -> None:
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
        for decl in self._in_order(items):
            if decl.name.name not in self.scope.types:
                self.scope.types[decl.name.name] = self._define(decl)
        return {name: entry for name, entry in self.scope.types.items() if isinstance(entry, int)}

    def _register(self, item: ast.UseDecl | ast.TypeDecl) -> None:
        names = [used.rename or used.name for used in item.names] if isinstance(item, ast.UseDecl) else [item.name]
        for name in names:
            self._add_name(name)
            self.scope.declared.append(name.name)

    def _add_name(self, name: ast.Ident) -> None:
        self._names.add(name.name, self._span(name), "name")

    def _in_order(self, items: Sequence[ast.UseDecl | ast.TypeDecl]) -> list[ast.TypeDecl]:
        """Order definitions so that each follows what it refers to; report cycles.

        The names of `use`s have their place in the order, too: a definition that refers to one comes after it.
        """
        nodes: list[tuple[str, ast.TypeDecl | None]] = []
        for item in items:
            if isinstance(item, ast.UseDecl):
                nodes += [((used.rename or used.name).name, None) for used in item.names]
            else:
                nodes.append((item.name.name, item))
        index = {name: number for number, (name, _) in reversed(list(enumerate(nodes)))}
        found = [references(decl) if decl is not None else [] for _, decl in nodes]
        needed = [[name for name in names if name.name in index] for names in found]
        edges = [[index[name.name] for name in names] for names in needed]
        order = topological_order(edges)
        if len(order) < len(nodes):
            left = set(range(len(nodes))) - set(order)
            walk, start = find_cycle(edges, left)
            steps = [(nodes[node][0], needed[node][edge].name, self._span(needed[node][edge])) for node, edge in walk]
            report_cycle(self._context, "type", steps, start)
            for number in left:
                self.scope.types[nodes[number][0]] = Broken()
        return [decl for number in order if (decl := nodes[number][1]) is not None]

    def _use(self, use: ast.UseDecl) -> None:
        gated = stability(self._context, self._file, use.attributes)
        external = external_id(self._context, self._file, use.attributes)
        off = gate(self._context, self._package, gated, Span(self._file, use.path.name.start, use.path.name.end))
        source = None
        if off is None:
            source = self._paths.scope_of(use)
        else:
            self._paths.check_left_out(use)
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
        if (off := gate(self._context, self._package, gated, span)) is not None:
            self.note_gated("type", decl.name.name, off)
            self._types.check_names(references(decl))
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
                self._distinct((field.name for field in decl.fields), "field")
                return Record(tuple(self._field(field, gated) for field in decl.fields))
            case ast.VariantDecl():
                self._not_empty(decl.name, "variant", decl.cases)
                self._distinct((case.name for case in decl.cases), "case")
                return Variant(tuple(self._case(case, gated) for case in decl.cases))
            case ast.EnumDecl():
                self._not_empty(decl.name, "enum", decl.cases)
                self._distinct((case.name for case in decl.cases), "case")
                return Enum(
                    tuple(EnumCase(case.name.name, _docs(case.docs), self._span(case.name)) for case in decl.cases)
                )
            case ast.FlagsDecl():
                self._distinct((flag.name for flag in decl.flags), "flag")
                flags = (Flag(flag.name.name, _docs(flag.docs), self._span(flag.name)) for flag in decl.flags)
                return Flags(tuple(flags))
            case ast.ResourceDecl():
                self._check_members(decl)
                return Resource()

    def _field(self, field: ast.Field, gated: Stability) -> Field:
        return Field(field.name.name, self._types.value(field.type, gated), _docs(field.docs), self._span(field.name))

    def _case(self, case: ast.Case, gated: Stability) -> Case:
        payload = None if case.type is None else self._types.value(case.type, gated)
        return Case(case.name.name, payload, _docs(case.docs), self._span(case.name))

    def _distinct(self, names: Iterable[ast.Ident], what: str) -> None:
        known = Names(self._context)
        for name in names:
            known.add(name.name, self._span(name), what)

    def _not_empty(self, name: ast.Ident, what: str, cases: Sequence[object]) -> None:
        if not cases:
            self._context.error("W0305", f"{what} `{name.name}` has no cases", self._span(name))

    def _check_members(self, resource: ast.ResourceDecl) -> None:
        self._distinct((f.name for f in resource.functions if isinstance(f, ast.FunctionDecl)), "function")
        constructors = [f for f in resource.functions if isinstance(f, ast.ConstructorDecl)]
        for extra in constructors[1:]:
            self._context.error(
                "W0201",
                f"resource `{resource.name.name}` has more than one constructor",
                self._span(extra.name),
                labels=[Label(self._span(constructors[0].name), "the first one")],
            )

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
        """Remember what is left out, and why."""
        self._context.gated.append(GatedItem(self._package_id, kind, self._owner_name, name, off.feature, off.span))

    def _span(self, name: ast.Ident) -> Span:
        return Span(self._file, name.start, name.end)


def _docs(text: str | None) -> Docs | None:
    return None if text is None else Docs(text)
