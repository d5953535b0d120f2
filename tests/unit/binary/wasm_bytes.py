"""Writes component binaries by hand, for what no tool would make."""

from __future__ import annotations

from collections.abc import Sequence

PREAMBLE = b"\0asm\x0d\0\x01\0"


def u32(number: int) -> bytes:
    """Unsigned LEB128."""
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def index(number: int) -> bytes:
    """A type index where an opcode could stand: signed LEB128."""
    raw = bytearray(u32(number))
    if raw[-1] & 0x40:
        raw[-1] |= 0x80
        raw.append(0)
    return bytes(raw)


def name(text: str) -> bytes:
    """A length-prefixed string."""
    raw = text.encode()
    return u32(len(raw)) + raw


def vector(entries: Sequence[bytes]) -> bytes:
    """A count and the entries."""
    return u32(len(entries)) + b"".join(entries)


def section(id: int, body: bytes) -> bytes:
    """One section."""
    return bytes([id]) + u32(len(body)) + body


def types(*entries: bytes) -> bytes:
    """A type section."""
    return section(7, vector(entries))


def imports(*entries: bytes) -> bytes:
    """An import section."""
    return section(10, vector(entries))


def exports(*entries: bytes) -> bytes:
    """An export section."""
    return section(11, vector(entries))


def component(*sections: bytes) -> bytes:
    """A whole component."""
    return PREAMBLE + b"".join(sections)


def func(*params: tuple[str, bytes], result: bytes | None = None) -> bytes:
    """A function type."""
    listed = vector([name(label) + type for label, type in params])
    return b"\x40" + listed + (b"\x01\0" if result is None else b"\0" + result)


def instance(*declarations: bytes) -> bytes:
    """An instance type."""
    return b"\x42" + vector(declarations)


def type_declaration(type: bytes) -> bytes:
    """A type within an instance type."""
    return b"\x01" + type


def outer_alias(count: int, number: int) -> bytes:
    """An alias of a type of an enclosing scope, within an instance type."""
    return b"\x02\x03\x02" + u32(count) + u32(number)


def exported_type(label: str, number: int) -> bytes:
    """`(export label (type (eq number)))` within an instance type."""
    return b"\x04\0" + name(label) + b"\x03\0" + u32(number)


def exported_instance(label: str, number: int) -> bytes:
    """`(export label (instance (type number)))` within an instance type."""
    return b"\x04\0" + name(label) + b"\x05" + u32(number)


def exported_func(label: str, number: int) -> bytes:
    """`(export label (func (type number)))` within an instance type."""
    return b"\x04\0" + name(label) + b"\x01" + u32(number)


def imported_func(label: str, number: int) -> bytes:
    """`(import label (func (type number)))`."""
    return b"\0" + name(label) + b"\x01" + u32(number)


def imported_instance(label: str, number: int) -> bytes:
    """`(import label (instance (type number)))`."""
    return b"\0" + name(label) + b"\x05" + u32(number)


U8 = b"\x7d"
