"""The host objects that a store's guests hold handles of."""

from __future__ import annotations

from itertools import count
from typing import Any, Final, TypeAlias
from weakref import ref

from ...check import Mismatch
from .resource import HostResource

__all__ = ["ObjectTable"]

_MARK: Final = "_witgen_owner"
"""The attribute of an object that records which guest owns it; WIT names never begin with an underscore."""


class _Owner:
    """Stands for a table in the marks of its objects. A copy of an object has a mark that stands for nothing."""

    __slots__ = ("table",)

    def __init__(self, table: ref[ObjectTable]) -> None:
        self.table = table

    def __reduce__(self) -> tuple[Any, ...]:
        return type(None), ()


_Mark: TypeAlias = tuple[_Owner | None, int]
"""The table that an object is in, and its number there: true as long as the table agrees."""


class ObjectTable:
    """Objects by the number that stands for them in wasm. A number is never used twice."""

    def __init__(self) -> None:
        self.objects: dict[int, HostResource] = {}
        self._count = count(1)
        self._owner = _Owner(ref(self))

    def check(self, instance: HostResource) -> None:
        """Refuse an object that a guest owns already, in any store: two handles of one object would drop it twice."""
        mark: _Mark | None = vars(instance).get(_MARK)
        if mark is not None and mark[0] is not None:
            table = mark[0].table()
            if table is not None and table.objects.get(mark[1]) is instance:
                raise Mismatch(f"this {type(instance).__name__} already belongs to a guest", ValueError)

    def add(self, instance: HostResource) -> int:
        """Transfer an object to a guest."""
        self.check(instance)
        number = next(self._count)
        # In this order: an interrupt in between leaves a mark that the table does not confirm.
        vars(instance)[_MARK] = self._owner, number
        self.objects[number] = instance
        return number

    def lend(self, instance: HostResource) -> tuple[int, bool]:
        """Return an object's number for a borrow, and whether the number ends with the call."""
        mark: _Mark | None = vars(instance).get(_MARK)
        if mark is not None and mark[0] is self._owner and self.objects.get(mark[1]) is instance:
            return mark[1], False
        number = next(self._count)
        self.objects[number] = instance
        return number, True

    def take(self, number: int) -> HostResource:
        """Take an object back from a guest."""
        instance = self.objects.pop(number)
        held = vars(instance)
        if held.get(_MARK) == (self._owner, number):
            del held[_MARK]
        return instance
