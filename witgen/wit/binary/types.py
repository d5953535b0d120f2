"""Parses type definitions and their parts (Binary.md, Type Definitions)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ..model.ir import Prim
from .reader import Reader
from .structure import (
    AliasExport,
    AliasOuter,
    BorrowShape,
    ComponentShape,
    Declaration,
    EnumShape,
    ExportType,
    ExternName,
    ExternType,
    FixedListShape,
    FlagsShape,
    FuncShape,
    FutureShape,
    Import,
    InstanceShape,
    ListShape,
    MapShape,
    OptionShape,
    OwnShape,
    PrimShape,
    RecordShape,
    Ref,
    ResourceShape,
    ResultShape,
    Shape,
    Sort,
    StreamShape,
    TupleShape,
    TypeDeclaration,
    VariantShape,
)

__all__ = [
    "NEWER",
    "read_alias",
    "read_extern_name",
    "read_extern_type",
    "read_import",
    "read_result",
    "read_sort",
    "read_type",
]

T = TypeVar("T")

# Packages need four levels; each costs several Python frames.
MAX_DEPTH = 32
NEWER = "this file may be newer than this version of witgen"
I32 = 0x7F

PRIMITIVES = {
    0x7F: Prim.BOOL, 0x7E: Prim.S8, 0x7D: Prim.U8, 0x7C: Prim.S16, 0x7B: Prim.U16, 0x7A: Prim.S32, 0x79: Prim.U32,
    0x78: Prim.S64, 0x77: Prim.U64, 0x76: Prim.F32, 0x75: Prim.F64, 0x74: Prim.CHAR, 0x73: Prim.STRING,
    0x64: Prim.ERROR_CONTEXT,
}  # fmt: skip


def read_type(reader: Reader, depth: int = 0) -> Shape:
    """Read a type definition; types of instances and components nest."""
    at = reader.pos
    opcode = reader.byte()
    if opcode in PRIMITIVES:
        return PrimShape(PRIMITIVES[opcode])
    read = _DEFINED.get(opcode)
    if read is not None:
        return read(reader)
    if opcode not in (0x41, 0x42):
        raise reader.input.unsupported(f"unknown type opcode {opcode:#04x}", at, NEWER)
    if depth >= MAX_DEPTH:
        raise reader.input.unsupported(f"types nest deeper than {MAX_DEPTH}", at)
    in_component = opcode == 0x41
    declarations = reader.vector(lambda: _declaration(reader, depth + 1, in_component=in_component))
    return ComponentShape(declarations) if in_component else InstanceShape(declarations)


def _ref(reader: Reader) -> Ref:
    if (prim := PRIMITIVES.get(reader.peek())) is not None:
        reader.byte()
        return prim
    return reader.index()


def _optional(reader: Reader, read: Callable[[Reader], T]) -> T | None:
    at = reader.pos
    flag = reader.byte()
    if flag > 1:
        raise reader.input.damaged(f"expected 0 or 1, found {flag:#04x}", at)
    return read(reader) if flag else None


def _optional_ref(reader: Reader) -> Ref | None:
    return _optional(reader, _ref)


def _labelled(reader: Reader) -> tuple[tuple[str, Ref], ...]:
    return reader.vector(lambda: (reader.name(), _ref(reader)))


def _case(reader: Reader) -> tuple[str, Ref | None]:
    name, payload = reader.name(), _optional_ref(reader)
    at = reader.pos
    if reader.byte() != 0:
        raise reader.input.unsupported("a variant case refines another", at, NEWER)
    return name, payload


def _resource(reader: Reader) -> Shape:
    at = reader.pos
    if reader.byte() != I32:
        raise reader.input.unsupported("a resource is not represented by an i32", at, NEWER)
    _optional(reader, Reader.u32)
    return ResourceShape()


def _async_resource(reader: Reader) -> Shape:
    at = reader.pos
    if reader.byte() != I32:
        raise reader.input.unsupported("a resource is not represented by an i32", at, NEWER)
    reader.u32()
    _optional(reader, Reader.u32)
    return ResourceShape()


def _func(reader: Reader, *, is_async: bool) -> Shape:
    return FuncShape(_labelled(reader), read_result(reader), is_async)


def read_result(reader: Reader) -> Ref | None:
    """Read the result list of a function: one type or none; older drafts could name several."""
    at = reader.pos
    flag = reader.byte()
    if flag == 0:
        return _ref(reader)
    if flag != 1:
        raise reader.input.damaged(f"expected a result list, found {flag:#04x}", at)
    if _labelled(reader):
        raise reader.input.unsupported("a function has named results, which WIT no longer has", at)
    return None


def _names(reader: Reader) -> tuple[str, ...]:
    return reader.vector(reader.name)


_DEFINED: dict[int, Callable[[Reader], Shape]] = {
    0x72: lambda reader: RecordShape(_labelled(reader)),
    0x71: lambda reader: VariantShape(reader.vector(lambda: _case(reader))),
    0x70: lambda reader: ListShape(_ref(reader)),
    0x6F: lambda reader: TupleShape(reader.vector(lambda: _ref(reader))),
    0x6E: lambda reader: FlagsShape(_names(reader)),
    0x6D: lambda reader: EnumShape(_names(reader)),
    0x6B: lambda reader: OptionShape(_ref(reader)),
    0x6A: lambda reader: ResultShape(_optional_ref(reader), _optional_ref(reader)),
    0x69: lambda reader: OwnShape(reader.u32()),
    0x68: lambda reader: BorrowShape(reader.u32()),
    0x67: lambda reader: FixedListShape(_ref(reader), reader.u32()),
    0x66: lambda reader: StreamShape(_optional_ref(reader)),
    0x65: lambda reader: FutureShape(_optional_ref(reader)),
    0x63: lambda reader: MapShape(_ref(reader), _ref(reader)),
    0x43: lambda reader: _func(reader, is_async=True),
    0x40: lambda reader: _func(reader, is_async=False),
    0x3F: _resource,
    0x3E: _async_resource,
}


def _declaration(reader: Reader, depth: int, *, in_component: bool) -> Declaration:
    at = reader.pos
    kind = reader.byte()
    if kind == 0x01:
        return TypeDeclaration(read_type(reader, depth), at)
    if kind == 0x02:
        alias = read_alias(reader)
        if alias is None:
            raise reader.input.unsupported("a type declares an alias of a core item", at)
        return alias
    if kind == 0x03 and in_component:
        return read_import(reader)
    if kind == 0x04:
        return ExportType(read_extern_name(reader), read_extern_type(reader), at)
    if kind == 0x00:
        raise reader.input.unsupported("a type declares a core type, which WIT cannot express", at)
    raise reader.input.damaged(f"unknown declaration {kind:#04x}", at)


def read_sort(reader: Reader) -> Sort:
    """Read the sort of an index; a core sort is followed by which one."""
    at = reader.pos
    code = reader.byte()
    if code > Sort.INSTANCE.value:
        raise reader.input.damaged(f"unknown sort {code:#04x}", at)
    sort = Sort(code)
    if sort is Sort.CORE:
        reader.byte()
    return sort


def read_alias(reader: Reader) -> AliasExport | AliasOuter | None:
    """Read an alias; None for one of a core item."""
    at = reader.pos
    sort = read_sort(reader)
    target = reader.byte()
    if target in (0x00, 0x01):
        instance, name = reader.u32(), reader.name()
        return None if target or sort is Sort.CORE else AliasExport(sort, instance, name, at)
    if target == 0x02:
        count, index = reader.u32(), reader.u32()
        return None if sort is Sort.CORE else AliasOuter(sort, count, index, at)
    raise reader.input.damaged(f"unknown alias target {target:#04x}", at)


def read_import(reader: Reader) -> Import:
    """Read an import."""
    at = reader.pos
    return Import(read_extern_name(reader), read_extern_type(reader), at)


def read_extern_name(reader: Reader) -> ExternName:
    """Read the name of an import or export; older tools write 0x01 before an interface's name."""
    at = reader.pos
    form = reader.byte()
    name = reader.name()
    if form in (0x00, 0x01):
        return ExternName(name)
    if form != 0x02:
        raise reader.input.unsupported(f"unknown form {form:#04x} of a name", at, NEWER)
    attributes: dict[int, str] = {}
    for _ in range(reader.u32()):
        at = reader.pos
        kind = reader.byte()
        if kind > 0x02 or kind in attributes:
            raise reader.input.unsupported(f"unknown attribute {kind:#04x} of a name", at, NEWER)
        attributes[kind] = reader.name()
    return ExternName(name, attributes.get(0), attributes.get(1), attributes.get(2))


def read_extern_type(reader: Reader) -> ExternType:
    """Read the kind and type of an import or export."""
    at = reader.pos
    code = reader.byte()
    if code == 0x00:
        reader.byte()
        reader.u32()
        return ExternType(Sort.CORE, None)
    if code == 0x02:
        return _value_type(reader)
    if code == 0x03:
        bound = reader.byte()
        if bound > 1:
            raise reader.input.damaged(f"unknown type bound {bound:#04x}", at)
        return ExternType(Sort.TYPE, None if bound else reader.u32())
    if code in (0x01, 0x04, 0x05):
        return ExternType(Sort(code), reader.u32())
    raise reader.input.damaged(f"unknown kind {code:#04x} of an import or export", at)


def _value_type(reader: Reader) -> ExternType:
    at = reader.pos
    bound = reader.byte()
    if bound == 0:
        reader.u32()
    elif bound == 1:
        _ref(reader)
    else:
        raise reader.input.damaged(f"unknown value bound {bound:#04x}", at)
    return ExternType(Sort.VALUE, None)
