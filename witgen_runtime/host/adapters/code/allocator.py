"""The core module of an adapter's memory.

Values lie there only while a call passes them on, so blocks are allocated consecutively and all freed when the
outermost call ends. Calls nest when a host function calls back into the guest; `enter` and `leave` count them.

The memory never shrinks: WebAssembly cannot release pages.
"""

from __future__ import annotations

from functools import cache

from ..wasm.code import Body, CoreModule
from ..wasm.layout import Core

__all__ = ["ENTER", "LEAVE", "MEMORY", "REALLOC", "allocator", "leave_with", "make_room"]

MEMORY, REALLOC, ENTER, LEAVE = "memory", "realloc", "enter", "leave"

_BOTTOM = 16
_I32_EQ, _I32_NE, _I32_LT_U, _I32_GT_U = 0x46, 0x47, 0x49, 0x4B
_I32_ADD, _I32_SUB, _I32_AND, _I32_SHL, _I32_SHR_U = 0x6A, 0x6B, 0x71, 0x74, 0x76
_UNREACHABLE, _SELECT = 0x00, 0x1B
_MEMORY_SIZE, _MEMORY_GROW, _MEMORY_COPY = (0x3F, 0), (0x40, 0), (0xFC, 10, 0, 0)


def leave_with(core: Core | None) -> str:
    """Return the name of the post-return function of a call that returns a core value."""
    return LEAVE if core is None else f"{LEAVE}-{core.name.lower()}"


@cache
def allocator() -> bytes:
    """Return the module."""
    module = CoreModule()
    module.memory(MEMORY, 1)
    top, depth = module.variable(_BOTTOM), module.variable(0)
    module.function(_realloc(top), REALLOC)
    module.function(_enter(depth), ENTER)
    module.function(_leave(top, depth, []), LEAVE)
    for core in Core:
        module.function(_leave(top, depth, [core]), leave_with(core))
    return module.encoded()


def _enter(depth: int) -> Body:
    body = Body(())
    body.global_get(depth)
    body.const(1)
    body.emit(_I32_ADD)
    body.global_set(depth)
    return body


def _leave(top: int, depth: int, params: list[Core]) -> Body:
    """Return the function that ends a call; as a post-return function it gets the call's result."""
    body = Body(params)
    left = body.local()
    body.global_get(depth)
    body.const(1)
    body.emit(_I32_SUB)
    body.set(left)
    body.get(left)
    body.global_set(depth)
    with body.if_equal(left, 0):
        body.const(_BOTTOM)
        body.global_set(top)
    return body


def _realloc(top: int) -> Body:
    """Return the function that the canonical ABI asks for memory: old block, its size, alignment, new size.

    Blocks always lie at multiples of 8, although a `list<u8>` asks for 1: the same block is passed on as a string in
    the latin1+utf16 encoding, which has to lie at a multiple of 2. The last block grows where it is.
    """
    body = Body([Core.I32] * 4, [Core.I32])
    old, old_size, _, size = range(4)
    block, end = body.local(), body.local()
    _is_last(body, top, old, old_size)
    with body.if_():
        body.get(old)
        body.set(block)
        body.else_()
        body.global_get(top)
        body.const(7)
        body.emit(_I32_ADD)
        body.const(-8)
        body.emit(_I32_AND)
        body.set(block)
    body.get(block, size)
    body.emit(_I32_ADD)
    body.set(end)
    make_room(body, block, end)
    body.get(end)
    body.global_set(top)
    _move(body, old, old_size, block, size)
    body.get(block)
    return body


def _is_last(body: Body, top: int, old: int, old_size: int) -> None:
    body.get(old)
    body.const(0)
    body.emit(_I32_NE)
    body.get(old, old_size)
    body.emit(_I32_ADD)
    body.global_get(top)
    body.emit(_I32_EQ, _I32_AND)


def make_room(body: Body, block: int, end: int) -> None:
    """Let the memory grow up to a block's end; trap where that lies before the block: the address space is full."""
    body.get(end, block)
    body.emit(_I32_LT_U)
    with body.if_():
        body.emit(_UNREACHABLE)
    body.get(end)
    body.emit(*_MEMORY_SIZE)
    body.const(16)
    body.emit(_I32_SHL, _I32_GT_U)
    with body.if_():
        body.get(end)
        body.const(0xFFFF)
        body.emit(_I32_ADD)
        body.const(16)
        body.emit(_I32_SHR_U, *_MEMORY_SIZE, _I32_SUB, *_MEMORY_GROW)
        body.const(-1)
        body.emit(_I32_EQ)
        with body.if_():
            body.emit(_UNREACHABLE)


def _move(body: Body, old: int, old_size: int, block: int, size: int) -> None:
    """Copy the contents of a block that could not grow in place."""
    body.get(old)
    body.const(0)
    body.emit(_I32_NE)
    body.get(old, block)
    body.emit(_I32_NE, _I32_AND)
    with body.if_():
        body.get(block, old, old_size, size, old_size, size)
        body.emit(_I32_LT_U, _SELECT, *_MEMORY_COPY)
