"""Core code that gives borrowed handles back: whoever is lent one has to drop it before the call is over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from .code import Body
from .layout import Core, layout_of, payload_cases, payload_offset, places
from .shapes import Kind, Resource, Shape, reaches

__all__ = ["Borrows", "borrowed"]

_I32_WRAP_I64, _I32_ADD = 0xA7, 0x6A


def _lends(shape: Shape) -> bool:
    return reaches(shape, lambda part: part.kind is Kind.BORROW)


def borrowed(shapes: Sequence[Shape]) -> set[Resource]:
    """Return the resources of which some types hold borrowed handles."""
    return {resource for shape in shapes for resource in _borrowed(shape)}


def _borrowed(shape: Shape) -> Iterator[Resource]:
    if shape.kind is Kind.BORROW and shape.resource is not None:
        yield shape.resource
    for part in shape.parts:
        if part is not None:
            yield from _borrowed(part)


class Borrows:
    """Writes the code into a function's body; `drops` are the core functions that drop a resource's handles."""

    def __init__(self, body: Body, drops: Mapping[Resource, int]) -> None:
        self._body = body
        self._drops = drops

    def flat(self, shape: Shape, locals_: Sequence[int]) -> None:
        """Drop what a value holds whose core values are in locals."""
        if not _lends(shape):
            return
        match shape.kind:
            case Kind.BORROW if shape.resource is not None:
                self._number(locals_[0])
                self._body.call(self._drops[shape.resource])
            case Kind.RECORD | Kind.TUPLE:
                for part, _, first in places(shape.parts):
                    self.flat(part, locals_[first:])
            case Kind.LIST | Kind.MAP:
                address, count = self._copy(locals_[0]), self._copy(locals_[1])
                self._elements(shape, address, count)
            case _:
                tag = self._copy(locals_[0])
                for index, case in enumerate(payload_cases(shape)):
                    if case is not None and _lends(case):
                        with self._body.if_equal(tag, index):
                            self.flat(case, locals_[1:])

    def _number(self, local: int) -> None:
        """Push a local that holds an i32, maybe as an i64 that it shares with other cases of a variant."""
        self._body.get(local)
        if self._body.core_of(local) is Core.I64:
            self._body.emit(_I32_WRAP_I64)

    def _copy(self, local: int) -> int:
        copy = self._body.local()
        self._number(local)
        self._body.set(copy)
        return copy

    def memory(self, shape: Shape, address: int, offset: int) -> None:
        """Drop what a value holds that lies at the address in a local, plus an offset."""
        if not _lends(shape):
            return
        body = self._body
        match shape.kind:
            case Kind.BORROW if shape.resource is not None:
                body.get(address)
                body.load(Core.I32, offset)
                body.call(self._drops[shape.resource])
            case Kind.RECORD | Kind.TUPLE:
                for part, place, _ in places(shape.parts):
                    self.memory(part, address, offset + place)
            case Kind.LIST | Kind.MAP:
                start, count = body.local(), body.local()
                for local, place in ((start, 0), (count, 4)):
                    body.get(address)
                    body.load(Core.I32, offset + place)
                    body.set(local)
                self._elements(shape, start, count)
            case _:
                self._cases(shape, address, offset)

    def _cases(self, shape: Shape, address: int, offset: int) -> None:
        body, tag = self._body, self._body.local()
        body.get(address)
        body.load_unsigned(layout_of(shape).discriminant, offset)
        body.set(tag)
        for index, case in enumerate(payload_cases(shape)):
            if case is not None and _lends(case):
                with body.if_equal(tag, index):
                    self.memory(case, address, offset + payload_offset(shape))

    def _elements(self, shape: Shape, address: int, count: int) -> None:
        """Drop what the elements of a list hold; the locals are used up."""
        body = self._body
        element = Shape(Kind.TUPLE, shape.parts)
        with body.repeat(count):
            self.memory(element, address, 0)
            body.get(address)
            body.const(layout_of(element).size)
            body.emit(_I32_ADD)
            body.set(address)
