"""Arrays of numbers: `array.array` and those of numpy.

Neither is imported: numpy may not be installed, and guests that use no arrays need not contain the module.
"""

from __future__ import annotations

from typing import Any, cast

from . import abi

__all__ = ["exact_numbers", "is_array", "is_numpy"]

_ITEMS = {
    abi.BOOL: ("b", 1), abi.U8: ("u", 1), abi.U16: ("u", 2), abi.U32: ("u", 4), abi.U64: ("u", 8), abi.S8: ("i", 1),
    abi.S16: ("i", 2), abi.S32: ("i", 4), abi.S64: ("i", 8), abi.F32: ("f", 4), abi.F64: ("f", 8),
}  # fmt: skip
"""numpy's kind of the items that are exactly of a type, and their size."""
_CODES = {**dict.fromkeys("BHILQ", "u"), **dict.fromkeys("bhilq", "i"), "f": "f", "d": "f"}
"""The kinds of items of `array.array`."""


def is_numpy(type_: type) -> bool:
    """Return whether a type is that of numpy's arrays, and none derived from it."""
    return (type_.__module__, type_.__name__) == ("numpy", "ndarray")


def is_array(value: object) -> bool:
    """Return whether a value is an array of Python's or of numpy's."""
    return _is_plain(type(value)) or is_numpy(type(value))


def _is_plain(type_: type) -> bool:
    return (type_.__module__, type_.__name__) == ("array", "array")


def exact_numbers(element: abi.Type, value: object) -> list[Any] | None:
    """Return the numbers of an array whose items are exactly of the type `element`, which need no check; else None."""
    wanted = _ITEMS.get(element) if isinstance(element, abi.Prim) else None
    if wanted is None:
        return None
    given, class_ = cast("Any", value), type(value)
    if _is_plain(class_):
        fits = (_CODES.get(given.typecode), given.itemsize) == wanted
    elif is_numpy(class_):
        fits = given.ndim == 1 and (given.dtype.kind, given.dtype.itemsize) == wanted
    else:
        return None
    return cast("list[Any]", given.tolist()) if fits else None
