"""Descriptors of the WIT types and functions of a package, as plain data.

The generated `_abi` modules consist of these. Hosts and guests compile their converters from them, once per function;
calls do not use descriptors. Names are WIT names (kebab-case, never escaped) unless called `attribute` or `python`.
"""

from __future__ import annotations

import enum
from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from typing import Any, Final, Literal, TypeAlias

__all__ = [
    "BOOL",
    "CHAR",
    "ERROR_CONTEXT",
    "F32",
    "F64",
    "S8",
    "S16",
    "S32",
    "S64",
    "STRING",
    "U8",
    "U16",
    "U32",
    "U64",
    "Borrow",
    "Case",
    "Enum",
    "Field",
    "FixedList",
    "Flags",
    "Function",
    "FunctionKind",
    "Future",
    "Interface",
    "List",
    "Map",
    "Numbers",
    "Option",
    "Own",
    "Param",
    "Prim",
    "Record",
    "Resource",
    "Result",
    "Stream",
    "Tuple",
    "Type",
    "Variant",
    "children",
]  # fmt: skip


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


BOOL, U8, U16, U32, U64 = Prim.BOOL, Prim.U8, Prim.U16, Prim.U32, Prim.U64
S8, S16, S32, S64 = Prim.S8, Prim.S16, Prim.S32, Prim.S64
F32, F64, CHAR, STRING = Prim.F32, Prim.F64, Prim.CHAR, Prim.STRING
ERROR_CONTEXT = Prim.ERROR_CONTEXT


@dataclass(frozen=True, eq=False)
class Field:
    """A record's field: WIT name, attribute of the Python class, type."""

    name: str
    attribute: str
    type: Type


@dataclass(frozen=True, eq=False)
class Record:
    """A record and the dataclass that represents it (positional arguments in field order).

    `interface` names the interface or world that declares the type, as for every named type.
    """

    name: str
    python: type[Any]
    fields: tuple[Field, ...]
    _: KW_ONLY
    interface: str = ""


@dataclass(frozen=True, eq=False)
class Case:
    """A variant's case and its class: no arguments, or the payload as `value`."""

    name: str
    python: type[Any]
    payload: Type | None = None


@dataclass(frozen=True, eq=False)
class Variant:
    """A variant: one class per case, chosen by class.

    A bare payload is accepted as well where exactly one case takes its Python type.
    """

    name: str
    cases: tuple[Case, ...]
    _: KW_ONLY
    interface: str = ""


@dataclass(frozen=True, eq=False)
class Enum:
    """An enum and its `enum.Enum`; the members stand in the order of `cases`."""

    name: str
    python: type[enum.Enum]
    cases: tuple[str, ...]
    _: KW_ONLY
    interface: str = ""


@dataclass(frozen=True, eq=False)
class Flags:
    """Flags and their `enum.Flag`; member i of `flags` has the value 1 << i."""

    name: str
    python: type[enum.Flag]
    flags: tuple[str, ...]
    _: KW_ONLY
    interface: str = ""


@dataclass(frozen=True, eq=False)
class Tuple:
    """A tuple."""

    types: tuple[Type, ...]


@dataclass(frozen=True, eq=False)
class Option:
    """An option: None or the value; `Some(value)` where the value is an option itself."""

    type: Type


@dataclass(frozen=True, eq=False)
class Result:
    """A result as a value: `Ok(x)` or `Err(e)`."""

    ok: Type | None
    err: Type | None


Numbers: TypeAlias = Literal["list", "array", "numpy"]
"""What lists of numbers come as: a list, an `array.array`, or a numpy array."""


@dataclass(frozen=True, eq=False)
class List:
    """A list; `list<u8>` is bytes.

    `numbers` says what a host gets; other than `list` only where the elements are numbers. What may be given, and what
    guests get, does not depend on it.
    """

    element: Type
    numbers: Numbers = "list"


@dataclass(frozen=True, eq=False)
class FixedList:
    """A list of exactly `size` elements."""

    element: Type
    size: int


