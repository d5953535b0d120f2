"""The typed IR that every front end produces and every generator reads.

A `Resolve` is an arena, as in wit-parser: worlds, interfaces, types and packages are numbered, and references are
numbers. It holds the content of WIT after resolving (`use` followed, worlds elaborated, feature gates applied) and
nothing about Python. Everything is frozen; equal inputs give equal values.

One file, although a long one: the union of types is closed, and reads best beside the types that it refers to.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from typing import NewType, TypeAlias

from ...base.frozen import frozen, uncompared
from ...base.source import Span

__all__ = [
    "MAX_FLAGS",
    "Alias", "Borrow", "Case", "Docs", "Enum", "EnumCase", "Field", "FixedList", "Flag", "Flags", "Function",
    "FunctionKind", "FunctionKindTag", "Future", "GatedItem", "Interface", "InterfaceId", "InterfaceItem", "List",
    "Map", "Option", "Own", "Package",
    "PackageId", "PackageName", "Param", "Prim", "Record", "Resolve", "Resource", "Result", "Stability", "Stable",
    "Stream", "Tuple", "Type", "TypeDef", "TypeId", "TypeItem", "TypeKind", "TypeOwner", "TypeRef", "Unstable",
    "Variant", "World",
    "WorldId", "WorldItem", "WorldKey",
]  # fmt: skip

PackageId = NewType("PackageId", int)
WorldId = NewType("WorldId", int)
InterfaceId = NewType("InterfaceId", int)
TypeId = NewType("TypeId", int)


class Prim(enum.Enum):
    """A primitive type; the value is its WIT keyword."""

    BOOL = "bool"
    U8 = "u8"
    U16 = "u16"
    U32 = "u32"
    U64 = "u64"
    S8 = "s8"
    S16 = "s16"
    S32 = "s32"
    S64 = "s64"
    F32 = "f32"
    F64 = "f64"
    CHAR = "char"
    STRING = "string"
    ERROR_CONTEXT = "error-context"


@frozen
class TypeRef:
    """A use of a defined (named or anonymous) type."""

    id: TypeId


Type: TypeAlias = Prim | TypeRef


@frozen
class Docs:
    """Documentation of an item, comment markers stripped, lines joined by LF."""

    contents: str


@frozen
class Stable:
    """`@since(version = …)`, perhaps with `@deprecated(version = …)`."""

    since: str
    deprecated: str | None = None


@frozen
class Unstable:
    """`@unstable(feature = …)`, perhaps with `@deprecated(version = …)`."""

    feature: str
    deprecated: str | None = None


Stability: TypeAlias = Stable | Unstable | None


@frozen
class Field:
    """A field of a record."""

    name: str
    type: Type
    docs: Docs | None = None
    span: Span | None = uncompared(default=None)


@frozen
class Case:
    """A case of a variant; `type` is None where it has no payload."""

    name: str
    type: Type | None
    docs: Docs | None = None
    span: Span | None = uncompared(default=None)


@frozen
class EnumCase:
    """A case of an enum."""

    name: str
    docs: Docs | None = None
    span: Span | None = uncompared(default=None)


@frozen
class Flag:
    """A flag of a flags type."""

    name: str
    docs: Docs | None = None
    span: Span | None = uncompared(default=None)


@frozen
class Record:
    """`record { … }`."""

    fields: tuple[Field, ...]


@frozen
class Variant:
    """`variant { … }`."""

    cases: tuple[Case, ...]


@frozen
class Enum:
    """`enum { … }`."""

    cases: tuple[EnumCase, ...]


MAX_FLAGS = 32
"""How many flags one type can have (Explainer.md, Type Definitions)."""


@frozen
class Flags:
    """`flags { … }`."""

    flags: tuple[Flag, ...]


@frozen
class Tuple:
    """`tuple<…>`."""

    types: tuple[Type, ...]


@frozen
class Option:
    """`option<T>`."""

    type: Type


@frozen
class Result:
    """`result<ok, err>`; None is `_`."""

    ok: Type | None
    err: Type | None


@frozen
class List:
    """`list<T>`."""

    element: Type


@frozen
class FixedList:
    """`list<T, N>`."""

    element: Type
    size: int


@frozen
class Map:
    """`map<K, V>`."""

    key: Type
    value: Type


@frozen
class Stream:
    """`stream<T>`; None is a bare `stream`."""

    type: Type | None


@frozen
class Future:
    """`future<T>`; None is a bare `future`."""

    type: Type | None


@frozen
class Resource:
    """A resource; its functions are among the functions of the scope that owns it."""


@frozen
class Own:
    """`own<R>`, explicit or implied by a resource's name; `resource` may name an alias of the resource."""

    resource: TypeId


@frozen
class Borrow:
    """`borrow<R>`; `resource` may name an alias of the resource."""

    resource: TypeId


@frozen
class Alias:
    """`type a = b`, and types that `use` brings into a scope."""

    type: Type


TypeKind: TypeAlias = (
    Record | Variant | Enum | Flags | Tuple | Option | Result | List | FixedList | Map
    | Stream | Future | Resource | Own | Borrow | Alias
)  # fmt: skip


@frozen
class TypeOwner:
    """The scope that declares a named type: exactly one of the two is set."""

    interface: InterfaceId | None = None
    world: WorldId | None = None


