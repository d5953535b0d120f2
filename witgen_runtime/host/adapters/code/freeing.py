"""Core code that frees the heap blocks of stream elements."""

from __future__ import annotations

from ..wasm.code import Body
from ..wasm.shapes import STRING, Kind, Shape
from .walk import Walk

__all__ = ["Freeing"]


class Freeing(Walk):
    """Frees strings, lists and maps with all that is in them; `free` is the heap's function."""

    def __init__(self, body: Body, free: int) -> None:
        super().__init__(body)
        self._free = free

    def concerns(self, shape: Shape) -> bool:
        """Parts with an address are on the heap."""
        return shape is STRING or shape.kind in (Kind.LIST, Kind.MAP)

    def in_local(self, shape: Shape, local: int) -> None:
        """Elements of streams lie in memory."""
        raise NotImplementedError

    def in_memory(self, shape: Shape, address: int, offset: int) -> None:
        """Free a block after the blocks that it leads to."""
        start, count = self.sequence(address, offset)
        block = self.body.local()
        self.body.get(start)
        self.body.set(block)
        if any(part is not None and self.reaches(part) for part in shape.parts):
            self.elements(shape, start, count)
        self.body.get(block)
        self.body.call(self._free)
