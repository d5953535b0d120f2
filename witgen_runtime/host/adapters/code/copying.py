"""Core code that copies the lists and strings of a value from one memory into another.

The value itself, as core values or in the target memory, has been copied already, with addresses of the source. Each
sequence gets a block in the target and is copied at once; then those that its elements point to follow. wasmtime would
check what lies in a list when it reads the list itself. For lists that the host reads, that is done here.
"""

from __future__ import annotations

from ..wasm.code import Body, CoreModule
from ..wasm.layout import Core, layout_of, payload_cases
from ..wasm.shapes import BYTE, OPCODES, STRING, Kind, Shape, is_direct
from .walk import I64_EXTEND_I32_U, Walk

__all__ = ["Copies", "Direction", "check_alignment", "take_block"]

_I32_EQ, _I32_NE, _I32_GE_U, _I32_ADD, _I32_AND = 0x46, 0x47, 0x4F, 0x6A, 0x71
_I64_MUL, _I64_SHR_U, _I32_WRAP_I64 = 0x7E, 0x88, 0xA7
_BOOL, _CHAR = OPCODES["bool"], OPCODES["char"]
_CHOICES = (Kind.VARIANT, Kind.ENUM, Kind.OPTION, Kind.RESULT)
_WITH_FUNCTIONS = (Kind.RECORD, Kind.VARIANT)
_END_OF_CHARS, _SURROGATES, _SURROGATE_BITS = 0x110000, 0xD800, -0x800


def take_block(body: Body, allocate: int, alignment: int) -> int:
    """Replace a size by a local with the address of a new block; `allocate` is a function like `cabi_realloc`."""
    size, block = body.local(), body.local()
    body.set(size)
    body.const(0)
    body.const(0)
    body.const(alignment)
    body.get(size)
    body.call(allocate)
    body.set(block)
    check_alignment(body, block, alignment)
    return block


def check_alignment(body: Body, address: int, alignment: int) -> None:
    """Trap if the address in a local is not a multiple of an alignment."""
    if alignment > 1:
        body.get(address)
        body.const(alignment - 1)
        body.emit(_I32_AND)
        body.trap_if()


class Direction:
    """From the memory `source` to the memory `target`, where `allocate` makes blocks."""

    def __init__(self, module: CoreModule, source: int, target: int, allocate: int) -> None:
        self.source = source
        self.target = target
        self.allocate = allocate
        self._module = module
        self._functions: dict[tuple[type[Copies], Shape], int] = {}

    def function(self, walk: type[Copies], shape: Shape) -> int:
        """Return the function that copies what a value points to, whose address in the target it gets."""
        if (walk, shape) not in self._functions:
            body = Body((Core.I32,))
            walk(body, self).parts(shape)
            self._functions[walk, shape] = self._module.function(body)
        return self._functions[walk, shape]


