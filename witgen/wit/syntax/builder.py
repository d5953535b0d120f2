"""Builds syntax trees from Lark's reductions.

One method per rule of grammars/wit.lark, called while Lark parses; each gets the rule's children (tokens and results of
inner rules' methods, None for a missing optional part).
"""

# ruff: noqa: D102 - each method is what the grammar says of the rule it is named after

from __future__ import annotations

from typing import Any

from . import ast
from .docs import documentation
from .errors import WitSyntaxError
from .literals import check_version, decode_string
from .tokens import Token

__all__ = ["AstBuilder"]

# The arguments of a method: only the grammar knows their types.
Children = list[Any]


def _ident(token: Token) -> ast.Ident:
    return ast.Ident(token.text, token.start, token.end)


def _version(token: Token | None) -> ast.Version | None:
    if token is None:
        return None
    check_version(token)
    return ast.Version(token.text, token.start, token.end)


def _split(children: Children) -> tuple[ast.Attributes, int]:
    """Return the attributes that the children begin with, and how many they are."""
    count = 0
    while isinstance(children[count], _Attribute):
        count += 1
    return tuple(child.node for child in children[:count]), count


class _Attribute:
    """An attribute and where the comments before it begin."""

    __slots__ = ("lead", "node", "start")

    def __init__(self, node: ast.Attribute, at: Token) -> None:
        self.node = node
        self.lead = at.lead
        self.start = at.start


