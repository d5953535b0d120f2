"""How numbers, and tuples and records, lie in an adapter's memory (CanonicalABI.md, "Storing").

Lists of numbers are converted to bytes and back here, those of other elements in `element_rows`. Values are taken in
canonical form only, and all others are refused, with one exception: buffers of exactly the elements of a list
(`array.array`, `memoryview` and numpy's arrays of one dimension) are copied as they are. `element_types` has elements
of other types.
"""

# Values are whatever a caller gave, and are looked at only here.
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from math import inf
from typing import Any, Final, NoReturn, TypeAlias

from ... import abi
from ...buffers import is_numpy
from ..adapters.wasm.layout import align

__all__ = [
    "FORMS", "Bools", "Characters", "Elements", "FlagSets", "Members", "Numbers", "Records", "Scalars", "Tuples",
    "check_classes", "copy_fields", "discriminant", "f32s", "numpy", "refuse", "scalars",
]  # fmt: skip

_Bytes: TypeAlias = "bytes | bytearray | memoryview"

FORMS: Final[Mapping[abi.Type, tuple[str, int]]] = {
    abi.BOOL: ("?", 1), abi.U8: ("B", 1), abi.S8: ("b", 1), abi.U16: ("H", 2), abi.S16: ("h", 2), abi.U32: ("I", 4),
    abi.S32: ("i", 4), abi.U64: ("Q", 8), abi.S64: ("q", 8), abi.F32: ("f", 4), abi.F64: ("d", 8), abi.CHAR: ("I", 4),
}  # fmt: skip
"""Struct format and size of the primitives."""
_KINDS: Final = {"B": "BHILQN", "b": "bhilqn", "f": "fd", "?": "?"}
"""The formats of a buffer's items that are unsigned, signed, floating or bool; their size says the rest."""
_REMEMBERED: Final = 256
"""How many combinations of flags are kept per type."""


def discriminant(count: int) -> tuple[str, int]:
    """Return format and size of the number that says which of so many cases a value is."""
    return ("B", 1) if count <= 1 << 8 else ("H", 2) if count <= 1 << 16 else ("I", 4)


def refuse() -> NoReturn:
    """Refuse values that are not in canonical form."""
    raise TypeError("not in canonical form")


def f32s(numbers: Sequence[float]) -> array[float]:
    """Return numbers as f32; refuse those that only become infinite by rounding."""
    column = array("f", numbers)
    for infinity in (inf, -inf):
        if column.count(infinity) != numbers.count(infinity):
            refuse()
    return column


@cache
def numpy() -> Any:
    """Return numpy, which is needed only where bindings ask for its arrays or get some."""
    return import_module("numpy")


def copy_fields(target: Any, source: Any) -> None:
    """Copy the numbers of a structured array into another one, and none of the bytes between them."""
    for name in target.dtype.names:
        if target.dtype[name].names is None:
            target[name] = source[name]
        else:
            copy_fields(target[name], source[name])


def check_classes(values: Sequence[Any], *classes: type) -> None:
    """Refuse values of any other class."""
    types = list(map(type, values))
    if sum(map(types.count, classes)) != len(types):
        refuse()


class Elements:
    """Elements of one type.

    Attributes:
        size: in bytes; also the distance between elements of a list.
        alignment: in bytes.
    """

    def __init__(self, size: int, alignment: int) -> None:
        self.size = size
        self.alignment = alignment

    def buffer(self, _values: Any) -> _Bytes:
        """Return the bytes of something else than a list, if it is a buffer of such elements."""
        refuse()

    def dtype(self, *, packed: bool) -> Any:  # noqa: ARG002 - of those that have one
        """Return numpy's type of the elements; `packed`: without the bytes between fields."""
        refuse()


class Scalars(Elements, ABC):
    """Values that are one number. A subclass has `column`, which makes an array of them, and `values` of a column."""

    def __init__(self, form: str, size: int) -> None:
        super().__init__(size, size)
        self.form = form

    def encode(self, values: Any) -> _Bytes:
        """Return the bytes of a list; their length counts bytes."""
        if type(values) is not list and type(values) is not tuple:
            return self.buffer(values)
        return memoryview(self.column(values)).cast("B")

    def decode(self, content: bytes) -> list[Any]:
        """Return the list of some bytes."""
        return self.values(memoryview(content).cast(self.form))  # type: ignore[call-overload]  # typeshed wants a literal

    def dtype(self, *, packed: bool) -> Any:  # noqa: ARG002 - has no fields
        return numpy().dtype(self.form)

    @abstractmethod
    def column(self, values: Sequence[Any]) -> array[Any]: ...

    def values(self, column: memoryview) -> list[Any]:
        return column.tolist()


