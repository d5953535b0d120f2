"""Checks of whole lists at the speed of C."""

from __future__ import annotations

from marshal import dumps
from typing import Any

__all__ = ["are_integers"]

_LONG = 16
_SMALL = 0x7FFF_FFFF


def are_integers(values: list[Any], low: int, high: int) -> bool:
    """Return whether all elements of a list are ints (no bools, no subclasses) between `low` and `high`.

    The standard library has no function for that, but `marshal` does it as a side effect: in its version 0 a list has a
    head of five bytes, and an int (no bool, no subclass) of 32 bits is an `i` and four bytes, the lowest first. If
    every fifth byte is an `i`, every element took five bytes, and so is such an int.
    """
    if len(values) < _LONG or high < _SMALL or not _is_small(values[0]):
        return _are_integers(values, low, high)
    try:
        dumped = dumps(values, 0)
    except ValueError:
        return False
    if dumped[5::5] != b"i" * len(values):
        return _are_integers(values, low, high)
    return low < 0 or dumped[9::5].isascii()


def _is_small(value: object) -> bool:
    return type(value) is int and 0 <= value <= _SMALL


def _are_integers(values: list[Any], low: int, high: int) -> bool:
    return all(type(value) is int and low <= value <= high for value in values)
