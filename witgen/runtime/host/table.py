"""The host objects that a store's guests hold handles of."""

from __future__ import annotations

from itertools import count
from typing import Any, Final
from weakref import ref

from ..check import Mismatch
from .resource import HostResource

__all__ = ["ObjectTable"]

_MARK: Final = "_witgen_owner"
"""The attribute of an object that says which guest owns it; names of WIT never begin with an underscore."""


class _Owner:
    """Says that an object is the one with `number` in a table, as long as the table agrees. A copy says nothing."""

    __slots__ = ("number", "table")

    def __init__(self, table: ref[ObjectTable], number: int) -> None:
        self.table = table
        self.number = number

    def __reduce__(self) -> tuple[Any, ...]:
        return type(None), ()


class ObjectTable:
    """Objects by the number that stands for them in wasm. A number is never used twice."""

    def __init__(self) -> None:
        self.objects: dict[int, HostResource] = {}
        self._count = count(1)
        self._self: ref[ObjectTable] = ref(self)

    def check(self, instance: HostResource) -> None:
        """Refuse an object that a guest owns already, in any store: two handles of one object would drop it twice."""
        owner: _Owner | None = vars(instance).get(_MARK)
        if owner is not None:
            table = owner.table()
            if table is not None and table.objects.get(owner.number) is instance:
                raise Mismatch(f"this {type(instance).__name__} belongs to a guest already", ValueError)

    def add(self, instance: HostResource) -> int:
        """Give an object to a guest."""
        self.check(instance)
        number = next(self._count)
        # In this order: an interrupt in between leaves a mark that the table does not confirm.
        vars(instance)[_MARK] = _Owner(self._self, number)
        self.objects[number] = instance
        return number

    def lend(self, instance: HostResource) -> tuple[int, bool]:
        """Return an object's number for a borrow, and whether the number ends with the call."""
        owner: _Owner | None = vars(instance).get(_MARK)
        if owner is not None and owner.table is self._self and self.objects.get(owner.number) is instance:
            return owner.number, False
        number = next(self._count)
        self.objects[number] = instance
        return number, True

    def take(self, number: int) -> HostResource:
        """Take an object back from a guest."""
        instance = self.objects.pop(number)
        owner: _Owner | None = vars(instance).get(_MARK)
        if owner is not None and owner.table is self._self and owner.number == number:
            del vars(instance)[_MARK]
        return instance
