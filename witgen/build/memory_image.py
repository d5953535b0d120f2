"""The memory that the instances of a component start with, and whether wasmtime maps it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..diagnostics.errors import WitgenError
from ..diagnostics.model import Diagnostic, Severity
from ..wit.binary.reader import Reader
from .sections import CORE_MODULE, DATA, sections

__all__ = ["MemoryImage", "image_warnings", "memory_image"]

_ALWAYS_MAPPED = 16 << 20
"""wasmtime's default of `memory_guaranteed_dense_image_size`."""
_I32_CONST, _END = 0x41, 0x0B
_PASSIVE, _WITH_INDEX = 1, 2


class MemoryImage(NamedTuple):
    """An initial memory, in bytes.

    Attributes:
        span: from the first byte with data to the last.
        data: how many of them are in the component; the others are zero.
    """

    span: int
    data: int

    @property
    def is_mapped(self) -> bool:
        """Whether wasmtime maps it copy-on-write (`MemoryInitialization::try_static_init`), or copies it each time."""
        return self.span < max(2 * self.data, _ALWAYS_MAPPED)


def memory_image(component: bytes) -> MemoryImage | None:
    """Return the largest initial memory in a component; None if there is none whose place is known."""
    try:
        found = [*_images(component)]
    except WitgenError:
        return None
    return max(found, key=lambda image: image.data, default=None)


def image_warnings(component: bytes) -> tuple[Diagnostic, ...]:
    """Return a warning if each instantiation has to copy the component's memory."""
    image = memory_image(component)
    if image is None or image.is_mapped:
        return ()
    message = (
        f"each instantiation copies the component's memory, which takes milliseconds: it spans {_mib(image.span)}, with"
        f" {_mib(image.data)} of data. wasmtime maps memories below {_mib(_ALWAYS_MAPPED)}, or at least half full"
    )
    remedy = (
        "do not make large objects while the application is imported, not even for a moment: their place stays a part"
        " of the memory. Make them when they are first needed"
    )
    return (Diagnostic("W0717", message, help=remedy, severity=Severity.WARNING),)


def _mib(size: int) -> str:
    return f"{size / (1 << 20):.1f} MiB"


def _images(component: bytes) -> Iterator[MemoryImage]:
    for module in (each for each in sections(component) if each.number == CORE_MODULE):
        core = component[module.content : module.end]
        for each in (each for each in sections(core) if each.number == DATA):
            places = _segments(each.reader(core))
            if places:
                start, end = min(start for start, _ in places), max(start + size for start, size in places)
                yield MemoryImage(end - start, sum(size for _, size in places))


def _segments(reader: Reader) -> list[tuple[int, int]]:
    """Return offset and size of each segment that a memory starts with; nothing if some offset is computed."""
    found: list[tuple[int, int]] = []
    for _ in range(reader.u32()):
        kind = reader.u32()
        if kind == _WITH_INDEX:
            reader.u32()
        offset = 0 if kind == _PASSIVE else _constant(reader)
        if offset is None:
            return []
        content = reader.sized()
        if kind != _PASSIVE and content.end > content.pos:
            found.append((offset, content.end - content.pos))
    return found


def _constant(reader: Reader) -> int | None:
    """Read a constant expression; return its address, None if it is computed."""
    if reader.byte() != _I32_CONST:
        return None
    address = _signed(reader) & 0xFFFFFFFF
    return address if reader.byte() == _END else None


def _signed(reader: Reader) -> int:
    """Read a signed LEB128 number."""
    value = shift = 0
    while True:
        byte = reader.byte()
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value - (1 << shift) if byte & 0x40 else value
