"""Encodes bytes and strings for the functions of an adapter.

An adapter's `string` is in latin1+utf16 on its inner side: every byte of a `list<u8>` is the character of that number.
The C library uses UTF-8, so Python encodes each byte from 0x80 on as two. A genuine string of such a function is passed
in the same way, with its UTF-8 as the bytes.
"""

from __future__ import annotations

from ....check import Mismatch
from ...capi import ffi

__all__ = ["LONGEST", "narrow", "narrow_text", "wide", "wide_text"]

LONGEST = (1 << 31) - 1
"""The largest number of bytes in one list: the next higher bit of a latin1+utf16 string's size marks UTF-16."""

_MEMORY = ffi.MEMORY


def wide(value: bytes | bytearray) -> bytes:
    """Return bytes as the UTF-8 of the text that stands for them."""
    if value.isascii():
        return bytes(value)
    if len(value) > LONGEST:
        raise Mismatch(f"{len(value)} bytes: an adapter takes at most {LONGEST} at once", ValueError)
    return value.decode("latin-1").encode()


def wide_text(value: str) -> bytes:
    """Return a genuine string as the UTF-8 of the text that stands for it."""
    encoded = str.encode(value)
    return encoded if len(encoded) == len(value) else encoded.decode("latin-1").encode()


def narrow(address: int, size: int) -> bytes:
    """Return the bytes that the UTF-8 at an address stands for."""
    return str(_MEMORY[address : address + size], "utf-8").encode("latin-1")


def narrow_text(address: int, size: int) -> str:
    """Return the genuine string that the UTF-8 at an address stands for."""
    return narrow(address, size).decode()
