"""Type expressions to the arena."""

from __future__ import annotations

from typing import assert_never

from ...base.source import SourceFile, Span
from ...diagnostics.model import Label
from ..model.children import children
from ..model.ir import (
    Alias,
    Borrow,
    FixedList,
    Future,
    List,
    Map,
    Option,
    Own,
    Prim,
    Result,
    Stability,
    Stream,
    Tuple,
    Type,
    TypeDef,
    TypeId,
    TypeKind,
    TypeRef,
)  # fmt: skip
from ..syntax import ast
from .context import Context, Off
from .scope import Scope

__all__ = ["TypeResolver", "references"]

_PRIMITIVES = {prim.value: prim for prim in Prim}
_INTEGERS = "WIT's integers are `s8` to `s64` and, without a sign, `u8` to `u64`"
_ELSEWHERE = {
    **dict.fromkeys(("int", "integer", "uint", "long", "short", "usize", "number"), _INTEGERS),
    **dict.fromkeys(("float", "double", "decimal"), "WIT's floats are `f64` and `f32`"),
    **dict.fromkeys(("byte", "bytes", "buffer", "blob"), "bytes are a `list<u8>`"),
    **dict.fromkeys(("array", "vec", "set", "sequence"), "write `list<…>`"),
    **dict.fromkeys(("dict", "object", "json", "any"), "WIT has records, variants and `list<tuple<string, …>>`"),
    **dict.fromkeys(("none", "null", "void", "unit"), "a function without a result has no `->`"),
    **dict.fromkeys(("optional", "maybe"), "write `option<…>`"),
}
"""Help for names of types in other languages."""
# WIT.md, "Maps": keys are primitives that have an order and an equality without surprises.
_NOT_KEYS = frozenset({Prim.F32, Prim.F64, Prim.ERROR_CONTEXT})


