"""Passes handles as numbers to functions that borrow more than one.

wasmtime 50 traps if one call lends two handles to a host function and the engine supports concurrent tasks (see
`capi.lending_trial`). So the adapter gets the number of each, one after the other, and passes those. `self` of a method
is unchanged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from ....abi import FunctionKind
from ..code.walk import I64_EXTEND_I32_U, Walk
from ..names import PREFIX
from ..wasm.code import Body
from ..wasm.layout import Core, layout_of, places
from ..wasm.shapes import HANDLE_NUMBER, Function, Interface, Kind, Resource, Shape, reaches

__all__ = ["Numbering", "lends_several", "lent_resources", "number_name", "with_numbers"]

_SEVERAL = 2
_OPEN = (Kind.LIST, Kind.OPTION, Kind.TUPLE)
"""Types that handles are looked for in; the host does the same (`lent.py`)."""


@lru_cache(1024)
def number_name(interface: str, resource: str) -> str:
    """Return the name of the function that numbers a handle; `interface` is the prefix of the interface's names."""
    key = hashlib.sha256(f"{interface}#{resource}".encode()).hexdigest()[:12]
    return f"{PREFIX}number-x{key}"


def _handles(shape: Shape) -> int:
    """Return how many handles a value can lend, where more than one is several."""
    if shape.kind is Kind.BORROW:
        return 1
    inside = sum(_handles(part) for part in shape.parts if part is not None)
    return inside * _SEVERAL if shape.kind in (Kind.LIST, Kind.MAP, Kind.FIXED_LIST) else inside


def lends_several(function: Function) -> bool:
    """Return whether a call can lend more than one handle."""
    return sum(_handles(shape) for _, shape in function.params) >= _SEVERAL


def with_numbers(function: Function, ours: Callable[[Resource], bool]) -> Function:
    """Return a function with numbers for the handles that it borrows; unchanged unless all are of the host's resources.

    Handles in types other than lists, options and tuples are unchanged, too: a named type cannot be replaced.
    """
    first = 1 if function.name.startswith(FunctionKind.METHOD.value) else 0
    numbered = [(name, _with_numbers(shape, ours)) for name, shape in function.params[first:]]
    if any(reaches(shape, lambda part: part.kind is Kind.BORROW) for _, shape in numbered):
        return function
    return replace(function, params=(*function.params[:first], *numbered))


def _with_numbers(shape: Shape, ours: Callable[[Resource], bool]) -> Shape:
    if shape.kind is Kind.BORROW and shape.resource is not None:
        return HANDLE_NUMBER if ours(shape.resource) else shape
    if shape.kind not in _OPEN or not reaches(shape, lambda part: part.kind is Kind.BORROW):
        return shape
    return replace(shape, parts=tuple(None if part is None else _with_numbers(part, ours) for part in shape.parts))


def _lent(shape: Shape) -> Iterator[Resource]:
    if shape.kind is Kind.BORROW and shape.resource is not None:
        yield shape.resource
    elif shape.kind in _OPEN:
        for part in shape.parts:
            if part is not None:
                yield from _lent(part)


def lent_resources(interface: Interface) -> Iterator[Resource]:
    """Yield the resources of which an interface's functions can be lent several handles."""
    for function in interface.functions:
        if lends_several(function):
            for _, shape in function.params:
                yield from _lent(shape)


class Numbering(Walk):
    """Gets the number of each handle, drops the handle, and puts the number in its place."""

    def __init__(self, body: Body, numbers: Mapping[Resource, tuple[int, int]]) -> None:
        super().__init__(body)
        self._numbers = numbers

    def concerns(self, shape: Shape) -> bool:
        """Borrowed handles of the host's resources are replaced."""
        return shape.kind is Kind.BORROW and shape.resource in self._numbers

    def convert(self, before: Sequence[Shape], after: Sequence[Shape], *, spilled: bool) -> None:
        """Convert the parameters that differ."""
        whole = Shape(Kind.TUPLE, tuple(before))
        for (shape, offset, first), other in zip(places(whole.parts), after, strict=True):
            if shape is other:
                continue
            if spilled:
                self.memory(shape, 0, offset)
            else:
                self.flat(shape, range(first, first + len(layout_of(shape).flat)))

    def in_local(self, shape: Shape, local: int) -> None:
        """Replace one."""
        number = self.body.local()
        self.number(local)
        self._ask(shape)
        self.body.set(number)
        self.number(local)
        self._drop(shape)
        self.body.get(number)
        if self.body.core_of(local) is Core.I64:
            self.body.emit(I64_EXTEND_I32_U)
        self.body.set(local)

    def in_memory(self, shape: Shape, address: int, offset: int) -> None:
        """Replace one."""
        handle = self.body.local()
        self.body.get(address)
        self.body.load(Core.I32, offset)
        self.body.set(handle)
        self.body.get(address, handle)
        self._ask(shape)
        self.body.store(offset)
        self.body.get(handle)
        self._drop(shape)

    def _ask(self, shape: Shape) -> None:
        if shape.resource is not None:
            self.body.call(self._numbers[shape.resource][0])

    def _drop(self, shape: Shape) -> None:
        if shape.resource is not None:
            self.body.call(self._numbers[shape.resource][1])
