"""The host objects that a store's guests hold handles of."""

from __future__ import annotations

from itertools import count

from ..check import Mismatch
from .resource import HostResource

__all__ = ["ObjectTable"]

_held: set[int] = set()
"""`id` of every object that some guest owns, in any store. Two handles of one object would drop it twice."""


class ObjectTable:
    """Objects by the number that stands for them in wasm. A number is never used twice."""

    def __init__(self) -> None:
        self.objects: dict[int, HostResource] = {}
        self._numbers: dict[int, int] = {}
        self._count = count(1)

    def check(self, instance: HostResource) -> None:
        """Refuse an object that a guest owns already."""
        if id(instance) in _held:
            raise Mismatch(f"this {type(instance).__name__} belongs to a guest already", ValueError)

    def add(self, instance: HostResource) -> int:
        """Give an object to a guest."""
        self.check(instance)
        number = next(self._count)
        _held.add(id(instance))
        self._numbers[id(instance)] = number
        self.objects[number] = instance
        return number

    def lend(self, instance: HostResource) -> tuple[int, bool]:
        """Return an object's number for a borrow, and whether the number ends with the call."""
        number = self._numbers.get(id(instance))
        if number is not None:
            return number, False
        number = next(self._count)
        self.objects[number] = instance
        return number, True

    def take(self, number: int) -> HostResource:
        """Take an object back from a guest."""
        instance = self.objects.pop(number)
        if self._numbers.pop(id(instance), None) is not None:
            _held.discard(id(instance))
        return instance
