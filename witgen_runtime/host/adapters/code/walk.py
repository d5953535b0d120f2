"""Core code that goes through a value and does something to some of its parts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from ..wasm.code import Body
from ..wasm.layout import Core, layout_of, payload_cases, payload_offset, places
from ..wasm.shapes import Kind, Shape, reaches

__all__ = ["I64_EXTEND_I32_U", "Walk"]

_I32_WRAP_I64, _I32_ADD, I64_EXTEND_I32_U = 0xA7, 0x6A, 0xAD


class Walk(ABC):
    """Writes the code into a function's body. A subclass defines the parts it `concerns`, and the code for them."""

    def __init__(self, body: Body) -> None:
        self.body = body

    @abstractmethod
    def concerns(self, shape: Shape) -> bool:
        """Return whether values of a type are parts that the code handles."""

    @abstractmethod
    def in_local(self, shape: Shape, local: int) -> None:
        """Do it to a part that is a core value in a local."""

    @abstractmethod
    def in_memory(self, shape: Shape, address: int, offset: int) -> None:
        """Do it to a part that lies at the address in a local, plus an offset."""

    def reaches(self, shape: Shape) -> bool:
        """Return whether values of a type have parts that the code handles."""
        return reaches(shape, self.concerns)

    def flat(self, shape: Shape, locals_: Sequence[int]) -> None:
        """Go through a value whose core values are in locals."""
        if not self.reaches(shape):
            return
        if self.concerns(shape):
            self.in_local(shape, locals_[0])
            return
        match shape.kind:
            case Kind.RECORD | Kind.TUPLE:
                for part, _, first in places(shape.parts):
                    self.flat(part, locals_[first:])
            case Kind.LIST | Kind.MAP:
                address, count = self._copy(locals_[0]), self._copy(locals_[1])
                self.elements(shape, address, count)
            case _:
                tag = self._copy(locals_[0])
                for index, case in enumerate(payload_cases(shape)):
                    if case is not None and self.reaches(case):
                        with self.body.if_equal(tag, index):
                            self.flat(case, locals_[1:])

    def number(self, local: int) -> None:
        """Push a local that holds an i32, maybe as an i64 that it shares with other cases of a variant."""
        self.body.get(local)
        if self.body.core_of(local) is Core.I64:
            self.body.emit(_I32_WRAP_I64)

    def _copy(self, local: int) -> int:
        copy = self.body.local()
        self.number(local)
        self.body.set(copy)
        return copy

    def memory(self, shape: Shape, address: int, offset: int) -> None:
        """Go through a value that lies at the address in a local, plus an offset."""
        if not self.reaches(shape):
            return
        if self.concerns(shape):
            self.in_memory(shape, address, offset)
            return
        match shape.kind:
            case Kind.RECORD | Kind.TUPLE:
                for part, place, _ in places(shape.parts):
                    self.memory(part, address, offset + place)
            case Kind.LIST | Kind.MAP:
                self.elements(shape, *self.sequence(address, offset))
            case _:
                self._cases(shape, address, offset)

    def sequence(self, address: int, offset: int) -> tuple[int, int]:
        """Return locals with the address and the count of a list that lies in memory."""
        body = self.body
        start, count = body.local(), body.local()
        for local, place in ((start, 0), (count, 4)):
            body.get(address)
            body.load(Core.I32, offset + place)
            body.set(local)
        return start, count

    def _cases(self, shape: Shape, address: int, offset: int) -> None:
        body, tag = self.body, self.body.local()
        body.get(address)
        body.load_unsigned(layout_of(shape).discriminant, offset)
        body.set(tag)
        for index, case in enumerate(payload_cases(shape)):
            if case is not None and self.reaches(case):
                with body.if_equal(tag, index):
                    self.memory(case, address, offset + payload_offset(shape))

    def elements(self, shape: Shape, address: int, count: int) -> None:
        """Go through the elements of a list; the locals are used up."""
        body = self.body
        element = Shape(Kind.TUPLE, shape.parts)
        with body.repeat(count):
            self.memory(element, address, 0)
            body.get(address)
            body.const(layout_of(element).size)
            body.emit(_I32_ADD)
            body.set(address)