class Numbers(Scalars):
    """Integers and floats."""

    def __init__(self, type_: abi.Prim) -> None:
        super().__init__(*FORMS[type_])
        kind = "f" if self.form in "fd" else "B" if self.form.isupper() else "b"
        self._formats = _KINDS[kind]

    def column(self, values: Sequence[Any]) -> array[Any]:
        types = list(map(type, values))
        # Counting what is not there takes several times as long as counting what is.
        left = len(types) - (types.count(float) if self.form in "fd" else 0)
        if left and types.count(int) != left:
            refuse()
        return f32s(values) if self.form == "f" else array(self.form, values)

    def buffer(self, _values: Any) -> _Bytes:
        type_ = type(_values)
        if not is_numpy(type_) and type_ is not array and type_ is not memoryview:
            refuse()
        view = memoryview(_values)
        form = view.format.removeprefix("<").removeprefix("=").removeprefix("@")
        if view.ndim != 1 or view.itemsize != self.size or len(form) != 1 or form not in self._formats:
            refuse()
        return view.cast("B") if view.c_contiguous else view.tobytes()


class Bools(Scalars):
    """Bools."""

    def __init__(self) -> None:
        super().__init__("?", 1)

    def column(self, values: Sequence[Any]) -> array[Any]:
        check_classes(values, bool)
        return array("B", values)


class Characters(Scalars):
    """Characters."""

    def __init__(self) -> None:
        super().__init__("I", 4)

    def column(self, values: Sequence[Any]) -> array[Any]:
        check_classes(values, str)
        text = "".join(values)
        if list(map(len, values)).count(1) != len(values):
            refuse()
        return array("I", text.encode("utf-32-le"))

    def values(self, column: memoryview) -> list[Any]:
        return list(map(chr, column))


class Members(Scalars):
    """Enums: the number of a case is its position."""

    def __init__(self, type_: abi.Enum) -> None:
        super().__init__(*discriminant(len(type_.cases)))
        self.python = type_.python
        self.members = list(type_.python)
        self.numbers = {member.name: number for number, member in enumerate(self.members)}

    def column(self, values: Sequence[Any]) -> array[Any]:
        check_classes(values, self.python)
        numbers = self.numbers
        return array(self.form, [numbers[each._name_] for each in values])

    def values(self, column: memoryview) -> list[Any]:
        return list(map(self.members.__getitem__, column))


class FlagSets(Scalars):
    """Flags: the bits of a number."""

    def __init__(self, type_: abi.Flags) -> None:
        self.count = len(type_.flags)
        super().__init__(*(("B", 1) if self.count <= 8 else ("H", 2) if self.count <= 16 else ("I", 4)))
        self.python = type_.python
        self._members: dict[int, Any] = {}

    def column(self, values: Sequence[Any]) -> array[Any]:
        check_classes(values, self.python)
        bits = [each._value_ for each in values]
        if max(bits, default=0) >> self.count:
            refuse()
        return array(self.form, bits)

    def values(self, column: memoryview) -> list[Any]:
        return list(map(self.member, column))

    def member(self, bits: int) -> Any:
        """Return what some bits stand for."""
        member = self._members.get(bits)
        if member is None:
            if len(self._members) >= _REMEMBERED:
                self._members.clear()
            member = self._members[bits] = self.python(bits)
        return member


class _Several(Elements, ABC):
    """Records and tuples."""

    def __init__(self, parts: Sequence[Elements]) -> None:
        offsets, end = list[int](), 0
        for part in parts:
            offsets.append(align(end, part.alignment))
            end = offsets[-1] + part.size
        alignment = max(part.alignment for part in parts)
        super().__init__(align(end, alignment), alignment)
        self.parts = tuple(zip(parts, offsets, strict=True))

    @property
    @abstractmethod
    def names(self) -> Sequence[str]:
        """The names of the parts as fields of numpy's."""

    def dtype(self, *, packed: bool) -> Any:
        formats = [part.dtype(packed=packed) for part, _ in self.parts]
        if packed:
            return numpy().dtype(list(zip(self.names, formats, strict=True)))
        offsets = [offset for _, offset in self.parts]
        fields = {"names": list(self.names), "formats": formats, "offsets": offsets, "itemsize": self.size}
        return numpy().dtype(fields)

    def buffer(self, _values: Any) -> _Bytes:
        if not is_numpy(type(_values)) or _values.ndim != 1 or _values.dtype.names is None:
            refuse()
        if _values.dtype != self.dtype(packed=True) and _values.dtype != self.dtype(packed=False):
            refuse()
        content = numpy().zeros(len(_values), self.dtype(packed=False))
        copy_fields(content, _values)
        return memoryview(content.view("u1"))


class Tuples(_Several):
    """Tuples, which have at least one part."""

    @property
    def names(self) -> Sequence[str]:
        return [f"f{index}" for index in range(len(self.parts))]


class Records(_Several):
    """Records."""

    def __init__(self, type_: abi.Record, parts: Sequence[Elements]) -> None:
        super().__init__(parts)
        self.python = type_.python
        self._attributes = tuple(field.attribute for field in type_.fields)

    @property
    def names(self) -> Sequence[str]:
        return self._attributes


@cache
def _primitives(type_: abi.Prim) -> Scalars:
    if type_ is abi.BOOL:
        return Bools()
    return Characters() if type_ is abi.CHAR else Numbers(type_)


def scalars(type_: abi.Prim | abi.Enum | abi.Flags) -> Scalars:
    """Return how elements that are one number each lie in memory."""
    match type_:
        case abi.Prim():
            return _primitives(type_)
        case abi.Enum():
            return Members(type_)
        case abi.Flags():
            return FlagSets(type_)