class TypeResolver:
    """Resolves type expressions of one package; equal anonymous types are stored once."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._arena = context.arena
        self._anonymous: dict[TypeKind, TypeId] = {}
        self._handles: dict[TypeId, TypeId] = {}
        self.file: SourceFile | None = None
        # The name of the type or function being resolved: a reference to a left-out item is reported on it.
        self.referrer: Span | None = None
        self.scope = Scope()

    # ---- Values

    def value(self, expr: ast.TypeExpr, stability: Stability = None) -> Type:
        """Return the type of a value; a resource's name alone means an owned handle."""
        if isinstance(expr, ast.PrimitiveType):
            return _PRIMITIVES[expr.name]
        if isinstance(expr, ast.Ident):
            return self._named_value(expr)
        if isinstance(expr, ast.HandleType) and not expr.is_borrow:
            resource = self.resource(expr.resource)
            return self._context.placeholder if resource is None else self.own(resource)
        kind = self.kind(expr, stability)
        return self._context.placeholder if kind is None else self.anonymous(kind, stability)

    def _named_value(self, name: ast.Ident) -> Type:
        found = self.lookup(name)
        if found is None:
            return self._context.placeholder
        return self.own(found) if self._arena.is_resource(found) else TypeRef(found)

    def own(self, resource: TypeId) -> TypeRef:
        """Return the handle that a resource's name stands for."""
        handle = self._handles.get(resource)
        if handle is None:
            handle = self._handles[resource] = self._arena.add_type(TypeDef(None, Own(resource), None))
        return TypeRef(handle)

    def borrow(self, resource: TypeId) -> TypeRef:
        """Return `borrow<resource>`."""
        return self.anonymous(Borrow(resource), None)

    def anonymous(self, kind: TypeKind, stability: Stability) -> TypeRef:
        """Return the type without a name that is `kind`."""
        found = self._anonymous.get(kind)
        if found is None:
            inherited = stability if stability is not None else self._inherited(kind)
            found = self._anonymous[kind] = self._arena.add_type(TypeDef(None, kind, None, stability=inherited))
        return TypeRef(found)

    def _inherited(self, kind: TypeKind) -> Stability:
        """Return the first stability known among the parts of an anonymous type, as the reference does."""
        for part in _parts(kind):
            if isinstance(part, Prim):
                continue
            definition = self._arena.types[part.id]
            if definition.name is None and isinstance(definition.kind, Own):
                definition = self._arena.types[definition.kind.resource]
            if definition.stability is not None:
                return definition.stability
        return None

    # ---- Kinds

    def kind(self, expr: ast.TypeExpr, stability: Stability = None) -> TypeKind | None:
        """Return the kind of `name` in `type name = expr`; None if it is invalid, which is reported."""
        match expr:
            case ast.PrimitiveType():
                return Alias(_PRIMITIVES[expr.name])
            case ast.Ident():
                found = self.lookup(expr)
                return None if found is None else Alias(TypeRef(found))
            case ast.HandleType():
                resource = self.resource(expr.resource)
                if resource is None:
                    return None
                return Borrow(resource) if expr.is_borrow else Own(resource)
            case ast.ListType():
                return List(self.value(expr.element, stability))
            case ast.FixedListType():
                return FixedList(self.value(expr.element, stability), expr.size)
            case ast.OptionType():
                return Option(self.value(expr.type, stability))
            case ast.ResultType():
                return Result(self._optional(expr.ok, stability), self._optional(expr.err, stability))
            case ast.TupleType():
                return Tuple(tuple(self.value(part, stability) for part in expr.types))
            case ast.MapType():
                return self._map(expr, stability)
            case ast.StreamType():
                return Stream(self._optional(expr.type, stability))
            case ast.FutureType():
                return Future(self._optional(expr.type, stability))
            case _:
                assert_never(expr)

    def _optional(self, expr: ast.TypeExpr | None, stability: Stability) -> Type | None:
        return None if expr is None else self.value(expr, stability)

    def _map(self, expr: ast.MapType, stability: Stability) -> TypeKind:
        key, value = self.value(expr.key, stability), self.value(expr.value, stability)
        if not self._context.is_placeholder(key):
            self._check_key(expr, key)
        return Map(key, value)

    def _check_key(self, expr: ast.MapType, key: Type | None) -> None:
        if not isinstance(key, Prim) or key in _NOT_KEYS:
            self._context.error(
                "W0304",
                "this type cannot be the key of a map",
                self._span(expr.key),
                help="a key is bool, an integer type, char or string, without an alias",
            )

    # ---- Left-out items

    def check_gated(self, function: ast.FunctionType) -> None:
        """Check the names in the signature of a function that is left out.

        Its anonymous types are stored, although nothing refers to them: the reference implementation does, and prints
        them.
        """
        for expr in (*(parameter.type for parameter in function.parameters), function.result):
            if expr is not None:
                self._left_out(expr)

    def check_type(self, decl: ast.TypeDecl) -> None:
        """Check the names in a type that is left out, and their kinds."""
        for expr in _expressions(decl):
            self._check(expr)

    def _check(self, expr: ast.TypeExpr) -> None:
        if isinstance(expr, ast.Ident):
            self._quiet_lookup(expr)
        elif isinstance(expr, ast.HandleType):
            self._quiet_resource(expr.resource)
        else:
            for part in _operands(expr):
                self._check(part)
            if isinstance(expr, ast.MapType) and not isinstance(expr.key, ast.Ident):
                self._check_key(expr, _PRIMITIVES[expr.key.name] if isinstance(expr.key, ast.PrimitiveType) else None)

    def _left_out(self, expr: ast.TypeExpr) -> Type | None:
        """Return a type of something left out; None if it cannot be, because a part of it is left out, too."""
        if isinstance(expr, ast.PrimitiveType):
            return _PRIMITIVES[expr.name]
        if isinstance(expr, ast.Ident):
            found = self._quiet_lookup(expr)
            return None if found is None else TypeRef(found)
        if isinstance(expr, ast.HandleType):
            found = self._quiet_resource(expr.resource)
            if found is None:
                return None
            return self.borrow(found) if expr.is_borrow else TypeRef(found)
        parts = [self._left_out(part) for part in _operands(expr)]
        kind = self.kind(expr) if None not in parts else None
        return None if kind is None else self.anonymous(kind, None)

    def _quiet_resource(self, name: ast.Ident) -> TypeId | None:
        return None if isinstance(self.scope.types.get(name.name), Off) else self.resource(name)

    def _quiet_lookup(self, name: ast.Ident) -> TypeId | None:
        return None if isinstance(self.scope.types.get(name.name), Off) else self.lookup(name)

    # ---- Names

    def lookup(self, name: ast.Ident) -> TypeId | None:
        """Return the type called `name` in the current scope; None, with the reason noted, if there is none."""
        entry = self.scope.types.get(name.name)
        if isinstance(entry, int):
            return entry
        if isinstance(entry, Off):
            self._context.refuse_gated(f"`{name.name}`", self._span(name), entry, referrer=self.referrer)
        elif entry is None:
            self._unknown(name)
        return None

    def _unknown(self, name: ast.Ident) -> None:
        if (function := self.scope.functions.get(name.name)) is not None:
            message = f"`{name.name}` is a function, not a type"
            labels = [Label(function, "defined here")]
            self._context.error("W0205", message, self._span(name), labels=labels)
            return
        renamed = {"float32": "f32", "float64": "f64"}.get(name.name)
        help = f"`{name.name}` is called `{renamed}` now" if renamed else self._similar(name.name)
        help = help or _ELSEWHERE.get(name.name)
        self._context.error("W0204", f"type `{name.name}` does not exist", self._span(name), help=help)

    def _similar(self, name: str) -> str | None:
        return self._context.suggest(name, self.scope.declared) or self._context.suggest(name, _PRIMITIVES)

    def resource(self, name: ast.Ident) -> TypeId | None:
        """Return the resource, or alias of one, that a handle names."""
        found = self.lookup(name)
        if found is None or self._arena.is_resource(found):
            return found
        definition = self._arena.types[found]
        self._context.error(
            "W0301",
            f"`{name.name}` is not a resource, so there are no handles to it",
            self._span(name),
            labels=[Label(definition.span, "defined here")] if definition.span is not None else [],
        )
        return None

    def _span(self, node: ast.TypeExpr) -> Span | None:
        return None if self.file is None else Span(self.file, node.start, node.end)