class Copies(Walk):
    """Copies what a value points to. Named types have functions of their own, because many others have them in them."""

    def __init__(self, body: Body, direction: Direction) -> None:
        super().__init__(body)
        self._direction = direction
        self._source, self._target = direction.source, direction.target

    def concerns(self, shape: Shape) -> bool:
        """Sequences are copied."""
        return shape.kind in (Kind.LIST, Kind.MAP) or shape is STRING

    def in_local(self, shape: Shape, local: int) -> None:
        """Copy a sequence; its count is in the next local."""
        start, count = self._copy(local), self._copy(local + 1)
        with self.body.of_memory(self._target):
            block = self._moved(shape, start, count)
        self.body.get(block)
        if self.body.core_of(local) is Core.I64:
            self.body.emit(I64_EXTEND_I32_U)
        self.body.set(local)

    def in_memory(self, shape: Shape, address: int, offset: int) -> None:
        """Copy a sequence."""
        body = self.body
        start, count = self.sequence(address, offset)
        block = self._moved(shape, start, count)
        body.get(address)
        body.get(block)
        body.store(offset)

    def parts(self, shape: Shape) -> None:
        """Copy what a value points to that lies in the target at the address in the first local."""
        with self.body.of_memory(self._target):
            super().memory(shape, 0, 0)

    def memory(self, shape: Shape, address: int, offset: int) -> None:
        """Go through a value that lies at the address in a local, plus an offset."""
        if shape.kind not in _WITH_FUNCTIONS or not self.reaches(shape):
            super().memory(shape, address, offset)
            return
        self.body.get(address)
        self.body.const(offset)
        self.body.emit(_I32_ADD)
        self.body.call(self._direction.function(type(self), shape))

    def whole(self, shape: Shape, start: int, target: int) -> None:
        """Copy a value that lies at the address in the local `start` to that in `target`, with what it points to."""
        layout = layout_of(shape)
        check_alignment(self.body, start, layout.alignment)
        self.body.get(target, start)
        self.body.const(layout.size)
        self.body.copy(self._target, self._source)
        with self.body.of_memory(self._target):
            self.memory(shape, target, 0)

    def _moved(self, shape: Shape, start: int, count: int) -> int:
        """Copy the elements of a sequence and what they point to; return the local with the address of its block."""
        body = self.body
        element = BYTE if shape is STRING else Shape(Kind.TUPLE, shape.parts)
        layout = layout_of(element)
        check_alignment(body, start, layout.alignment)
        size = self._size(count, layout.size)
        body.get(size)
        block = take_block(body, self._direction.allocate, layout.alignment)
        body.get(block, start, size)
        body.copy(self._target, self._source)
        walk = Checked(body, self._direction) if is_direct(shape) else self
        if walk.reaches(element):
            walk.elements(shape, self._copy(block), self._copy(count))
        return block

    def _size(self, count: int, size: int) -> int:
        """Return the local with the size of a number of elements; trap where it does not fit into 32 bits."""
        if size == 1:
            return count
        body, wide, found = self.body, self.body.local(Core.I64), self.body.local()
        body.get(count)
        body.emit(I64_EXTEND_I32_U)
        body.const_i64(size)
        body.emit(_I64_MUL)
        body.set(wide)
        body.get(wide)
        body.const_i64(32)
        body.emit(_I64_SHR_U, _I32_WRAP_I64)
        body.trap_if()
        body.get(wide)
        body.emit(_I32_WRAP_I64)
        body.set(found)
        return found


class Checked(Copies):
    """Copies what the host reads itself, or writes, and checks what wasmtime would check in a list.

    It traps at cases, members and characters that there are not, makes every bool 0 or 1, and clears bits that stand
    for no flag. Strings are checked by who decodes them.
    """

    def concerns(self, shape: Shape) -> bool:
        """Return whether a type is a sequence, or not every number is a value of it."""
        is_checked = shape.kind in _CHOICES or shape.primitive in (_BOOL, _CHAR) or _spare(shape) > 0
        return is_checked or super().concerns(shape)

    def in_memory(self, shape: Shape, address: int, offset: int) -> None:
        """Copy a sequence, or check a number and what follows it."""
        body, size = self.body, layout_of(shape).size
        if super().concerns(shape):
            super().in_memory(shape, address, offset)
        elif shape.primitive == _BOOL:
            body.get(address, address)
            body.load_unsigned(1, offset)
            body.const(0)
            body.emit(_I32_NE)
            body.store_sized(1, offset)
        elif shape.kind is Kind.FLAGS:
            body.get(address, address)
            body.load_unsigned(size, offset)
            body.const((1 << len(shape.labels)) - 1)
            body.emit(_I32_AND)
            body.store_sized(size, offset)
        elif shape.primitive == _CHAR:
            self._character(address, offset)
        else:
            self._choice(shape, address, offset)

    def _choice(self, shape: Shape, address: int, offset: int) -> None:
        """Check the number of a case, and its payload."""
        body = self.body
        body.get(address)
        body.load_unsigned(layout_of(shape).discriminant, offset)
        body.const(len(payload_cases(shape)))
        body.emit(_I32_GE_U)
        body.trap_if()
        if any(case is not None and self.reaches(case) for case in payload_cases(shape)):
            self._cases(shape, address, offset)

    def _character(self, address: int, offset: int) -> None:
        body = self.body
        number = body.local()
        body.get(address)
        body.load_unsigned(4, offset)
        body.set(number)
        body.get(number)
        body.const(_END_OF_CHARS)
        body.emit(_I32_GE_U)
        body.trap_if()
        body.get(number)
        body.const(_SURROGATE_BITS)
        body.emit(_I32_AND)
        body.const(_SURROGATES)
        body.emit(_I32_EQ)
        body.trap_if()


def _spare(shape: Shape) -> int:
    """Return how many bits of flags stand for none."""
    return 8 * layout_of(shape).size - len(shape.labels) if shape.kind is Kind.FLAGS else 0
