"""Parses the sections of a component to declarations, in order; code is skipped, nested components only located."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from .problem import Code, Input
from .reader import Reader
from .structure import (
    Declaration,
    Export,
    ExternName,
    InlineInstance,
    Instantiate,
    Lift,
    Nested,
    Sort,
    TypeDeclaration,
)
from .types import (
    NEWER,
    read_alias,
    read_extern_name,
    read_extern_type,
    read_import,
    read_result,
    read_sort,
    read_type,
)

__all__ = ["Layer", "Sections", "layer_of", "read_component"]

MAGIC = b"\0asm"
COMPILED = b"\x7fELF"
"""What the files of `witgen compile` begin with: wasmtime writes ELF on every platform."""
MODULE = b"\x01\x00\x00\x00"
COMPONENT_LAYER = b"\x01\x00"
VERSION = 0x0D
PREAMBLE = len(MAGIC) + 4


class Layer(enum.Enum):
    """The kinds of binaries, by their first eight bytes."""

    MODULE = "core-module"
    COMPONENT = "component"


def layer_of(input: Input) -> Layer:
    """Read the preamble and return the binary's kind, or refuse it."""
    head = input.data[:PREAMBLE]
    if not head.startswith(MAGIC):
        compiled = "this is compiled code, which does not have the types of its component: pass the component itself"
        plain = "this is not WebAssembly: it does not start with `\\0asm`"
        raise input.problem(Code.NOT_WASM, compiled if input.data.startswith(COMPILED) else plain)
    if len(head) < PREAMBLE:
        raise input.damaged("the file ends in its first eight bytes", len(head))
    version, layer = head[4:6], head[6:8]
    if version + layer == MODULE:
        return Layer.MODULE
    number = int.from_bytes(version, "little")
    if layer == COMPONENT_LAYER and number == VERSION:
        return Layer.COMPONENT
    if layer == COMPONENT_LAYER and number < VERSION:
        draft = f"a component in draft {number:#x} of the format; this reader knows {VERSION:#x}"
        raise input.problem(Code.VERSION, f"this is {draft}", 4, "rebuild it with current tools")
    raise input.problem(Code.VERSION, f"unknown WebAssembly version {head[4:].hex()}", 4)


@dataclass
class Sections:
    """The declarations of one component and, for the outermost, the custom sections that were asked for."""

    declarations: list[Declaration] = field(default_factory=list[Declaration])
    custom: list[Reader] = field(default_factory=list[Reader])


# Core modules, core instances, core types, the start function and values: nothing that describes types refers to them.
SKIPPED = frozenset({1, 2, 3, 9, 12})


def read_component(reader: Reader, custom: str | None = None) -> Sections:
    """Read the sections of a component; keep the custom sections named `custom`."""
    found = Sections()
    while not reader.at_end:
        at = reader.pos
        section = reader.byte()
        body = reader.sized()
        if section == 0:
            if body.name() == custom:
                found.custom.append(body)
        elif section == 4:
            found.declarations.append(_nested(body))
        elif section in _ENTRIES:
            found.declarations.extend(_entries(body, _ENTRIES[section]))
        elif section not in SKIPPED:
            raise reader.input.unsupported(f"unknown section {section}", at)
    return found


def _entries(body: Reader, read: Callable[[Reader], Declaration | None]) -> Iterator[Declaration]:
    entries = body.vector(lambda: read(body))
    body.finish("a section")
    return (entry for entry in entries if entry is not None)


def _nested(body: Reader) -> Nested:
    at = body.pos
    head = bytes(body.byte() for _ in range(PREAMBLE))
    if head != MAGIC + VERSION.to_bytes(2, "little") + COMPONENT_LAYER:
        raise body.input.damaged("a nested component does not start like one", at)
    return Nested(body.pos, body.end)


