"""The syntax tree of one WIT file.

Nodes hold offsets into the text of their file, not the file: the tree of a file depends on its text alone, so it can be
cached by content. `start` and `end` are the half-open range of characters that a message about the node points at.
"""

from __future__ import annotations

from typing import TypeAlias

from ...base.frozen import frozen
from .type_ast import (
    FixedListType,
    FutureType,
    HandleType,
    Ident,
    ListType,
    MapType,
    OptionType,
    PrimitiveType,
    ResultType,
    StreamType,
    TupleType,
    TypeExpr,
    Version,
)  # fmt: skip

__all__ = [
    "AliasDecl", "Attribute", "Case", "ConstructorDecl", "Declaration", "Deprecated", "EnumDecl", "Extern",
    "ExternalId", "Field", "File", "FixedListType", "FlagsDecl", "FunctionDecl", "FunctionType", "FutureType",
    "HandleType", "Ident", "IncludeDecl", "IncludeName", "InlineInterface", "InterfaceDecl", "InterfaceItem",
    "ListType", "LocalPath", "MapType", "Member", "NestedPackage", "OptionType", "PackageHeader", "PackageId",
    "PackagePath", "Parameter", "Path", "PrimitiveType", "RecordDecl", "ResourceDecl", "ResultType", "Since",
    "StreamType", "TopLevelUse", "TupleType", "TypeDecl", "TypeExpr", "Unstable", "UseDecl", "UseName",
    "VariantDecl", "Version", "WorldDecl", "WorldItem",
]  # fmt: skip


# ---- Attributes


@frozen
class Since:
    """`@since(version = …)`."""

    version: str
    start: int
    end: int


@frozen
class Unstable:
    """`@unstable(feature = …)`."""

    feature: str
    start: int
    end: int


@frozen
class Deprecated:
    """`@deprecated(version = …)`."""

    version: str
    start: int
    end: int


@frozen
class ExternalId:
    """`@external-id("…")`."""

    value: str
    start: int
    end: int


Attribute: TypeAlias = Since | Unstable | Deprecated | ExternalId
Attributes: TypeAlias = tuple[Attribute, ...]


# ---- Functions


@frozen
class Parameter:
    """`name: type`."""

    name: Ident
    type: TypeExpr


@frozen
class FunctionType:
    """`async func(…) -> …`."""

    is_async: bool
    parameters: tuple[Parameter, ...]
    result: TypeExpr | None


@frozen
class FunctionDecl:
    """A function of an interface, or a method (`is_static` false) or static function of a resource."""

    docs: str | None
    attributes: Attributes
    name: Ident
    type: FunctionType
    is_static: bool = False


@frozen
class ConstructorDecl:
    """`constructor(…)`; `name` is the keyword."""

    docs: str | None
    attributes: Attributes
    name: Ident
    type: FunctionType


# ---- Types with a name


@frozen
class AliasDecl:
    """`type name = type;`."""

    docs: str | None
    attributes: Attributes
    name: Ident
    type: TypeExpr


@frozen
class Field:
    """A field of a record."""

    docs: str | None
    name: Ident
    type: TypeExpr


@frozen
class RecordDecl:
    """`record name { … }`."""

    docs: str | None
    attributes: Attributes
    name: Ident
    fields: tuple[Field, ...]


@frozen
class Case:
    """A case of a variant."""

    docs: str | None
    name: Ident
    type: TypeExpr | None


@frozen
class VariantDecl:
    """`variant name { … }`."""

    docs: str | None
    attributes: Attributes
    name: Ident
    cases: tuple[Case, ...]


@frozen
class Member:
    """A case of an enum or a flag."""

    docs: str | None
    name: Ident


@frozen
class EnumDecl:
    """`enum name { … }`."""

    docs: str | None
    attributes: Attributes
    name: Ident
    cases: tuple[Member, ...]


@frozen
class FlagsDecl:
    """`flags name { … }`."""

    docs: str | None
    attributes: Attributes
    name: Ident
    flags: tuple[Member, ...]


@frozen
class ResourceDecl:
    """`resource name { … }`."""

    docs: str | None
    attributes: Attributes
    name: Ident
    functions: tuple[FunctionDecl | ConstructorDecl, ...]


TypeDecl: TypeAlias = AliasDecl | RecordDecl | VariantDecl | EnumDecl | FlagsDecl | ResourceDecl


# ---- Packages, interfaces and worlds


@frozen
class PackageId:
    """`namespace:name@version`."""

    namespace: Ident
    name: Ident
    version: Version | None

    @property
    def start(self) -> int:
        """Where the name begins."""
        return self.namespace.start

    @property
    def end(self) -> int:
        """Where the name, or the version that follows it directly, ends."""
        if self.version is not None and self.version.start == self.name.end + 1:
            return self.version.end
        return self.name.end


@frozen
class LocalPath:
    """A name of the same file or package."""

    name: Ident


@frozen
class PackagePath:
    """`namespace:package/name@version`."""

    package: PackageId
    name: Ident


Path: TypeAlias = LocalPath | PackagePath


@frozen
class UseName:
    """One name of a `use`, perhaps renamed."""

    name: Ident
    rename: Ident | None


@frozen
class UseDecl:
    """`use path.{a, b as c};`."""

    attributes: Attributes
    path: Path
    names: tuple[UseName, ...]


@frozen
class IncludeName:
    """One renaming of an `include … with`."""

    name: Ident
    rename: Ident


@frozen
class IncludeDecl:
    """`include path;` or `include path with { a as b }`."""

    attributes: Attributes
    path: Path
    names: tuple[IncludeName, ...]


InterfaceItem: TypeAlias = UseDecl | FunctionDecl | TypeDecl


@frozen
class InlineInterface:
    """`interface { … }` in a world."""

    items: tuple[InterfaceItem, ...]


@frozen
class Extern:
    """An import or export of a world: `name: func…`, `name: interface {…}`, `path` or `label: path`."""

    docs: str | None
    attributes: Attributes
    is_import: bool
    label: Ident | None
    target: Path | FunctionType | InlineInterface


WorldItem: TypeAlias = UseDecl | IncludeDecl | Extern | TypeDecl


@frozen
class InterfaceDecl:
    """`interface name { … }`."""

    docs: str | None
    attributes: Attributes
    name: Ident
    items: tuple[InterfaceItem, ...]


@frozen
class WorldDecl:
    """`world name { … }`."""

    docs: str | None
    attributes: Attributes
    name: Ident
    items: tuple[WorldItem, ...]


@frozen
class TopLevelUse:
    """`use path as name;` beside interfaces and worlds: a name for the rest of the file."""

    path: Path
    rename: Ident | None


@frozen
class PackageHeader:
    """`package name;`; the documentation's range is that of its comments."""

    docs: str | None
    id: PackageId
    docs_start: int


Declaration: TypeAlias = InterfaceDecl | WorldDecl | TopLevelUse


@frozen
class NestedPackage:
    """`package name { … }`."""

    docs: str | None
    id: PackageId
    declarations: tuple[Declaration, ...]


@frozen
class File:
    """One file; packages nested in it stand beside its own declarations."""

    header: PackageHeader | None
    declarations: tuple[Declaration, ...]
    packages: tuple[NestedPackage, ...]
