"""In which form an adapter has its interface on either side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..wasm.shapes import Function, Resource, carries_ends, carries_lists
from ..wasm.type_writer import Look
from .lending import lends_several, with_numbers

__all__ = ["Form"]


@dataclass(frozen=True)
class Form:
    """The form of types on the inner and the outer side, and whether async functions are polled on the inner.

    `settles`: before any function is called, the elements that the guest has written are passed to the host. `numbered`
    has the resources of which functions can borrow several handles, with the names of the functions that return a
    handle's number.
    """

    inside: Look = field(default_factory=Look)
    outside: Look = field(default_factory=Look)
    polled: bool = False
    settles: bool = False
    numbered: Mapping[Resource, str] = field(default_factory=dict[Resource, str])

    @property
    def passes_ends(self) -> bool:
        """Whether streams and futures are numbers on one side."""
        return self.inside.numbers or self.outside.numbers

    def _changes_lists(self, function: Function) -> bool:
        """Return whether lists of a function have another form on one side."""
        forms = (self.inside.lists, self.outside.lists)
        return any(carries_lists(shape, form) for shape in function.types for form in forms)

    def is_direct(self, function: Function) -> bool:
        """Return whether the host finds lists of a function in the adapter's memory."""
        return "direct" in (self.inside.lists, self.outside.lists) and self._changes_lists(function)

    def inner(self, function: Function) -> Function:
        """Return a function with the parameters that it has on the inner side."""
        if not self.numbered or not lends_several(function):
            return function
        return with_numbers(function, self.numbered.__contains__)

    def changes(self, function: Function) -> bool:
        """Return whether code has to pass a function on."""
        return (
            self.settles
            or self.inner(function).params != function.params
            or (self.polled and function.is_async)
            or self._changes_lists(function)
            or (self.passes_ends and any(map(carries_ends, function.types)))
        )
