"""The core module of the memory that holds the elements of streams in transit.

Unlike the values of a call, they stay until the other end takes them, so every block is freed separately. Block sizes
are powers of two; free blocks of one size form a list. The 8 bytes before a block hold the power, or, while it is free,
the next free one.
"""

from __future__ import annotations

from functools import cache

from ..wasm.code import Body, CoreModule
from ..wasm.layout import Core
from .allocator import MEMORY, REALLOC, make_room

__all__ = ["FREE", "heap"]

FREE = "free"

_LISTS, _BOTTOM = 64, 256
"""Where the heads of the lists lie, one word for each power, and where the blocks begin."""
_HEADER, _SMALLEST = 8, 4
_EMPTY = 8
"""The address of every block of no bytes."""
_I32_GE_U, _I32_LT_U, _I32_CLZ, _I32_ADD, _I32_SUB, _I32_SHL = 0x4F, 0x49, 0x67, 0x6A, 0x6B, 0x74
_RETURN, _SELECT, _MEMORY_COPY = 0x0F, 0x1B, (0xFC, 10, 0, 0)


@cache
def heap() -> bytes:
    """Return the module."""
    module = CoreModule()
    module.memory(MEMORY, 1)
    top = module.variable(_BOTTOM)
    allocate = module.function(_allocate(top))
    free = module.function(_free(), FREE)
    module.function(_reallocate(allocate, free), REALLOC)
    return module.encoded()


def _head(body: Body, power: int) -> None:
    """Push the address of the list of a power, less its offset."""
    body.get(power)
    body.const(2)
    body.emit(_I32_SHL)


def _allocate(top: int) -> Body:
    """Return the function that takes a block of some bytes from its list, or new memory: size → address."""
    body = Body([Core.I32], [Core.I32])
    power, block, end = body.local(), body.local(), body.local()
    body.const(32)
    body.get(0)
    body.const(_HEADER - 1)
    body.emit(_I32_ADD)
    body.const((1 << _SMALLEST) - 1)
    body.get(0)
    body.const(_HEADER)
    body.emit(_I32_GE_U, _SELECT, _I32_CLZ, _I32_SUB)
    body.set(power)
    _head(body, power)
    body.load(Core.I32, _LISTS)
    body.set(block)
    body.get(block)
    with body.if_():
        _head(body, power)
        body.get(block)
        body.load(Core.I32, 0)
        body.store(_LISTS)
        body.else_()
        body.global_get(top)
        body.set(block)
        body.get(block)
        body.const(1)
        body.get(power)
        body.emit(_I32_SHL, _I32_ADD)
        body.set(end)
        make_room(body, block, end)
        body.get(end)
        body.global_set(top)
    body.get(block, power)
    body.store(0)
    body.get(block)
    body.const(_HEADER)
    body.emit(_I32_ADD)
    return body


def _free() -> Body:
    """Return the function that puts a block back into its list."""
    body = Body([Core.I32])
    power = body.local()
    body.get(0)
    body.const(_BOTTOM)
    body.emit(_I32_LT_U)
    with body.if_():
        body.emit(_RETURN)
    body.get(0)
    body.const(_HEADER)
    body.emit(_I32_SUB)
    body.set(0)
    body.get(0)
    body.load(Core.I32, 0)
    body.set(power)
    body.get(0)
    _head(body, power)
    body.load(Core.I32, _LISTS)
    body.store(0)
    _head(body, power)
    body.get(0)
    body.store(_LISTS)
    return body


def _reallocate(allocate: int, free: int) -> Body:
    """Return the function that the canonical ABI asks for memory: old block, its size, alignment, new size."""
    body = Body([Core.I32] * 4, [Core.I32])
    old, old_size, _, size = range(4)
    block = body.local()
    with body.if_equal(size, 0):
        body.const(_EMPTY)
        body.emit(_RETURN)
    body.get(size)
    body.call(allocate)
    body.set(block)
    body.get(block, old, old_size, size, old_size, size)
    body.emit(_I32_LT_U, _SELECT, *_MEMORY_COPY)
    body.get(old)
    body.call(free)
    body.get(block)
    return body
