"""Linear memories with a limit that record when a guest exceeds it.

wasmtime's own limiter makes `memory.grow` fail without notifying the host; the guest's reaction (usually a trap) looks
like any other trap. So engines for stores with a limit get their memories from here: reserved as a whole, made
accessible as they grow, and refused beyond the limit of the store that is being instantiated when they are made.

wasmtime maps the first content of its own memories copy-on-write, but copies that of others, 13 MB for a component in
Python. So such content is taken out of components (see `images`) and mapped here.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count, repeat, starmap
from operator import itemgetter
from typing import Any, Final, TypeVar

import wasmtime

from . import ffi
from .entry import c_callback, errors, guarded, leaf

__all__ = ["AVAILABLE", "UNLIMITED", "Budget", "Descriptor", "Image", "bound", "current"]

AVAILABLE: Final = sys.platform != "win32"
"""Whether memories can be made here; otherwise wasmtime's limiter has to do."""

T = TypeVar("T")

_NOTHING: Final = 0
_FIXED: Final = 0x10
"""`MAP_FIXED`, which has this value on Linux, macOS and the BSDs; Python's module does not know it."""
_FAILED: Final = ctypes.c_void_p(-1).value


class Descriptor:
    """An open file that is closed with the object."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __del__(self) -> None:
        os.close(self.number)


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """What a memory contains when it is made: part of a file, and zeros behind that.

    Attributes:
        minimum: the memory's size when it is made, in bytes.
        maximum: its largest size. No other memory of its component has the same.
        file: the file.
        start: where the content begins in the file, which is a multiple of the size of a page.
        length: how many bytes it has, which is such a multiple, and at most `minimum`.
    """

    minimum: int
    maximum: int
    file: Descriptor
    start: int
    length: int


class Budget:
    """The limit of a store's memories, in bytes; `refused` is the size that a guest requested in vain, or 0."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.refused = 0
        self.raised: BaseException | None = None
        """The exception raised while a memory was made."""
        self.images: tuple[Image, ...] = ()
        """What memories of the component that is being instantiated contain when they are made."""

    def with_images(self, images: tuple[Image, ...], make: Callable[[], T]) -> T:
        """Instantiate a component whose memories begin with images. Its start code may have others instantiated."""
        outer, self.images = self.images, images
        try:
            return make()
        finally:
            self.images = outer

    @classmethod
    def of(cls, limit: int | None) -> Budget:
        """Return a budget; None means unlimited."""
        return cls(1 << 64 if limit is None else limit)


UNLIMITED: Final = Budget(1 << 64)
"""The budget of memories that are not made for a store with a limit."""


class _Current(threading.local):
    """Whose memories are being made on this thread."""

    budget: Budget = UNLIMITED


current: Final = _Current()


_PRIVATE: Final = sum(int(getattr(mmap, name, 0)) for name in ("MAP_PRIVATE", "MAP_ANONYMOUS", "MAP_NORESERVE"))
_COPIED: Final = int(getattr(mmap, "MAP_PRIVATE", 0)) | _FIXED
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


def _repeated(function: Callable[..., object], arguments: list[tuple[int, ...]]) -> Any:
    """Return an iterator that calls a C function at each step, with the arguments that the list then has."""
    return starmap(function, map(itemgetter(0), repeat(arguments)))


class _Memory:
    """A mapping of which `size` bytes are accessible; it is unmapped with the object.

    wasmtime calls back to grow and to free it, and no exception may occur between the C library's change and its record
    here. So both callbacks are leaves (see `entry`), and call C by iterating.
    """

    whole: list[tuple[int, ...]] = [()]  # noqa: RUF012  (that of an object whose making an interrupt has ended)
    """Address and length of what is unmapped, or nothing."""

    def __init__(self, capacity: int, mapped: int, budget: Budget) -> None:
        self.address: int | None = None
        self.size = 0
        self.capacity = capacity
        self.mapped = mapped
        self.budget = budget
        self.part: list[tuple[int, ...]] = [()]
        """Address, length and protection of the part that becomes accessible next."""
        self.extending = _repeated(_protect, self.part)
        self.whole = [()]
        self.unmapping = _repeated(_unmap, self.whole)

    @leaf
    def __del__(self) -> None:
        if self.whole[0]:
            for _ in self.unmapping:
                break


_memories: dict[int, _Memory] = {}
_number = count(1)


@guarded
def _new(_env: int, _type: int, minimum: int, maximum: int, reserved: int, guard: int, result: Any) -> int:
    try:
        budget, capacity = current.budget, max(reserved, minimum)
        if minimum > budget.limit:
            budget.refused = minimum
            return int(ffi.error_new(f"a memory of {minimum} bytes exceeds memory limits: {budget.limit}".encode()))
        memory = _Memory(capacity, capacity + guard, budget)
        mapping = map(_map, (None,), (memory.mapped,), (_NOTHING,), (_PRIVATE,), (-1,), (0,))
        whole = memory.whole
        for whole[0] in zip(mapping, (memory.mapped,), strict=True):
            break
        address = whole[0][0]
        if address is None or address == _FAILED:
            whole[0] = ()
            return int(ffi.error_new(f"no address space for a memory of {capacity} bytes".encode()))
        memory.address = address
        number = next(_number)
        _memories[number] = memory
        if minimum and _grow(number, minimum):
            del _memories[number]
            return int(ffi.error_new(f"no memory of {minimum} bytes".encode()))
        for image in budget.images:
            if (image.minimum, image.maximum) == (minimum, maximum):
                part = (address, image.length, _USABLE, _COPIED, image.file.number, image.start)
                if _map(*part) != address:
                    del _memories[number]
                    return int(ffi.error_new(b"the first content of a memory cannot be mapped"))
        made = result[0]
        made.env, made.get, made.grow, made.end = number, _get_callback, _grow_callback, _end_callback
    except BaseException as error:  # noqa: BLE001  (goes through wasmtime, and comes out of the call as it is)
        current.budget.raised = error
        for failure in errors.all:
            return failure
    return 0


@leaf
def _get(number: int, size: Any, capacity: Any) -> int | None:
    memory = _memories[number]
    size[0], capacity[0] = memory.size, memory.capacity
    return memory.address


@leaf
def _grow(number: int, size: int) -> int:
    memory = _memories[number]
    budget, added = memory.budget, size - memory.size
    if size > budget.limit:
        budget.refused = size
    elif size <= memory.capacity:
        failed = 0
        if added > 0:
            memory.part[0] = (memory.whole[0][0] + memory.size, added, _USABLE)
            for failed in memory.extending:  # noqa: B007
                break
        if not failed:
            memory.size = size
            return 0
    for failure in errors.all:
        return failure
    return 0


@leaf
def _end(number: int) -> None:
    del _memories[number]


_get_callback: Final = c_callback(ffi.MEMORY_GET, _get)
_grow_callback: Final = c_callback(ffi.MEMORY_GROW, _grow)
_end_callback: Final = c_callback(ffi.MEMORY_END, _end)
_new_callback: Final = c_callback(ffi.MEMORY_NEW, _new)


def bound(config: wasmtime.Config) -> None:
    """Let an engine get its memories from here."""
    ffi.set_memory_creator(config, _new_callback)
