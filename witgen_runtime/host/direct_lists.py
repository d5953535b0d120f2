"""Lists that adapters pass directly: Python copies their elements to and from the adapter's memory.

These are lists of numbers, bools, characters and enums, and of tuples and records of such. Their elements lie in memory
as they are, with nothing that points anywhere else.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from .. import abi

__all__ = ["PAIR", "ListForm", "NumberedList", "is_direct"]

ListForm: TypeAlias = Literal["plain", "text", "direct"]
"""How lists pass between an adapter and Python.

`plain`: as the C API has them, value by value; `text`: lists of bytes as strings; `direct`: those of `is_direct` as
address and count.
"""

PAIR: Final = abi.Tuple((abi.U32, abi.U32))
"""What passes for such a list: its address and count."""

_ELSEWHERE: Final = (abi.STRING, abi.ERROR_CONTEXT)


class NumberedList(abi.List):
    """A list of handles that are passed as numbers. It is not passed directly, because its elements are replaced."""


def is_direct(type_: abi.Type) -> bool:
    """Return whether a type is a list that adapters can pass directly."""
    return type(type_) is abi.List and _is_fixed(type_.element)


def _is_fixed(type_: abi.Type) -> bool:
    match type_:
        case abi.Prim():
            return type_ not in _ELSEWHERE
        case abi.Enum():
            return True
        case abi.Record():
            return all(_is_fixed(field.type) for field in type_.fields)
        case abi.Tuple():
            return all(map(_is_fixed, type_.types))
        case _:
            return False
