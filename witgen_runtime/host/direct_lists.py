"""Lists that adapters pass directly: Python copies their elements to and from the adapter's memory."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from .. import abi

__all__ = ["PAIR", "ListForm", "is_direct"]

ListForm: TypeAlias = Literal["plain", "text", "direct"]
"""How lists pass between an adapter and Python.

`plain`: as the C API has them, value by value; `text`: lists of bytes as strings; `direct`: those of `is_direct` as
address and count.
"""


PAIR: Final = abi.Tuple((abi.U32, abi.U32))
"""What passes for such a list: its address and count."""


def is_direct(type_: abi.Type) -> bool:
    """Return whether a type is a list that adapters can pass directly."""
    return isinstance(type_, abi.List) and type_.element is abi.U8
