"""Long lists of records and tuples of numbers: converted field by field, with one pass of C for each.

The code is generated for their type. A list of 10,000 records takes less than half of the time that `element_rows`
needs, which is quicker for short lists and has elements of all other types.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from itertools import count, repeat
from typing import Any, Final

from ...codegen import Source
from .elements import Elements, Records, Scalars, Tuples, check_classes, refuse

__all__ = ["Columns", "has_columns"]

_MOST_COLUMNS: Final = 64
"""Of how many numbers elements may be made; code for more takes longer to compile than it saves."""

_numbers = count(1)


def has_columns(elements: Elements) -> bool:
    """Return whether elements are records or tuples of nothing but numbers, and not of very many."""
    return isinstance(elements, Records | Tuples) and _columns_of(elements) <= _MOST_COLUMNS


def _columns_of(elements: Elements) -> int:
    """Return how many numbers an element is made of; many where other values are."""
    match elements:
        case Scalars():
            return 1
        case Records() | Tuples():
            return sum(_columns_of(part) for part, _ in elements.parts)
        case _:
            return _MOST_COLUMNS + 1


def _of_length(values: list[Any], length: int) -> None:
    if list(map(len, values)).count(length) != len(values):
        refuse()


def _set(content: memoryview, elements: Scalars, offset: int, step: int, values: list[Any]) -> None:
    """Put numbers into content, one every `step` bytes."""
    column = elements.column(values)
    numbers: Any = content
    numbers.cast(column.typecode)[offset // elements.size :: step // elements.size] = column


def _get(content: memoryview, elements: Scalars, offset: int, step: int) -> list[Any]:
    """Return the values of numbers, one every `step` bytes."""
    numbers: Any = content
    return elements.values(numbers.cast(elements.form)[offset // elements.size :: step // elements.size])


def _is_plain(elements: Records) -> bool:
    """Return whether making a record does nothing but to set its attributes."""
    class_: Any = elements.python
    settings = getattr(class_, "__dataclass_params__", None)
    return (
        settings is not None
        and settings.init
        and not settings.frozen
        and not hasattr(class_, "__post_init__")
        and class_.__new__ is object.__new__
        and class_.__setattr__ is object.__setattr__
        and all(field.init for field in dataclasses.fields(class_))
        and [field.name for field in dataclasses.fields(class_)] == list(elements.names)
    )


_NAMES: Final[dict[str, Any]] = {
    "_tuple": tuple, "_list": list, "_len": len, "_map": map, "_zip": zip, "_repeat": repeat, "_new": object.__new__,
    "_bytearray": bytearray, "_view": memoryview, "_check": check_classes, "_of_length": _of_length, "_set": _set,
    "_get": _get,
}  # fmt: skip


class Columns:
    """Lists of records or tuples of numbers.

    Attributes:
        encode: takes a list or tuple; returns bytes. Refuses what is not in canonical form.
        decode: takes bytes and the number of elements; returns a list.
    """

    def __init__(self, elements: Elements) -> None:
        self._source = source = Source()
        self._size = elements.size
        with source.function("_encode(_values)"):
            # Another thread may change the list meanwhile.
            source.line("_values = _list(_values)")
            source.line(f"_content = _bytearray({self._size} * _len(_values))")
            source.line("_bytes = _view(_content)")
            self._encode(elements, "_values", 0)
            source.line("return _content")
        with source.function("_decode(_content, _length)"):
            source.line("_bytes = _view(_content)")
            source.line(f"return {self._decode(elements, 0)}")
        namespace: dict[str, Any] = {**_NAMES, **source.constants}
        exec(source.compile(f"columns {next(_numbers)}"), namespace)  # noqa: S102 - written by this module
        self.encode: Callable[[Any], bytearray] = namespace["_encode"]
        self.decode: Callable[[bytes, int], list[Any]] = namespace["_decode"]

    def _encode(self, elements: Elements, values: str, offset: int) -> None:
        source = self._source
        match elements:
            case Scalars():
                source.line(f"_set(_bytes, {source.constant(elements)}, {offset}, {self._size}, {values})")
            case Records() | Tuples():
                parts: list[str] = []
                if isinstance(elements, Records):
                    source.line(f"_check({values}, {source.constant(elements.python, 'class')})")
                    parts += (f".{name}" for name in elements.names)
                else:
                    source.line(f"_check({values}, _tuple)")
                    source.line(f"_of_length({values}, {len(elements.parts)})")
                    parts += (f"[{index}]" for index in range(len(elements.parts)))
                for (part, more), access in zip(elements.parts, parts, strict=True):
                    column = source.fresh()
                    source.line(f"{column} = [_each{access} for _each in {values}]")
                    self._encode(part, column, offset + more)
            case _:
                raise NotImplementedError(type(elements).__name__)

    def _decode(self, elements: Elements, offset: int) -> str:
        """Return the expression of a list of values, once its columns have been read."""
        source = self._source
        match elements:
            case Scalars():
                return self._named(f"_get(_bytes, {source.constant(elements)}, {offset}, {self._size})")
            case Records() | Tuples():
                columns = [self._decode(part, offset + more) for part, more in elements.parts]
                if isinstance(elements, Tuples):
                    return self._named(f"_list(_zip({', '.join(columns)}))")
                class_ = source.constant(elements.python, "class")
                if not _is_plain(elements):
                    return self._named(f"_list(_map({class_}, {', '.join(columns)}))")
                targets = ", ".join(f"_each.{name}" for name in elements.names)
                made = f"_map(_new, _repeat({class_}, _length))"
                return self._named(f"[_each for _each, {targets} in _zip({made}, {', '.join(columns)})]")
            case _:
                raise NotImplementedError(type(elements).__name__)

    def _named(self, expression: str) -> str:
        name = self._source.fresh()
        self._source.line(f"{name} = {expression}")
        return name
