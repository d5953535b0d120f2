"""Flags: members from the names that C has, and the other way round."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from enum import Flag
from typing import Any

from ... import abi
from ..capi.ffi import MEMORY

__all__ = ["flag_reader", "flag_words"]

_REMEMBERED = 256
"""How many combinations of flags are kept per type."""


def flag_reader(type_: abi.Flags) -> Callable[[int, int], Flag]:
    """Return a function that makes a member of the flag class from the names at an address."""
    bits = {name.encode(): 1 << index for index, name in enumerate(type_.flags)}
    members: dict[int, Flag] = {}
    words = MEMORY.cast("Q")

    def read(count: int, address: int) -> Flag:
        value = 0
        for index in range(address >> 3, (address >> 3) + 2 * count, 2):
            start = words[index + 1]
            value |= bits[MEMORY[start : start + words[index]].tobytes()]
        member = members.get(value)
        if member is None:
            if len(members) >= _REMEMBERED:
                members.clear()
            member = members[value] = type_.python(value)
        return member

    return read


def flag_words(names: tuple[tuple[int, int], ...]) -> Callable[[Any], array[int]]:
    """Return a function from a member to the C array of its names (size, address); `names` in the order of the bits."""
    remembered: dict[int, array[int]] = {}

    def write(value: int) -> array[int]:
        words = remembered.get(value)
        if words is None:
            if value >> len(names):
                raise ValueError("unknown flags")
            if len(remembered) >= _REMEMBERED:
                remembered.clear()
            chosen = (name for index, name in enumerate(names) if value >> index & 1)
            words = remembered[value] = array("Q", (word for name in chosen for word in name))
        return words

    return write
