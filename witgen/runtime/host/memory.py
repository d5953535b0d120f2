"""Linear memories with a limit, and knowledge of who ran into it.

wasmtime's own limiter makes `memory.grow` fail and tells nobody; what the guest does then (most trap) looks like any
other trap. So an engine for stores with a limit gets its memories from here: reserved whole, made usable as they grow,
and refused beyond the limit of the store that is being instantiated when they are made.
"""

from __future__ import annotations

import ctypes
import mmap
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

import wasmtime

from . import ffi

__all__ = ["AVAILABLE", "Budget", "bound", "create_here"]

AVAILABLE: Final = sys.platform != "win32"
"""Whether memories can be made here; otherwise wasmtime's limiter has to do."""

_NOTHING: Final = 0
_FAILED: Final = ctypes.c_void_p(-1).value


@dataclass(slots=True)
class Budget:
    """What a store allows each of its memories, in bytes; `refused` is what a guest asked for in vain, or 0."""

    limit: int
    refused: int = 0

    def allows(self, size: int) -> bool:
        """Tell whether a memory may be of this size, and remember if not."""
        if size <= self.limit:
            return True
        self.refused = size
        return False


class _Current(threading.local):
    """Whose memories are being made on this thread."""

    budget: Budget | None = None


_current = _Current()


@contextmanager
def create_here(budget: Budget | None) -> Generator[None]:
    """Make memories for a store, until the end of the block, on this thread."""
    before, _current.budget = _current.budget, budget
    try:
        yield
    finally:
        _current.budget = before


@dataclass(slots=True)
class _Memory:
    address: int
    size: int
    capacity: int
    mapped: int
    budget: Budget | None


_memories: dict[int, _Memory] = {}
_number = count(1)

_PRIVATE: Final = sum(int(getattr(mmap, name, 0)) for name in ("MAP_PRIVATE", "MAP_ANONYMOUS", "MAP_NORESERVE"))
_USABLE: Final = sum(int(getattr(mmap, name, 0)) for name in ("PROT_READ", "PROT_WRITE"))

if AVAILABLE:
    _libc: Any = ctypes.CDLL(None)
    _map: Any = _libc.mmap
    _map.restype = ctypes.c_void_p
    _map.argtypes = (ctypes.c_void_p, ctypes.c_size_t, *(ctypes.c_int,) * 3, ctypes.c_long)
    _protect: Any = _libc.mprotect
    _protect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    _unmap: Any = _libc.munmap
    _unmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)


def _extend(memory: _Memory, size: int) -> bool:
    """Make a memory usable up to `size`."""
    if size > memory.size and _protect(memory.address + memory.size, size - memory.size, _USABLE):
        return False
    memory.size = size
    return True


def _new(_env: int, _type: int, minimum: int, _maximum: int, reserved: int, guard: int, result: Any) -> int:
    budget, capacity = _current.budget, max(reserved, minimum)
    if budget is not None and not budget.allows(minimum):
        return int(ffi.error_new(f"a memory of {minimum} bytes exceeds memory limits: {budget.limit}".encode()))
    address = _map(None, capacity + guard, _NOTHING, _PRIVATE, -1, 0)
    if address in {None, _FAILED}:
        return int(ffi.error_new(f"no address space for a memory of {capacity} bytes".encode()))
    memory = _Memory(address, 0, capacity, capacity + guard, budget)
    if not _extend(memory, minimum):
        _unmap(address, memory.mapped)
        return int(ffi.error_new(f"no memory of {minimum} bytes".encode()))
    number = next(_number)
    _memories[number] = memory
    made = result[0]
    made.env, made.get, made.grow, made.end = number, _get_callback, _grow_callback, _end_callback
    return 0


def _get(number: int, size: Any, capacity: Any) -> int:
    memory = _memories[number]
    size[0], capacity[0] = memory.size, memory.capacity
    return memory.address


def _grow(number: int, size: int) -> int:
    memory = _memories[number]
    allowed = memory.budget is None or memory.budget.allows(size)
    if allowed and size <= memory.capacity and _extend(memory, size):
        return 0
    return int(ffi.error_new(b"no more memory"))


def _end(number: int) -> None:
    memory = _memories.pop(number)
    _unmap(memory.address, memory.mapped)


_get_callback: Final = ffi.MEMORY_GET(_get)
_grow_callback: Final = ffi.MEMORY_GROW(_grow)
_end_callback: Final = ffi.MEMORY_END(_end)
_new_callback: Final = ffi.MEMORY_NEW(_new)


def bound(config: wasmtime.Config) -> None:
    """Let an engine get its memories from here."""
    ffi.set_memory_creator(config, _new_callback)
