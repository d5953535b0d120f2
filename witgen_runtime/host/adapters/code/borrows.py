"""Core code that drops borrowed handles: a callee must drop them before the call ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..wasm.code import Body
from ..wasm.layout import Core
from ..wasm.shapes import Kind, Resource, Shape
from .walk import Walk

__all__ = ["Borrows", "borrowed"]


def borrowed(shapes: Sequence[Shape]) -> set[Resource]:
    """Return the resources of which some types hold borrowed handles."""
    return {resource for shape in shapes for resource in _borrowed(shape)}


def _borrowed(shape: Shape) -> Iterator[Resource]:
    if shape.kind is Kind.BORROW and shape.resource is not None:
        yield shape.resource
    for part in shape.parts:
        if part is not None:
            yield from _borrowed(part)


class Borrows(Walk):
    """Drops borrowed handles; `drops` are the core functions that drop a resource's handles."""

    def __init__(self, body: Body, drops: Mapping[Resource, int]) -> None:
        super().__init__(body)
        self._drops = drops

    def concerns(self, shape: Shape) -> bool:
        """Borrowed handles are dropped."""
        return shape.kind is Kind.BORROW

    def in_local(self, shape: Shape, local: int) -> None:
        """Drop a handle."""
        self.number(local)
        self._drop(shape)

    def in_memory(self, shape: Shape, address: int, offset: int) -> None:
        """Drop a handle."""
        self.body.get(address)
        self.body.load(Core.I32, offset)
        self._drop(shape)

    def _drop(self, shape: Shape) -> None:
        if shape.resource is not None:
            self.body.call(self._drops[shape.resource])