def _operands(expr: ast.TypeExpr) -> list[ast.TypeExpr]:
    """Return the types that a type expression is made of."""
    match expr:
        case ast.ListType() | ast.FixedListType():
            return [expr.element]
        case ast.OptionType():
            return [expr.type]
        case ast.TupleType():
            return list(expr.types)
        case ast.MapType():
            return [expr.key, expr.value]
        case ast.ResultType():
            return [part for part in (expr.ok, expr.err) if part is not None]
        case ast.StreamType() | ast.FutureType():
            return [] if expr.type is None else [expr.type]
        case ast.PrimitiveType() | ast.Ident() | ast.HandleType():
            return []
        case _:
            assert_never(expr)


def _parts(kind: TypeKind) -> tuple[Type, ...]:
    """Return the types that an anonymous type is made of."""
    if isinstance(kind, Borrow):
        return (TypeRef(kind.resource),)
    return children(kind)


def references(decl: ast.TypeDecl) -> list[ast.Ident]:
    """Return the names that a definition refers to, in source order."""
    names: list[ast.Ident] = []
    for expr in _expressions(decl):
        _collect(expr, names)
    return names


def _expressions(decl: ast.TypeDecl) -> list[ast.TypeExpr]:
    """Return the types that a definition is made of."""
    match decl:
        case ast.AliasDecl():
            return [decl.type]
        case ast.RecordDecl():
            return [field.type for field in decl.fields]
        case ast.VariantDecl():
            return [case.type for case in decl.cases if case.type is not None]
        case ast.EnumDecl() | ast.FlagsDecl() | ast.ResourceDecl():
            return []


def _collect(expr: ast.TypeExpr, names: list[ast.Ident]) -> None:
    if isinstance(expr, ast.Ident):
        names.append(expr)
    elif isinstance(expr, ast.HandleType):
        names.append(expr.resource)
    else:
        for part in _operands(expr):
            _collect(part, names)