@dataclass(frozen=True, eq=False)
class Map:
    """A map: a dict."""

    key: Type
    value: Type


@dataclass(frozen=True, eq=False)
class Stream:
    """A stream."""

    type: Type | None


@dataclass(frozen=True, eq=False)
class Future:
    """A future."""

    type: Type | None


@dataclass(frozen=True, eq=False)
class Resource:
    """A resource *definition*: one object per definition, compared by identity.

    `interface` is the component-level name of the instance that defines it (`ns:pkg/iface@1.0.0`, an inline
    interface's plain name, or "" for the world itself).
    """

    interface: str
    name: str


@dataclass(frozen=True, eq=False)
class Own:
    """An owned handle."""

    resource: Resource


@dataclass(frozen=True, eq=False)
class Borrow:
    """A borrowed handle."""

    resource: Resource


Type: TypeAlias = (
    Prim | Record | Variant | Enum | Flags | Tuple | Option | Result | List | FixedList | Map
    | Stream | Future | Own | Borrow
)  # fmt: skip


def children(type_: Type) -> tuple[Type | None, ...]:
    """Return the types that a type directly consists of, None for what is absent; a resource is not one of them."""
    match type_:
        case Record():
            return tuple(field.type for field in type_.fields)
        case Variant():
            return tuple(case.payload for case in type_.cases)
        case Tuple():
            return type_.types
        case Option() | Stream() | Future():
            return (type_.type,)
        case List() | FixedList():
            return (type_.element,)
        case Result():
            return (type_.ok, type_.err)
        case Map():
            return (type_.key, type_.value)
        case Prim() | Enum() | Flags() | Own() | Borrow():
            return ()


@dataclass(frozen=True, eq=False)
class Param:
    """A parameter: WIT name, Python name, type. Methods list `self` first."""

    name: str
    python: str
    type: Type


class FunctionKind(enum.Enum):
    """What a function is; the value is the annotation of its name (Explainer.md, Import and Export Definitions)."""

    FREESTANDING = ""
    CONSTRUCTOR = "[constructor]"
    METHOD = "[method]"
    STATIC = "[static]"


_KINDS: Final = {kind.value: kind for kind in FunctionKind}


@dataclass(frozen=True, eq=False)
class Function:
    """A function.

    `name` is the component-level name (`[method]r.m`, …), `python` the attribute that implements or calls it
    (`__init__` never: a constructor's is the class itself). `result` is the whole declared result.

    Where `raises` is set, `result` is a `Result`: the ok value is returned and the error raised. `raises` is the
    exception class whose `value` holds the error payload, or, where the error is a variant (whose cases are
    exceptions themselves), the base class of those cases.
    """

    name: str
    python: str
    params: tuple[Param, ...]
    result: Type | None = None
    raises: type[Exception] | None = None
    resource: Resource | None = None
    is_async: bool = False

    @cached_property
    def kind(self) -> FunctionKind:
        """Whether it is a constructor, method or static function of a resource, or freestanding."""
        annotation, bracket, _ = self.name.partition("]")
        return _KINDS.get(annotation + bracket, FunctionKind.FREESTANDING)

    @property
    def plain_name(self) -> str:
        """The name without its annotation: `r.m` of `[method]r.m`, `r` of `[constructor]r`."""
        return self.name.rpartition("]")[2]

    @property
    def item_name(self) -> str:
        """The WIT identifier alone: `m` of `[method]r.m`, `r` of `[constructor]r`."""
        return self.plain_name.rpartition(".")[2]


@dataclass(frozen=True, eq=False)
class Interface:
    """An interface's own resources and functions.

    `name` is its component-level instance name ("" for a world's own items).
    """

    name: str
    resources: tuple[tuple[Resource, str], ...]
    functions: tuple[Function, ...]

    @property
    def is_one_class(self) -> bool:
        """Whether a class implements it: it has one resource, and no function that is not that resource's."""
        free = [each for each in self.functions if each.resource is None]
        return len(self.resources) == 1 and not free
