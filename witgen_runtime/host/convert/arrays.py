"""Arrays of numbers, where bindings ask for them in place of lists: `array.array`, or numpy's.

They are copies that belong to the caller, who may write to them. Structured arrays are packed: no byte of the
component's memory between the fields of a record becomes visible.
"""

# numpy is optional, so its values are of any type here.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from collections.abc import Sequence
from typing import Any

from ... import abi
from .elements import FORMS, Elements, copy_fields, numpy, refuse

__all__ = ["Arrays", "arrays_of"]


class Arrays(ABC):
    """What lists of a type come as."""

    @abstractmethod
    def decode(self, content: bytes) -> Any:
        """Return the array of elements that follow each other as in a component's memory."""

    def of_rows(self, _rows: Sequence[tuple[Any, ...]]) -> Any:
        """Return the array of records and tuples, each as a tuple."""
        refuse()


class _Plain(Arrays):
    def __init__(self, form: str) -> None:
        self._form = form

    def decode(self, content: bytes) -> array[Any]:
        return array(self._form, content)


class _Numpy(Arrays):
    def __init__(self, elements: Elements) -> None:
        self._type = elements.dtype(packed=True)
        self._array = numpy().frombuffer

    def decode(self, content: bytes) -> Any:
        return self._array(bytearray(content), self._type)


class _Structured(_Numpy):
    def __init__(self, elements: Elements) -> None:
        super().__init__(elements)
        self._apart = elements.dtype(packed=False)
        self._is_packed = self._apart == self._type

    def decode(self, content: bytes) -> Any:
        if self._is_packed:
            return super().decode(content)
        source = self._array(content, self._apart)
        target = numpy().empty(len(source), self._type)
        copy_fields(target, source)
        return target

    def of_rows(self, _rows: Sequence[tuple[Any, ...]]) -> Any:
        return numpy().array(_rows, self._type)


def arrays_of(type_: abi.List, elements: Elements) -> Arrays:
    """Return what lists of a type come as, which is other than a list; `elements` is how theirs lie in memory."""
    if type_.numbers == "array":
        return _Plain(FORMS[type_.element][0])
    return _Numpy(elements) if isinstance(type_.element, abi.Prim) else _Structured(elements)
