"""Core code that loads a value from memory as core values (CanonicalABI.md, "Flat Lifting"): for `task.return`."""

from __future__ import annotations

from collections.abc import Sequence

from ..wasm.code import Body
from ..wasm.layout import Core, layout_of, payload_cases, payload_offset, places
from ..wasm.shapes import Kind, Shape

__all__ = ["load_flat"]

_CONVERSIONS = {
    (Core.I32, Core.I64): (0xAD,),  # i64.extend_i32_u
    (Core.F32, Core.I32): (0xBC,),  # i32.reinterpret_f32
    (Core.F32, Core.I64): (0xBC, 0xAD),
    (Core.F64, Core.I64): (0xBD,),  # i64.reinterpret_f64
}
"""How a core value is put into a local that cases of a variant share."""


def load_flat(body: Body, shape: Shape, address: int, offset: int, locals_: Sequence[int]) -> None:
    """Load the value at the address in a local, plus an offset, into locals."""
    layout = layout_of(shape)
    match shape.kind:
        case Kind.RECORD | Kind.TUPLE:
            for part, place, first in places(shape.parts):
                load_flat(body, part, address, offset + place, locals_[first:])
        case Kind.VARIANT | Kind.ENUM | Kind.OPTION | Kind.RESULT:
            _load_choice(body, shape, address, offset, locals_)
        case _:
            # One core value, or the address and the count of a string, a list or a map.
            size = layout.size // len(layout.flat)
            for index, core in enumerate(layout.flat):
                body.get(address)
                if core is Core.I32:
                    body.load_unsigned(size, offset + size * index)
                else:
                    body.load(core, offset)
                _store(body, core, locals_[index])


def _load_choice(body: Body, shape: Shape, address: int, offset: int, locals_: Sequence[int]) -> None:
    tag = body.local()
    body.get(address)
    body.load_unsigned(layout_of(shape).discriminant, offset)
    body.set(tag)
    body.get(tag)
    _store(body, Core.I32, locals_[0])
    for index, case in enumerate(payload_cases(shape)):
        if case is not None:
            with body.if_equal(tag, index):
                load_flat(body, case, address, offset + payload_offset(shape), locals_[1:])


def _store(body: Body, core: Core, local: int) -> None:
    body.emit(*_CONVERSIONS.get((core, body.core_of(local)), ()))
    body.set(local)
