"""Memory that Python values are lowered into: one arena per bound function, one region per column of its lists.

An arena's fixed part is laid out when the function is compiled: every constant word (kinds, counts, names, pointers
from one part to another) is part of its image, so that a call only writes the words that differ from the last one.
Regions grow; they are columns of equal entries, whose constant words are written when the region grows.
"""

from __future__ import annotations

import ctypes
from array import array
from dataclasses import dataclass, field

from ..capi.ffi import cast as cast_view

__all__ = ["Arena", "Layout", "Region", "RegionSpec"]

_LARGE = 1 << 23
"""Regions of more bytes than this are given back after the call that needed them."""

_HUGE = 1 << 26
"""Of those given back, the last one of up to this many bytes is kept for the next large list of the process."""


@dataclass(slots=True)
class Layout:
    """An arena's image while it is being laid out. Positions are counted in words of 8 bytes."""

    image: bytearray = field(default_factory=bytearray)
    pointers: list[int] = field(default_factory=list[int])
    pins: list[int] = field(default_factory=list[int])
    _names: dict[str, int] = field(default_factory=dict[str, int])

    def reserve(self, words: int) -> int:
        """Return the position of `words` fresh words."""
        position = len(self.image) // 8
        self.image.extend(bytes(8 * words))
        return position

    def put(self, position: int, number: int) -> None:
        """Set a word that stays."""
        self.image[8 * position : 8 * position + 8] = number.to_bytes(8, "little")

    def point(self, position: int, target: int) -> None:
        """Let a word point to the word `target`, wherever the arena comes to lie."""
        self.put(position, 8 * target)
        self.pointers.append(position)

    def name(self, text: str) -> tuple[int, int]:
        """Return size and position of a name's UTF-8."""
        encoded = text.encode()
        if text not in self._names:
            position = self.reserve((len(encoded) + 7) // 8)
            self.image[8 * position : 8 * position + len(encoded)] = encoded
            self._names[text] = position
        return len(encoded), self._names[text]

    def pin(self, position: int) -> str:
        """Make a word a pointer to bytes that a call keeps alive; return its field in the arena's pins."""
        self.pins.append(8 * position)
        return self.pin_name(position)

    def pin_name(self, position: int) -> str:
        """Return the field in the arena's pins of a word."""
        return f"p{8 * position}"


class Arena:
    """An arena: its bytes, where they lie, and views of them by item format."""

    __slots__ = ("_owner", "address", "data", "pins")

    def __init__(self, layout: Layout, pins: type[ctypes.Structure] | None) -> None:
        self.data = bytearray(layout.image)
        self._owner = (ctypes.c_char * len(self.data)).from_buffer(self.data)
        self.address = ctypes.addressof(self._owner)
        self.pins = pins.from_buffer(self.data) if pins else None
        words = self.view("Q")
        for position in layout.pointers:
            words[position] += self.address

    def view(self, form: str) -> memoryview:
        """Return the bytes as items of a struct format character."""
        return cast_view(memoryview(self.data), form)


@dataclass(slots=True)
class RegionSpec:
    """A region's entries: words each, constant words, and words that point to the entry of the same index elsewhere."""

    words: int
    name: str
    constants: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    names: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    """Words that point to a name, and its position in the arena."""
    links: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])


@dataclass(frozen=True, slots=True)
class _Spare:
    """Memory of a region whose entries only have constants: they are still in place."""

    kind: tuple[int, tuple[tuple[int, int], ...]]
    capacity: int
    data: bytearray
    keep: ctypes.Array[ctypes.c_char]


_spares: list[_Spare] = []
"""At most one."""


class Region:
    """Entries for the elements of a list, growing. Regions that became large put themselves on the list `large`.

    Linked ones are large with the region that links to them, whose entries point into their memory.
    """

    __slots__ = (
        *("B", "H", "I", "Q", "b", "d", "f", "h", "i", "q"),
        *("_keep", "_large", "_links", "_names", "_words", "_constants", "address", "capacity"),
    )  # fmt: skip

    def __init__(self, spec: RegionSpec, arena: int, large: list[Region]) -> None:
        self._words = spec.words
        self._constants = tuple(spec.constants)
        self._names = tuple((word, arena + 8 * position) for word, position in spec.names)
        self._links: tuple[tuple[int, Region], ...] = ()
        self._large = large
        self._keep: ctypes.Array[ctypes.c_char] | None = None
        self.capacity = 0
        self.address = 8
        self._view(bytearray())

    def link(self, links: tuple[tuple[int, Region], ...]) -> None:
        """Let a word of each entry point to the same entry of another region, which grows with this one."""
        self._links = links

    def grow(self, count: int) -> None:
        """Make room for at least `count` entries; the region's contents are lost."""
        if self._grow(max(count, 2 * self.capacity, 16)):
            self._large.append(self)

    def _grow(self, capacity: int) -> bool:
        """Make room; return whether this region, or a linked one, is large.

        Until all is in place there is no room: the next call after an interrupt starts again.
        """
        words, self.capacity = self._words, 0
        is_large = 8 * words * capacity > _LARGE
        if is_large and self._take_spare(capacity):
            return True
        data = bytearray(8 * words * capacity)
        self._keep = (ctypes.c_char * len(data)).from_buffer(data)
        self.address = ctypes.addressof(self._keep)
        self._view(data)
        for word, number in (*self._constants, *self._names):
            if number < 0x100:
                data[8 * word :: 8 * words] = bytes((number,)) * capacity
            else:
                self.Q[word::words] = array("Q", (number,)) * capacity
        for word, region in self._links:
            is_large |= region._grow(capacity)  # noqa: SLF001  (same class)
            stride = 8 * region._words  # noqa: SLF001  (same class)
            end = region.address + stride * capacity
            self.Q[word::words] = array("Q", range(region.address, end, stride))
        self.capacity = capacity
        return is_large

    def _take_spare(self, capacity: int) -> bool:
        """Take the memory that another region of the same kind of entries has given back, if it has room."""
        spare = _spares.pop() if _spares else None
        if spare is None or spare.kind != (self._words, self._constants) or self._names or self._links:
            return False
        if spare.capacity < capacity:
            return False
        self._keep = spare.keep
        self.address = ctypes.addressof(spare.keep)
        self._view(spare.data)
        self.capacity = spare.capacity
        return True

    def release(self) -> None:
        """Free the memory, also that of linked regions."""
        capacity, self.capacity = self.capacity, 0  # before the memory is another's
        if capacity and self._keep and _LARGE < len(self.B) <= _HUGE and not self._names and not self._links:
            _spares[:] = [_Spare((self._words, self._constants), capacity, self.B, self._keep)]
        self.address = 8
        self._keep = None
        self._view(bytearray())
        for _, region in self._links:
            region.release()

    def _view(self, data: bytearray) -> None:
        view = memoryview(data)
        self.B: bytearray = data
        self.b = view.cast("b")
        self.H, self.h = view.cast("H"), view.cast("h")
        self.I, self.i = view.cast("I"), view.cast("i")
        self.Q, self.q = view.cast("Q"), view.cast("q")
        self.f, self.d = view.cast("f"), view.cast("d")