@frozen
class TypeDef:
    """A type in the arena; anonymous types have neither name nor owner."""

    name: str | None
    kind: TypeKind
    owner: TypeOwner | None
    docs: Docs | None = None
    stability: Stability = None
    external_id: str | None = None
    span: Span | None = uncompared(default=None)


class FunctionKindTag(enum.Enum):
    """The owner of a function."""

    FREESTANDING = "freestanding"
    METHOD = "method"
    STATIC = "static"
    CONSTRUCTOR = "constructor"


@frozen
class FunctionKind:
    """Freestanding, or a member of `resource`."""

    tag: FunctionKindTag
    resource: TypeId | None = None
    is_async: bool = False


@frozen
class Param:
    """A parameter; methods list `self: borrow<R>` first."""

    name: str
    type: Type
    span: Span | None = uncompared(default=None)


@frozen
class Function:
    """A function; `name` is the component-level one (`[method]r.m`, `[static]r.m`, `[constructor]r`, or plain)."""

    name: str
    kind: FunctionKind
    params: tuple[Param, ...]
    result: Type | None
    docs: Docs | None = None
    stability: Stability = None
    external_id: str | None = None
    span: Span | None = uncompared(default=None)

    @property
    def plain_name(self) -> str:
        """The name without its annotation: `r.m` of `[method]r.m`, `r` of `[constructor]r`."""
        return self.name.rpartition("]")[2]

    @property
    def item_name(self) -> str:
        """The WIT identifier alone: `m` of `[method]r.m`, `r` of `[constructor]r`."""
        return self.plain_name.rpartition(".")[2]


@frozen
class Interface:
    """An interface; `name` is None for one written inline in a world."""

    name: str | None
    types: Mapping[str, TypeId]
    functions: Mapping[str, Function]
    package: PackageId
    docs: Docs | None = None
    stability: Stability = None
    external_id: str | None = None
    span: Span | None = uncompared(default=None)
    clone_of: InterfaceId | None = None  # the inline interface that an `include` copied


@frozen
class InterfaceItem:
    """A world imports or exports an interface."""

    id: InterfaceId
    docs: Docs | None = None
    stability: Stability = None
    external_id: str | None = None


@frozen
class TypeItem:
    """A world declares (imports) a type."""

    id: TypeId


WorldItem: TypeAlias = InterfaceItem | TypeItem | Function

# An interface's number, or the kebab name of a function, a type, an inline interface or a label.
WorldKey: TypeAlias = InterfaceId | str


@frozen
class World:
    """A world after elaboration; both mappings are in their final order."""

    name: str
    imports: Mapping[WorldKey, WorldItem]
    exports: Mapping[WorldKey, WorldItem]
    package: PackageId
    docs: Docs | None = None
    stability: Stability = None
    span: Span | None = uncompared(default=None)


@frozen
class PackageName:
    """`namespace:name@version`; the version is kept as written, None where there is none."""

    namespace: str
    name: str
    version: str | None = None

    def __str__(self) -> str:
        return f"{self.namespace}:{self.name}" + (f"@{self.version}" if self.version is not None else "")

    def __lt__(self, other: PackageName) -> bool:
        mine, others = ((name.namespace, name.name, name.version or "") for name in (self, other))
        return mine < others


@frozen
class Package:
    """A package with its interfaces and worlds in topological order."""

    name: PackageName
    interfaces: Mapping[str, InterfaceId]
    worlds: Mapping[str, WorldId]
    docs: Docs | None = None


@frozen
class GatedItem:
    """An item that is left out because the feature it needs is off."""

    package: PackageId
    kind: str  # interface, world, type, function, use, include, import or export
    scope: str | None  # the interface or world it stands in
    name: str
    feature: str
    span: Span | None = uncompared(default=None)


@frozen
class Resolve:
    """A whole resolved tree. `main` is the package that the user asked for."""

    packages: tuple[Package, ...]
    worlds: tuple[World, ...]
    interfaces: tuple[Interface, ...]
    types: tuple[TypeDef, ...]
    main: PackageId
    gated: tuple[GatedItem, ...] = ()

    def type_def(self, ref: TypeRef | TypeId) -> TypeDef:
        """Return the definition behind a reference."""
        return self.types[ref.id if isinstance(ref, TypeRef) else ref]

    def dealias(self, ref: TypeId) -> TypeId:
        """Follow `use` and `type a = b` to the definition; an alias of a primitive is its own definition."""
        while isinstance(kind := self.types[ref].kind, Alias) and isinstance(kind.type, TypeRef):
            ref = kind.type.id
        return ref

    def interface_name(self, id: InterfaceId) -> str | None:
        """Return `ns:pkg/name@version`, or None for an inline interface."""
        interface = self.interfaces[id]
        if interface.name is None:
            return None
        package = self.packages[interface.package].name
        version = f"@{package.version}" if package.version is not None else ""
        return f"{package.namespace}:{package.name}/{interface.name}{version}"

    def functions_of(self, functions: Mapping[str, Function], resource: TypeId) -> Iterator[Function]:
        """Yield the constructor, methods and statics of `resource` among `functions`, in source order."""
        return (function for function in functions.values() if function.kind.resource == resource)
