"""How elements of lists lie in an adapter's memory, whatever their type (CanonicalABI.md, "Storing").

Strings and lists are address and count of what lies elsewhere; options, results and variants are the number of a case
and its payload. `element_rows` converts lists that have such elements.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ... import abi
from ...values import Err, Ok
from ..adapters.wasm.layout import align
from .arrays import arrays_of
from .elements import Elements, Records, Scalars, Tuples, discriminant, scalars

__all__ = ["ByteLists", "Cases", "Lists", "Options", "Strings", "elements_of"]


class Pointers(Elements):
    """Elements that are address and count of items that have `item_size` bytes each."""

    item_size = 1

    def __init__(self) -> None:
        super().__init__(8, 4)


class Strings(Pointers):
    """Strings, in UTF-8."""


class ByteLists(Pointers):
    """Lists of bytes."""


class Lists(Pointers):
    """Lists of anything else."""

    def __init__(self, type_: abi.List) -> None:
        super().__init__()
        self.items = elements_of(type_.element)
        self.item_size = self.items.size
        self.decode: Callable[[bytes], Any] | None = None
        """Returns what a list is of its bytes, where that is a list of numbers or an array."""
        if type_.numbers != "list":
            self.decode = arrays_of(type_, self.items).decode
        elif isinstance(self.items, Scalars):
            self.decode = self.items.decode


class _Choices(Elements):
    """Elements that are the number of a case, in `form`, and its payload at an `offset`."""

    def __init__(self, cases: Sequence[Elements | None]) -> None:
        self.form, number = discriminant(len(cases))
        payloads = [case for case in cases if case is not None]
        alignment = max(number, *(case.alignment for case in payloads), 1)
        self.offset = align(number, alignment)
        end = self.offset + max((case.size for case in payloads), default=0)
        super().__init__(align(end, alignment), alignment)
        self.cases = tuple(cases)


class Options(_Choices):
    """Options; `is_nested`: of options, whose present values are in `Some`."""

    def __init__(self, type_: abi.Option) -> None:
        self.some = elements_of(type_.type)
        self.is_nested = isinstance(type_.type, abi.Option)
        super().__init__((None, self.some))


class Cases(_Choices):
    """Results and variants: one class for each case; `is_bare`: those of cases without a payload have no `value`."""

    def __init__(self, classes: Sequence[type], types: Sequence[abi.Type | None], *, is_bare: bool) -> None:
        super().__init__([None if type_ is None else elements_of(type_) for type_ in types])
        self.classes = tuple(classes)
        self.is_bare = is_bare


def elements_of(type_: abi.Type) -> Elements:
    """Return how elements of a type lie in memory."""
    match type_:
        case abi.STRING:
            return Strings()
        case abi.Prim() | abi.Enum() | abi.Flags():
            return scalars(type_)
        case abi.Record():
            return Records(type_, [elements_of(field.type) for field in type_.fields])
        case abi.Tuple():
            return Tuples([elements_of(part) for part in type_.types])
        case abi.List():
            return ByteLists() if type_.element is abi.U8 else Lists(type_)
        case abi.Option():
            return Options(type_)
        case abi.Result():
            return Cases((Ok, Err), (type_.ok, type_.err), is_bare=False)
        case abi.Variant():
            cases = type_.cases
            return Cases([case.python for case in cases], [case.payload for case in cases], is_bare=True)
        case _:
            raise NotImplementedError(f"elements of {type(type_).__name__.lower()} do not lie in memory as they are")
