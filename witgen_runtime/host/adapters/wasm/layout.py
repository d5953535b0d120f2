"""How values lie in memory and which core values stand for them.

CanonicalABI.md, sections "Alignment", "Element Size" and "Flattening".
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from weakref import WeakKeyDictionary

from ..refusal import Refusal
from .shapes import Kind, Shape

__all__ = ["MAX_FLAT", "Core", "Layout", "align", "flatten", "layout_of", "payload_cases", "payload_offset", "places"]

MAX_FLAT = 16
"""More core values than this are passed in memory: parameters, and arguments of `task.return`."""


class Core(enum.IntEnum):
    """A type of core WebAssembly and its opcode."""

    I32 = 0x7F
    I64 = 0x7E
    F32 = 0x7D
    F64 = 0x7C


_PRIMITIVES = {
    0x7F: (1, Core.I32), 0x7E: (1, Core.I32), 0x7D: (1, Core.I32), 0x7C: (2, Core.I32), 0x7B: (2, Core.I32),
    0x7A: (4, Core.I32), 0x79: (4, Core.I32), 0x78: (8, Core.I64), 0x77: (8, Core.I64), 0x76: (4, Core.F32),
    0x75: (8, Core.F64), 0x74: (4, Core.I32), 0x64: (4, Core.I32),
}  # fmt: skip
"""Size and core type of the primitives that are one core value."""

_STRING = 0x73
_HANDLES = (Kind.OWN, Kind.BORROW, Kind.STREAM, Kind.FUTURE)
_CHOICES = (Kind.VARIANT, Kind.ENUM, Kind.OPTION, Kind.RESULT)


class Layout:
    """Size and alignment in bytes, core values, of a sum type the size of its discriminant."""

    def __init__(self, size: int, alignment: int, flat: Sequence[Core], discriminant: int = 0) -> None:
        self.size = size
        self.alignment = alignment
        self.flat = tuple(flat)
        self.discriminant = discriminant


_known: WeakKeyDictionary[Shape, Layout] = WeakKeyDictionary()


def align(offset: int, alignment: int) -> int:
    """Return the next multiple of an alignment."""
    return (offset + alignment - 1) // alignment * alignment


def layout_of(shape: Shape) -> Layout:
    """Return how a type's values are laid out."""
    layout = _known.get(shape)
    if layout is None:
        layout = _known[shape] = _layout(shape)
    return layout


def _layout(shape: Shape) -> Layout:
    kind = shape.kind
    if kind is Kind.PRIMITIVE and shape.primitive != _STRING:
        size, core = _PRIMITIVES[shape.primitive]
        return Layout(size, size, (core,))
    if kind in (Kind.PRIMITIVE, Kind.LIST, Kind.MAP):
        return Layout(8, 4, (Core.I32, Core.I32))
    if kind in _HANDLES:
        return Layout(4, 4, (Core.I32,))
    if kind in (Kind.RECORD, Kind.TUPLE):
        return _sequence([part for part in shape.parts if part is not None])
    if kind is Kind.FLAGS:
        size = 1 if len(shape.labels) <= 8 else 2 if len(shape.labels) <= 16 else 4
        return Layout(size, size, (Core.I32,))
    if kind in _CHOICES:
        return _choice(payload_cases(shape))
    raise Refusal("", f"adapters do not know how values of kind {kind.name.lower()} are laid out")


def _sequence(parts: Sequence[Shape]) -> Layout:
    size, alignment, flat = 0, 1, list[Core]()
    for part in parts:
        layout = layout_of(part)
        size = align(size, layout.alignment) + layout.size
        alignment = max(alignment, layout.alignment)
        flat.extend(layout.flat)
    return Layout(align(size, alignment), alignment, flat)


def payload_cases(shape: Shape) -> tuple[Shape | None, ...]:
    """Return the payloads of a sum type's cases, in the order of their numbers."""
    match shape.kind:
        case Kind.ENUM:
            return (None,) * len(shape.labels)
        case Kind.OPTION:
            return (None, *shape.parts)
        case _:
            return shape.parts


def _choice(cases: Sequence[Shape | None]) -> Layout:
    discriminant = 1 if len(cases) <= 1 << 8 else 2 if len(cases) <= 1 << 16 else 4
    size, alignment, flat = 0, discriminant, list[Core]()
    for layout in (layout_of(case) for case in cases if case is not None):
        size, alignment = max(size, layout.size), max(alignment, layout.alignment)
        for index, core in enumerate(layout.flat):
            if index < len(flat):
                flat[index] = _join(flat[index], core)
            else:
                flat.append(core)
    whole = align(align(discriminant, alignment) + size, alignment)
    return Layout(whole, alignment, (Core.I32, *flat), discriminant)


def _join(one: Core, other: Core) -> Core:
    if one is other:
        return one
    return Core.I32 if {one, other} == {Core.I32, Core.F32} else Core.I64


def payload_offset(shape: Shape) -> int:
    """Return where the payload of a sum type begins."""
    layout = layout_of(shape)
    return align(layout.discriminant, layout.alignment)


def places(parts: Sequence[Shape | None]) -> Iterator[tuple[Shape, int, int]]:
    """Yield a record's or tuple's parts with their offset in memory and the number of their first core value."""
    offset = first = 0
    for part in parts:
        if part is None:
            continue
        layout = layout_of(part)
        offset = align(offset, layout.alignment)
        yield part, offset, first
        offset += layout.size
        first += len(layout.flat)


def flatten(shapes: Sequence[Shape]) -> tuple[Core, ...]:
    """Return the core values of several types."""
    return tuple(core for shape in shapes for core in layout_of(shape).flat)
