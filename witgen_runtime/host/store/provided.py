"""Handles of one component that another one holds: to that one, they are objects of the host."""

# pyright: reportPrivateUsage=false
# ruff: noqa: SLF001
# Handles keep their state under names with an underscore, because WIT may give their methods any other.

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ...check import Mismatch
from .resource import AsyncGuestResource, GuestResource, Handle, HostResource

__all__ = ["Provided", "ProvidedObject"]

_HELD: Final = "borrowed"
"""The fate of a handle that another component holds: Python code that gets it meanwhile can only call it."""


@dataclass(frozen=True, slots=True)
class Provided:
    """A resource that another component exports: the class of that one's handles, and its number in the linker."""

    python: type[GuestResource | AsyncGuestResource]
    number: int


class ProvidedObject(HostResource):
    """The object that stands for a handle in the store of the component that holds it."""

    def __init__(self, handle: Handle) -> None:
        self.handle = handle
        self._source: Handle | None = None

    @classmethod
    def owning(cls, source: Handle) -> ProvidedObject:
        """Take a handle from Python, which cannot use it afterwards."""
        if not source._box or source._fate:
            raise Mismatch(f"this {type(source).__name__} was already {source._fate}", ValueError)
        made = cls(type(source)._adopt(source._store, source._release("given away"), _HELD))
        made._source = source
        return made

    def restore(self) -> None:
        """Undo `owning`: the call that would have passed the handle is not made."""
        if self._source is not None:
            self._source._box, self._source._fate = self.handle._release("given away"), ""

    def give_back(self) -> Handle:
        """Return the handle, which Python owns again."""
        self.handle._fate = ""
        return self.handle

    def _tell_dropped(self) -> None:
        Handle._drop(self.give_back())