class AstBuilder:
    """Builds the tree of one text at a time; `text` must be set before each parse."""

    text: str = ""

    # ---- Helpers

    def _docs(self, first: Token | _Attribute) -> str | None:
        """Return the documentation of the item that begins with `first`."""
        if first.start - first.lead < 2:
            return None
        return documentation(self.text, first.lead, first.start)

    def _head(self, children: Children) -> tuple[str | None, ast.Attributes, int]:
        """Return documentation, attributes and the index of the first child after the attributes."""
        attributes, count = _split(children)
        return self._docs(children[0]), attributes, count

    # ---- Packages

    def start(self, children: Children) -> ast.File:
        header: ast.PackageHeader | None = None
        declarations: list[ast.Declaration] = []
        packages: list[ast.NestedPackage] = []
        for child in children:
            if isinstance(child, ast.PackageHeader):
                header = child
            elif isinstance(child, ast.NestedPackage):
                _check_nested(child)
                packages.append(child)
            else:
                declarations.append(child)
        return ast.File(header, tuple(declarations), tuple(packages))

    def package_header(self, children: Children) -> ast.PackageHeader:
        docs, attributes, at = self._head(children)
        self._no_attributes(attributes, children[at], "a package")
        id: ast.PackageId = children[at + 1]
        if children[0].lead:
            message = "the `package` header can only be the first thing in a file"
            raise WitSyntaxError("W0103", message, id.start, id.end, help="`package name { … }` nests a package")
        return ast.PackageHeader(docs, id, children[0].lead)

    def nested_package(self, children: Children) -> ast.NestedPackage:
        docs, attributes, at = self._head(children)
        self._no_attributes(attributes, children[at], "a package")
        return ast.NestedPackage(docs, children[at + 1], tuple(children[at + 2 :]))

    def top_level_use(self, children: Children) -> ast.TopLevelUse:
        attributes, at = _split(children)
        self._no_attributes(attributes, children[at], "a `use` outside of interfaces and worlds")
        rename = children[at + 2 :]
        return ast.TopLevelUse(children[at + 1], _ident(rename[1]) if rename[1] is not None else None)

    def _no_attributes(self, attributes: ast.Attributes, keyword: Token, what: str) -> None:
        if attributes:
            raise WitSyntaxError("W0006", f"{what} cannot have attributes", keyword.start, keyword.end)

    def package_name(self, children: Children) -> ast.PackageId:
        namespace, name, version = children
        return ast.PackageId(_ident(namespace), _ident(name), _version(version))

    def local_path(self, children: Children) -> ast.Path:
        return ast.LocalPath(_ident(children[0]))

    def package_path(self, children: Children) -> ast.Path:
        namespace, package, name, version = children
        return ast.PackagePath(ast.PackageId(_ident(namespace), _ident(package), _version(version)), _ident(name))

    # ---- Attributes

    def version_attribute(self, children: Children) -> _Attribute:
        at, name, key, version = children
        if name.text not in ("since", "deprecated"):
            raise _unknown_attribute(name)
        _expect_key(key, "version")
        check_version(version)
        node = ast.Since if name.text == "since" else ast.Deprecated
        return _Attribute(node(version.text, at.start, name.end), at)

    def name_attribute(self, children: Children) -> _Attribute:
        at, name, key, feature = children
        if name.text in ("since", "deprecated"):
            raise WitSyntaxError("W0004", "expected a version", feature.start, feature.end)
        if name.text != "unstable":
            raise _unknown_attribute(name)
        _expect_key(key, "feature")
        return _Attribute(ast.Unstable(feature.text, at.start, name.end), at)

    def string_attribute(self, children: Children) -> _Attribute:
        at, name, string = children
        if name.text != "external-id":
            raise _unknown_attribute(name)
        return _Attribute(ast.ExternalId(decode_string(string), at.start, name.end), at)

    # ---- Interfaces and worlds

    def interface(self, children: Children) -> ast.InterfaceDecl:
        docs, attributes, at = self._head(children)
        return ast.InterfaceDecl(docs, attributes, _ident(children[at + 1]), tuple(children[at + 2 :]))

    def world(self, children: Children) -> ast.WorldDecl:
        docs, attributes, at = self._head(children)
        return ast.WorldDecl(docs, attributes, _ident(children[at + 1]), tuple(children[at + 2 :]))

    def use(self, children: Children) -> ast.UseDecl:
        attributes, at = _split(children)
        names = [child for child in children[at + 2 :] if child is not None]
        return ast.UseDecl(attributes, children[at + 1], tuple(names))

    def use_name(self, children: Children) -> ast.UseName:
        name, _, rename = children
        return ast.UseName(_ident(name), _ident(rename) if rename is not None else None)

    def include(self, children: Children) -> ast.IncludeDecl:
        attributes, at = _split(children)
        names = [child for child in children[at + 2 :] if isinstance(child, ast.IncludeName)]
        return ast.IncludeDecl(attributes, children[at + 1], tuple(names))

    def include_name(self, children: Children) -> ast.IncludeName:
        return ast.IncludeName(_ident(children[0]), _ident(children[2]))

    def import_(self, children: Children) -> ast.Extern:
        return self._make_extern(children, is_import=True)

    def export(self, children: Children) -> ast.Extern:
        return self._make_extern(children, is_import=False)

    def _make_extern(self, children: Children, *, is_import: bool) -> ast.Extern:
        docs, attributes, at = self._head(children)
        label, target = children[at + 1]
        return ast.Extern(docs, attributes, is_import, label, target)

    def extern_local(self, children: Children) -> tuple[ast.Ident | None, ast.Path]:
        return None, ast.LocalPath(_ident(children[0]))

    def extern_package(self, children: Children) -> tuple[ast.Ident | None, ast.Path]:
        return None, self.package_path(children)

    def extern_labelled_local(self, children: Children) -> tuple[ast.Ident | None, ast.Path]:
        return _ident(children[0]), ast.LocalPath(_ident(children[1]))

    def extern_labelled_package(self, children: Children) -> tuple[ast.Ident | None, ast.Path]:
        return _ident(children[0]), self.package_path(children[1:])

    def extern_function(self, children: Children) -> tuple[ast.Ident, ast.FunctionType]:
        return _ident(children[0]), children[1]

    def extern_interface(self, children: Children) -> tuple[ast.Ident, ast.InlineInterface]:
        return _ident(children[0]), ast.InlineInterface(tuple(children[2:]))

    # ---- Functions

    def function(self, children: Children) -> ast.FunctionDecl:
        docs, attributes, at = self._head(children)
        return ast.FunctionDecl(docs, attributes, _ident(children[at]), children[at + 1])

    method = function

    def static(self, children: Children) -> ast.FunctionDecl:
        docs, attributes, at = self._head(children)
        return ast.FunctionDecl(docs, attributes, _ident(children[at]), children[at + 2], is_static=True)

    def constructor(self, children: Children) -> ast.ConstructorDecl:
        docs, attributes, at = self._head(children)
        keyword, parameters, result = children[at:]
        type_ = ast.FunctionType(is_async=False, parameters=parameters, result=result)
        return ast.ConstructorDecl(docs, attributes, _ident(keyword), type_)

    def function_type(self, children: Children) -> ast.FunctionType:
        is_async, _, parameters, result = children
        return ast.FunctionType(is_async is not None, parameters, result)

    def parameters(self, children: Children) -> tuple[ast.Parameter, ...]:
        return tuple(child for child in children if child is not None)

    def parameter(self, children: Children) -> ast.Parameter:
        return ast.Parameter(_ident(children[0]), children[1])

    # ---- Types with a name

    def type_alias(self, children: Children) -> ast.AliasDecl:
        docs, attributes, at = self._head(children)
        return ast.AliasDecl(docs, attributes, _ident(children[at + 1]), children[at + 2])

    def record(self, children: Children) -> ast.RecordDecl:
        docs, attributes, at = self._head(children)
        return ast.RecordDecl(docs, attributes, _ident(children[at + 1]), tuple(children[at + 2 :]))

    def record_field(self, children: Children) -> ast.Field:
        return ast.Field(self._docs(children[0]), _ident(children[0]), children[1])

    def flags(self, children: Children) -> ast.FlagsDecl:
        docs, attributes, at = self._head(children)
        return ast.FlagsDecl(docs, attributes, _ident(children[at + 1]), tuple(children[at + 2 :]))

    def enum(self, children: Children) -> ast.EnumDecl:
        docs, attributes, at = self._head(children)
        return ast.EnumDecl(docs, attributes, _ident(children[at + 1]), tuple(children[at + 2 :]))

    def member(self, children: Children) -> ast.Member:
        return ast.Member(self._docs(children[0]), _ident(children[0]))

    def variant(self, children: Children) -> ast.VariantDecl:
        docs, attributes, at = self._head(children)
        return ast.VariantDecl(docs, attributes, _ident(children[at + 1]), tuple(children[at + 2 :]))

    def variant_case(self, children: Children) -> ast.Case:
        return ast.Case(self._docs(children[0]), _ident(children[0]), children[1])

    def resource(self, children: Children) -> ast.ResourceDecl:
        docs, attributes, at = self._head(children)
        return ast.ResourceDecl(docs, attributes, _ident(children[at + 1]), tuple(children[at + 2 :]))

    # ---- Types without a name

    def primitive_type(self, children: Children) -> ast.TypeExpr:
        token: Token = children[0]
        return ast.PrimitiveType(token.text, token.start, token.end)

    def named_type(self, children: Children) -> ast.TypeExpr:
        return _ident(children[0])

    def list_type(self, children: Children) -> ast.TypeExpr:
        keyword, element = children
        return ast.ListType(element, keyword.start, keyword.end)

    def fixed_list_type(self, children: Children) -> ast.TypeExpr:
        keyword, element, size = children
        # Eleven digits are enough to be too large; the rest could be millions.
        number = int(size.text.lstrip("0")[:11] or "0")
        if number > 0xFFFF_FFFF:
            raise WitSyntaxError("W0008", "the length of a list must fit into 32 bits", size.start, size.end)
        return ast.FixedListType(element, number, keyword.start, keyword.end)

    def option_type(self, children: Children) -> ast.TypeExpr:
        keyword, inner = children
        return ast.OptionType(inner, keyword.start, keyword.end)

    def result_type(self, children: Children) -> ast.TypeExpr:
        keyword, *parts = children
        ok, err = [*parts, None, None][:2]
        return ast.ResultType(None if isinstance(ok, Token) else ok, err, keyword.start, keyword.end)

    def tuple_type(self, children: Children) -> ast.TypeExpr:
        keyword, *types = children
        return ast.TupleType(tuple(types), keyword.start, keyword.end)

    def map_type(self, children: Children) -> ast.TypeExpr:
        keyword, key, value = children
        return ast.MapType(key, value, keyword.start, keyword.end)

    def stream_type(self, children: Children) -> ast.TypeExpr:
        keyword, inner = children
        return ast.StreamType(inner, keyword.start, keyword.end)

    def future_type(self, children: Children) -> ast.TypeExpr:
        keyword, inner = children
        return ast.FutureType(inner, keyword.start, keyword.end)

    def handle_type(self, children: Children) -> ast.TypeExpr:
        keyword, resource = children
        return ast.HandleType(_ident(resource), keyword.type == "BORROW", keyword.start, keyword.end)


