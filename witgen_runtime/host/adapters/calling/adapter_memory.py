"""Bytes that Python copies to and from the memory of an adapter.

Python takes blocks as the adapter's own allocator does (`code.allocator`). Those of a host function's result are freed
by the call that the host function belongs to. A caller of an export keeps the blocks of its call itself: it counts as a
call before its arguments are copied, and when its result has been read, it sets top and depth to what they were. So
nothing that runs in between, such as a signal's handler that calls the component, frees what is still needed, and an
interrupt leaves nothing behind.

Memories of some engines move when they grow. So wherever a block's address is used, wasmtime is asked where the memory
lies, with no look for signals in between.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NoReturn

from ...capi import ffi
from ...capi.linear_memory import LinearMemory
from ...capi.memory_mark import PAGE
from ...errors import HostError, MemoryLimitError, Trap
from ..code.allocator import TOP

__all__ = ["AdapterMemory"]

_LARGEST: Final = (1 << 32) - PAGE
_MEMORY: Final = ffi.MEMORY
_WORDS: Final = ffi.cast(ffi.MEMORY, "I")


class AdapterMemory(LinearMemory):
    """The memory of one adapter in a store. `broken` is told of an exception after which the store cannot go on."""

    def __init__(self, context: int, broken: Callable[[BaseException], None]) -> None:
        super().__init__(context)
        self._broken = broken
        self._size = 0
        """What the size is at least."""

    def environment(self) -> dict[str, Any]:
        """Return the names that converters use of a memory, after proof that it was found."""
        self.prove()
        return {"_place": self.place, "_read": self.read, "_bases": self.bases, "_adapter": self}

    def place(self, content: bytes | bytearray | memoryview) -> tuple[int, int]:
        """Copy bytes into a new block; return its address and its size."""
        size, base = len(content), 0
        while True:
            for base in self.bases:  # noqa: B007
                break
            block = _WORDS[base + TOP >> 2] + 7 & -8
            end = block + size
            if end <= self._size:
                # Refused if the content has another size by now.
                _MEMORY[base + block : base + end] = content
                _WORDS[base + TOP >> 2] = end
                return block, size
            self._make_room(end)

    def __getitem__(self, where: slice) -> bytes:
        """Return a copy of bytes, from one address to another."""
        return self.read(where.start, where.stop - where.start)

    def refuse_text(self) -> NoReturn:
        """Trap as wasmtime does at a string that is not UTF-8."""
        trap = Trap("the guest passed a string that is not UTF-8")
        self._broken(trap)
        raise trap

    def next_block(self) -> int:
        """Return the address of the block that is taken next."""
        base = 0
        for base in self.bases:  # noqa: B007
            break
        return _WORDS[base + TOP >> 2] + 7 & -8

    def all_blocks(self, most: int) -> bytes | None:
        """Return a copy of the memory up to the end of all blocks; None if these are more than so many bytes."""
        base = 0
        for base in self.bases:  # noqa: B007
            break
        end = _WORDS[base + TOP >> 2]
        return _MEMORY[base : base + end].tobytes() if end <= most else None

    def _make_room(self, end: int) -> None:
        why = self.grow(end) if end <= _LARGEST else "WebAssembly's memories have at most 4 GiB"
        if why:
            raise MemoryLimitError(f"the lists of a call need a memory of {end} bytes, and there is none: {why}")
        self._ask_size()

    def _ask_size(self) -> None:
        size = 0
        for size in self.sizes:  # noqa: B007
            break
        self._size = size

    def read(self, address: int, size: int) -> bytes:
        """Return a copy of bytes."""
        base, end = 0, address + size
        if end > self._size:
            self._ask_size()
            if end > self._size:
                raise HostError(f"a list ends at {end}, outside of its adapter's memory of {self._size} bytes")
        for base in self.bases:  # noqa: B007
            break
        return _MEMORY[base + address : base + end].tobytes()
