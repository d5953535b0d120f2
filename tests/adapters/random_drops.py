"""Core text that drops what a call lends, wherever it stands in the parameters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from witgen_runtime.host.adapters.wasm.layout import Core, flatten, layout_of, payload_cases, payload_offset, places
from witgen_runtime.host.adapters.wasm.shapes import Kind, Shape, reaches


class Drops:
    """Makes the code of one function; `locals` are the i32 locals that it needs."""

    def __init__(self, types: Sequence[Shape], *, spilled: bool) -> None:
        self.locals: list[str] = []
        self._flat = flatten(types)
        whole = Shape(Kind.TUPLE, tuple(types))
        self.code = " ".join(self._memory(whole, "0", 0) if spilled else self._values(whole, 0))

    def _number(self, index: int) -> str:
        value = f"(local.get {index})"
        return f"(i32.wrap_i64 {value})" if self._flat[index] is Core.I64 else value

    def _values(self, shape: Shape, first: int) -> Iterator[str]:
        """Drop what core values hold."""
        if not _lends(shape):
            return
        match shape.kind:
            case Kind.BORROW:
                yield f"(call $drop {self._number(first)})"
            case Kind.TUPLE:
                for part, _, index in places(shape.parts):
                    yield from self._values(part, first + index)
            case Kind.LIST | Kind.MAP:
                yield from self._elements(shape, self._number(first), self._number(first + 1))
            case _:
                for case, payload in enumerate(payload_cases(shape)):
                    code = " ".join(self._values(payload, first + 1)) if payload is not None else ""
                    yield f"(if (i32.eq {self._number(first)} (i32.const {case})) (then {code}))"

    def _memory(self, shape: Shape, address: str, offset: int) -> Iterator[str]:
        """Drop what lies in memory."""
        if not _lends(shape):
            return
        at = f"offset={offset} (local.get {address})"
        match shape.kind:
            case Kind.BORROW:
                yield f"(call $drop (i32.load {at}))"
            case Kind.TUPLE:
                for part, place, _ in places(shape.parts):
                    yield from self._memory(part, address, offset + place)
            case Kind.LIST | Kind.MAP:
                count = f"(i32.load offset={offset + 4} (local.get {address}))"
                yield from self._elements(shape, f"(i32.load {at})", count)
            case _:
                for case, payload in enumerate(payload_cases(shape)):
                    inner = self._memory(payload, address, offset + payload_offset(shape)) if payload else ()
                    yield f"(if (i32.eq (i32.load8_u {at}) (i32.const {case})) (then {' '.join(inner)}))"

    def _elements(self, shape: Shape, start: str, count: str) -> Iterator[str]:
        at, left = (f"$d{len(self.locals) + number}" for number in range(2))
        self.locals += [at, left]
        element = Shape(Kind.TUPLE, shape.parts)
        yield f"""(local.set {at} {start}) (local.set {left} {count})
            (block (loop (br_if 1 (i32.eqz (local.get {left}))) {" ".join(self._memory(element, at, 0))}
              (local.set {at} (i32.add (local.get {at}) (i32.const {layout_of(element).size})))
              (local.set {left} (i32.sub (local.get {left}) (i32.const 1))) (br 0)))"""


def _lends(shape: Shape) -> bool:
    return reaches(shape, lambda part: part.kind is Kind.BORROW)