# Lark looks a rule's method up by the rule's name, and this one is a Python keyword.
setattr(AstBuilder, "import", AstBuilder.import_)


def _check_nested(package: ast.NestedPackage) -> None:
    """Refuse items that the grammar allows in a nested package; the outermost problem is reported."""
    for child in package.declarations:
        if isinstance(child, ast.NestedPackage):
            message = "packages can only be nested in a file, not in another package"
            raise WitSyntaxError("W0104", message, child.id.start, child.id.end)


def _unknown_attribute(name: Token) -> WitSyntaxError:
    forms = {
        "since": "@since(version = 1.2.3)",
        "deprecated": "@deprecated(version = 1.2.3)",
        "unstable": "@unstable(feature = name)",
        "external-id": '@external-id("…")',
    }
    if (form := forms.get(name.text)) is not None:
        message = f"`@{name.text}` does not take these arguments"
        return WitSyntaxError("W0006", message, name.start, name.end, help=f"write `{form}`")
    known = ", ".join(f"`@{known}`" for known in forms)
    return WitSyntaxError("W0006", f"unknown attribute `@{name.text}`", name.start, name.end, help=f"WIT has {known}")


def _expect_key(key: Token, expected: str) -> None:
    if key.text != expected:
        raise WitSyntaxError("W0004", f"expected `{expected}`, found `{key.text}`", key.start, key.end)
