"""Functions, methods, static functions and constructors."""

from __future__ import annotations

from ...base.source import SourceFile, Span
from ..model.ir import Docs, Function, FunctionKind, FunctionKindTag, PackageName, Param, Result, Type, TypeRef
from ..syntax import ast
from .context import Context, Off
from .declared import Declarations
from .gates import external_id, gate, stability
from .scope import Entry
from .types import TypeResolver

__all__ = ["FunctionResolver"]


class FunctionResolver:
    """Resolves the functions of one scope."""

    def __init__(self, context: Context, types: TypeResolver, file: SourceFile, package: PackageName) -> None:
        self._context = context
        self._types = types
        self._file = file
        self._package = package
        self._declarations = Declarations(context, file)

    def free(self, decl: ast.FunctionDecl) -> Function | Off:
        """Resolve a function of an interface."""
        kind = FunctionKind(FunctionKindTag.FREESTANDING, None, decl.type.is_async)
        return self._function(decl, decl.name.name, kind)

    def imported(self, extern: ast.Extern, label: ast.Ident, type: ast.FunctionType) -> Function | Off:
        """Resolve a function that a world imports or exports."""
        decl = ast.FunctionDecl(extern.docs, extern.attributes, label, type)
        return self.free(decl)

    def member(
        self, decl: ast.FunctionDecl | ast.ConstructorDecl, resource: str, entry: Entry
    ) -> Function | Off | None:
        """Resolve a function of a resource, which `entry` is; None if the resource is wrong, which has been said."""
        is_async = decl.type.is_async
        if isinstance(decl, ast.ConstructorDecl):
            name, tag = f"[constructor]{resource}", FunctionKindTag.CONSTRUCTOR
        elif decl.is_static:
            name, tag = f"[static]{resource}.{decl.name.name}", FunctionKindTag.STATIC
        else:
            name, tag = f"[method]{resource}.{decl.name.name}", FunctionKindTag.METHOD
        if isinstance(entry, int):
            return self._function(decl, name, FunctionKind(tag, entry, is_async))
        return self._orphan(decl, entry) if isinstance(entry, Off) else None

    def _orphan(self, decl: ast.FunctionDecl | ast.ConstructorDecl, resource: Off) -> Off:
        """A function of a resource that is left out must be left out, too."""
        span = self._span(decl.name)
        gated = stability(self._context, self._file, decl.attributes)
        if gate(self._context, self._package, gated, span) is None:
            self._context.refuse_gated("the resource of this function", span, resource)
        is_method = isinstance(decl, ast.FunctionDecl) and not decl.is_static
        self._declarations.check_parameters(decl.type, is_method=is_method)
        self._types.check_gated(decl.type)
        return resource

    def _function(self, decl: ast.FunctionDecl | ast.ConstructorDecl, name: str, kind: FunctionKind) -> Function | Off:
        gated = stability(self._context, self._file, decl.attributes)
        span = self._span(decl.name)
        off = gate(self._context, self._package, gated, span)
        self._declarations.check_parameters(decl.type, is_method=kind.tag is FunctionKindTag.METHOD)
        if off is not None:
            if kind.tag is FunctionKindTag.METHOD and kind.resource is not None:
                self._types.borrow(kind.resource)
            self._types.check_gated(decl.type)
            return off
        self._types.referrer = span
        params = self._params(decl.type.parameters, kind)
        result, is_right = self._result(decl.type.result, kind)
        if result is not None and is_right and self._context.arena.has_borrow(result):
            self._context.error(
                "W0303",
                f"`{name.rpartition(']')[2]}` returns a `borrow`",
                span,
                help="a borrowed handle ends with the call: return `own`, or the value that the handle stands for",
            )
        return Function(
            name,
            kind,
            params,
            result,
            docs=Docs(decl.docs) if decl.docs is not None else None,
            stability=gated,
            external_id=external_id(self._context, self._file, decl.attributes),
            span=span,
        )

    def _params(self, parameters: tuple[ast.Parameter, ...], kind: FunctionKind) -> tuple[Param, ...]:
        params: list[Param] = []
        if kind.tag is FunctionKindTag.METHOD and kind.resource is not None:
            params.append(Param("self", self._types.borrow(kind.resource)))
        for parameter in parameters:
            span = self._span(parameter.name)
            params.append(Param(parameter.name.name, self._types.value(parameter.type), span))
        return tuple(params)

    def _result(self, expr: ast.TypeExpr | None, kind: FunctionKind) -> tuple[Type | None, bool]:
        """Return the result's type, and whether a function of this kind may have it."""
        if kind.tag is not FunctionKindTag.CONSTRUCTOR or kind.resource is None:
            return None if expr is None else self._types.value(expr), True
        own = self._types.own(kind.resource)
        if expr is None:
            return own, True
        result = self._types.value(expr)
        return result, self._context.is_placeholder(result) or self._check_constructor(expr, result, own)

    def _check_constructor(self, expr: ast.TypeExpr, result: Type, own: TypeRef) -> bool:
        """A constructor that can fail returns `result<self, error>` (WIT.md, "Item: `resource`")."""
        kind = self._context.arena.types[result.id].kind if isinstance(result, TypeRef) else None
        if not isinstance(kind, Result):
            message = "a constructor returns its resource, or a `result` of it"
        elif kind.ok == own or self._context.is_placeholder(kind.ok):
            return True
        else:
            message = "the `ok` type of this `result` must be the resource being constructed"
            expr = expr.ok if isinstance(expr, ast.ResultType) and expr.ok is not None else expr
        self._context.error("W0302", message, Span(self._file, expr.start, expr.end))
        return False

    def _span(self, name: ast.Ident) -> Span:
        return Span(self._file, name.start, name.end)