def _instance(reader: Reader) -> Declaration:
    at = reader.pos
    form = reader.byte()
    if form == 0x00:
        return Instantiate(reader.u32(), reader.vector(lambda: _argument(reader)), at)
    if form == 0x01:
        return InlineInstance(reader.vector(lambda: _inline_export(reader)), at)
    raise reader.input.damaged(f"unknown form {form:#04x} of an instance", at)


def _argument(reader: Reader) -> tuple[str, Sort, int]:
    return reader.name(), read_sort(reader), reader.u32()


def _inline_export(reader: Reader) -> tuple[ExternName, Sort, int]:
    return read_extern_name(reader), read_sort(reader), reader.u32()


def _type(reader: Reader) -> Declaration:
    at = reader.pos
    return TypeDeclaration(read_type(reader), at)


def _export(reader: Reader) -> Declaration:
    at = reader.pos
    name, sort, index = read_extern_name(reader), read_sort(reader), reader.u32()
    ascribed = reader.byte()
    if ascribed > 1:
        raise reader.input.damaged(f"expected 0 or 1, found {ascribed:#04x}", reader.pos - 1)
    return Export(name, sort, index, read_extern_type(reader) if ascribed else None, at)


# The immediates of the canonical built-ins (Binary.md, Canonical Definitions): i is an index or number, b a byte,
# o a list of options, r a result list.
_BUILT_INS = {
    0x01: "bio", 0x02: "i", 0x03: "i", 0x04: "i", 0x05: "", 0x06: "b", 0x08: "", 0x09: "ro", 0x0A: "bi", 0x0B: "bi",
    0x0C: "b", 0x0D: "", 0x0E: "i", 0x0F: "io", 0x10: "io", 0x11: "ib", 0x12: "ib", 0x13: "i", 0x14: "i", 0x15: "i",
    0x16: "io", 0x17: "io", 0x18: "ib", 0x19: "ib", 0x1A: "i", 0x1B: "i", 0x1C: "o", 0x1D: "o", 0x1E: "", 0x1F: "",
    0x20: "bi", 0x21: "bi", 0x22: "", 0x23: "", 0x24: "", 0x25: "", 0x26: "", 0x27: "ii", 0x28: "", 0x29: "b",
    0x2A: "b", 0x2B: "b", 0x2C: "b", 0x2D: "b", 0x2E: "i", 0x2F: "i", 0x40: "bi", 0x41: "bii", 0x42: "b",
}  # fmt: skip
# String encodings, `async` and `gc`; memory, functions and a core type, each with its index (Binary.md, `canonopt`).
_OPTIONS_WITH_INDEX = frozenset({0x03, 0x04, 0x05, 0x07, 0x08})
_OPTIONS = frozenset({0x00, 0x01, 0x02, 0x06, 0x09}) | _OPTIONS_WITH_INDEX
_LIFT = 0x00


def _canon(reader: Reader) -> Lift | None:
    at = reader.pos
    opcode = reader.byte()
    if opcode == _LIFT:
        reader.byte()
        reader.u32()
        _options(reader)
        return Lift(reader.u32(), at)
    immediates = _BUILT_INS.get(opcode)
    if immediates is None:
        raise reader.input.unsupported(f"unknown canonical built-in {opcode:#04x}", at, NEWER)
    for immediate in immediates:
        _IMMEDIATES[immediate](reader)
    return None


def _options(reader: Reader) -> None:
    reader.vector(lambda: _option(reader))


def _option(reader: Reader) -> None:
    at = reader.pos
    option = reader.byte()
    if option not in _OPTIONS:
        raise reader.input.unsupported(f"unknown canonical option {option:#04x}", at, NEWER)
    if option in _OPTIONS_WITH_INDEX:
        reader.u32()


_IMMEDIATES: dict[str, Callable[[Reader], object]] = {
    "i": Reader.u32,
    "b": Reader.byte,
    "o": _options,
    "r": read_result,
}

_ENTRIES: dict[int, Callable[[Reader], Declaration | None]] = {
    5: _instance,
    6: read_alias,
    7: _type,
    8: _canon,
    10: read_import,
    11: _export,
}
