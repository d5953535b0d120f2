"""Lists that adapters pass directly: Python copies their elements to and from the adapter's memory.

These are lists of anything but handles, streams, futures, maps and lists of a fixed length: all that their elements
consist of lies in memory, or is pointed to from there.
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


class NumberedList(abi.List):
    """A list of handles that are passed as numbers. It is not passed directly, because its elements are replaced."""


def is_direct(type_: abi.Type) -> bool:
    """Return whether a type is a list that adapters can pass directly."""
    return type(type_) is abi.List and _is_value(type_.element, {})


def _is_value(type_: abi.Type | None, known: dict[int, bool]) -> bool:
    """Return whether values of a type lie in memory with nothing but what they point to there.

    `known` has what was found out of types, by their ids: in few lines of WIT types can contain others very often.
    """
    found = known.get(id(type_))
    if found is None:
        found = known[id(type_)] = _consists_of_values(type_, known)
    return found


def _consists_of_values(type_: abi.Type | None, known: dict[int, bool]) -> bool:
    match type_:
        case abi.Prim():
            return type_ is not abi.ERROR_CONTEXT
        case None | abi.Enum() | abi.Flags():
            return True
        case abi.Record():
            return all(_is_value(field.type, known) for field in type_.fields)
        case abi.Variant():
            return all(_is_value(case.payload, known) for case in type_.cases)
        case abi.Tuple():
            return all(_is_value(part, known) for part in type_.types)
        case abi.Option():
            return _is_value(type_.type, known)
        case abi.Result():
            return _is_value(type_.ok, known) and _is_value(type_.err, known)
        case abi.List():
            return type(type_) is abi.List and _is_value(type_.element, known)
        case _:
            return False
