"""Core code that replaces streams and futures by numbers, and numbers by streams and futures.

The host identifies a stream by a number: that of the end that the stream adapter has taken for it, or that of a feed
for which the adapter makes a stream.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..wasm.code import Body
from ..wasm.layout import Core
from ..wasm.shapes import ENDS, Shape
from .walk import I64_EXTEND_I32_U, Walk

__all__ = ["Conversion"]


class Conversion(Walk):
    """Calls a core function with each end, or number, and replaces that by the result.

    `functions` has the functions by the end's type; ends without one cannot be converted and are left unchanged.
    """

    def __init__(self, body: Body, functions: Mapping[Shape, int]) -> None:
        super().__init__(body)
        self._functions = functions

    def concerns(self, shape: Shape) -> bool:
        """Streams and futures are converted."""
        return shape.kind in ENDS

    def in_local(self, shape: Shape, local: int) -> None:
        """Convert one."""
        if shape in self._functions:
            self.number(local)
            self.body.call(self._functions[shape])
            if self.body.core_of(local) is Core.I64:
                self.body.emit(I64_EXTEND_I32_U)
            self.body.set(local)

    def in_memory(self, shape: Shape, address: int, offset: int) -> None:
        """Convert one."""
        if shape in self._functions:
            self.body.get(address, address)
            self.body.load(Core.I32, offset)
            self.body.call(self._functions[shape])
            self.body.store(offset)
