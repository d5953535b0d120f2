"""Generates the statements that turn C values into Python values: results of exports and arguments of host functions.

`Lifting.block` reads values at known offsets with one `struct` call and returns an expression for each; types that need
statements (options, variants, nested pointers, lists) add them.
"""

from __future__ import annotations

import struct
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

from ... import abi
from ...codegen import Source
from ...values import Err, Ok, Some
from ..direct_lists import PAIR, ListForm, is_direct
from .arrays import arrays_of
from .element_rows import Rows
from .element_types import elements_of
from .elements import Scalars
from .flags import flag_reader

__all__ = ["Handle", "Lifting"]

Handle: TypeAlias = abi.Own | abi.Borrow | abi.Stream | abi.Future
"""Types whose values are not data."""

_SCALARS = {
    abi.BOOL: "?", abi.U8: "B", abi.U16: "H", abi.U32: "I", abi.U64: "Q", abi.S8: "b", abi.S16: "h", abi.S32: "i",
    abi.S64: "q", abi.F32: "f", abi.F64: "d", abi.CHAR: "I",
}  # fmt: skip
_PAIR = ((8, "Q"), (16, "Q"))
_INLINE_CASES = 4
_DEEP = 8


def _items(type_: abi.Type) -> tuple[tuple[int, str], ...]:
    """Return offset and struct format of the parts to read of a value."""
    match type_:
        case abi.Prim() if type_ in _SCALARS:
            return ((8, _SCALARS[type_]),)
        case abi.Record() | abi.Tuple():
            return ((16, "Q"),)
        case abi.Option() | abi.Own() | abi.Borrow():
            return ((8, "Q"),)
        case abi.Stream() | abi.Future():
            return ((8, "I"),)
        case abi.Result():
            return ((8, "?"), (16, "Q"))
        case abi.Variant():
            return (*_PAIR, (24, "Q"))
        case _:
            return _PAIR


@dataclass
class _Layout:
    form: str
    counts: list[int]


def _layout(types: Sequence[abi.Type], offsets: Sequence[int], size: int) -> _Layout:
    form, position, counts = "<", 0, list[int]()
    for type_, offset in zip(types, offsets, strict=True):
        items = _items(type_)
        counts.append(len(items))
        for distance, code in items:
            form += f"{offset + distance - position}x{code}"
            position = offset + distance + struct.calcsize(f"<{code}")
    return _Layout(f"{form}{size - position}x", counts)


def _text(size: str, pointer: str) -> str:
    """Return the expression of a C string's bytes."""
    return f"_memory[{pointer}:{pointer} + {size}].tobytes()"


class Lifting:
    """Generates lifting code into a source.

    `handles` collects the resource types met, by the name of their reader, and those of streams and futures, which are
    numbers here.

    `lists` is the form of lists, and of strings beside lists that are text.
    """

    def __init__(self, source: Source, *, lists: ListForm) -> None:
        self._source = source
        self._lists: ListForm = lists
        self.handles: dict[str, Handle] = {}
        self._are_rows = False

    def values(self, types: Sequence[abi.Type], address: str, *, first: int = 0, stride: int = 32) -> list[str]:
        """Read values that follow each other at `address`; return their expressions, each to be used once."""
        if not types:
            return []
        offsets = [first + stride * index for index in range(len(types))]
        layout = self._layout(types, offsets, offsets[-1] + 32)
        reader = self._source.constant(struct.Struct(layout.form).unpack_from, "unpack")
        names = [[self._source.fresh() for _ in range(count)] for count in layout.counts]
        targets = "".join(f"{name}, " for group in names for name in group)
        self._source.line(f"{targets}= {reader}(_memory, {address})")
        return [self._value(type_, group) for type_, group in zip(types, names, strict=True)]

    def _layout(self, types: Sequence[abi.Type], offsets: Sequence[int], size: int) -> _Layout:
        return _layout([PAIR if self._is_direct(type_) else type_ for type_ in types], offsets, size)

    def _is_direct(self, type_: abi.Type) -> bool:
        return self._lists == "direct" and is_direct(type_)

    def value(self, type_: abi.Type, address: str) -> str:
        """Read one value."""
        return self.values((type_,), address)[0]

    def _value(self, type_: abi.Type, names: list[str]) -> str:
        match type_:
            case abi.Prim():
                return self._primitive(type_, names)
            case abi.Record():
                fields = self.values([field.type for field in type_.fields], names[0], first=16, stride=48)
                if self._are_rows:
                    return f"({''.join(f'{field}, ' for field in fields)})"
                return f"{self._source.constant(type_.python, 'class')}({', '.join(fields)})"
            case abi.Tuple():
                return f"({''.join(f'{part}, ' for part in self.values(type_.types, names[0]))})"
            case abi.Option():
                return self._option(type_, names[0])
            case abi.Result():
                return self._result(type_, *names)
            case abi.Variant():
                return self._variant(type_, *names)
            case abi.Enum():
                members = {name.encode(): member for name, member in zip(type_.cases, type_.python, strict=True)}
                return f"{self._source.constant(members, 'members')}[{_text(*names)}]"
            case abi.Flags():
                return f"{self._source.constant(flag_reader(type_), 'flags')}({names[0]}, {names[1]})"
            case abi.List() if self._is_direct(type_):
                return self._direct(type_, *self.values(PAIR.types, names[0]))
            case abi.List() if type_.numbers != "list":
                return self._array(type_, *names)
            case abi.List() | abi.FixedList():
                return self._list(type_.element, *names)
            case abi.Map():
                return self._map(type_, *names)
            case abi.Own() | abi.Borrow() | abi.Stream() | abi.Future():
                reader = self._source.fresh("lift")
                self.handles[reader] = type_
                return f"{reader}({names[0]})"

    def _primitive(self, type_: abi.Prim, names: list[str]) -> str:
        if type_ is abi.STRING:
            return f"_narrow_text({names[1]}, {names[0]})" if self._lists == "text" else f"{_text(*names)}.decode()"
        if type_ is abi.CHAR:
            return f"_chr({names[0]})"
        if type_ is abi.ERROR_CONTEXT:
            raise NotImplementedError("wasmtime's C API has no values of error-context")
        return names[0]

    def _option(self, type_: abi.Option, pointer: str) -> str:
        result = self._source.fresh()
        with self._source.block(f"if {pointer}:"):
            inner = self._inner(type_.type, pointer)
            if isinstance(type_.type, abi.Option):
                inner = f"{self._source.constant(Some, 'Some')}({inner})"
            self._source.line(f"{result} = {inner}")
        with self._source.block("else:"):
            self._source.line(f"{result} = None")
        return result

    def _result(self, type_: abi.Result, is_ok: str, pointer: str) -> str:
        result = self._source.fresh()
        for header, wrapper, payload in ((f"if {is_ok}:", Ok, type_.ok), ("else:", Err, type_.err)):
            with self._source.block(header):
                inner = self._inner(payload, pointer) if payload is not None else "None"
                self._source.line(f"{result} = {self._source.constant(wrapper, wrapper.__name__)}({inner})")
        return result

    def _variant(self, type_: abi.Variant, size: str, name: str, pointer: str) -> str:
        source = self._source
        tag = _text(size, name)
        if len(type_.cases) > _INLINE_CASES:
            readers = {case.name.encode(): self._outlined_case(case) for case in type_.cases}
            table = source.fresh("cases")
            entries = ", ".join(f"{tag_!r}: {reader}" for tag_, reader in readers.items())
            source.declare(f"{table} = {{{entries}}}")
            return f"{table}[{tag}]({pointer})"
        result, chosen = source.fresh(), source.fresh("tag")
        source.line(f"{chosen} = {tag}")
        for index, case in enumerate(type_.cases):
            last = index == len(type_.cases) - 1
            test = f"{chosen} == {case.name.encode()!r}:"
            with source.block("else:" if last and index else f"if {test}" if not index else f"elif {test}"):
                source.line(f"{result} = {self._case(case, pointer)}")
        return result

    def _case(self, case: abi.Case, pointer: str) -> str:
        payload = self._inner(case.payload, pointer) if case.payload is not None else ""
        return f"{self._source.constant(case.python, 'class')}({payload})"

    def _outlined_case(self, case: abi.Case) -> str:
        function = self._source.fresh("case")
        with self._source.function(f"{function}(_address)"):
            self._source.line(f"return {self._case(case, '_address')}")
        return function

    def _inner(self, type_: abi.Type, pointer: str) -> str:
        """Read the target of a pointer; deeply nested ones in a separate function."""
        if self._source.depth < _DEEP:
            return self.value(type_, pointer)
        function = self._source.fresh("read")
        with self._source.function(f"{function}(_address)"):
            self._source.line(f"return {self.value(type_, '_address')}")
        return f"{function}({pointer})"

    def _direct(self, type_: abi.List, address: str, count: str) -> str:
        if type_.element is abi.U8:
            return f"_read({address}, {count})"
        elements = elements_of(type_.element)
        content = f"_read({address}, {elements.size} * {count})"
        if type_.numbers != "list":
            return f"{self._source.constant(arrays_of(type_, elements).decode, 'decode')}({content})"
        if isinstance(elements, Scalars):
            return f"{self._source.constant(elements.decode, 'decode')}({content})"
        return f"{self._source.constant(Rows(elements).get, 'get')}({address}, {count}, _adapter)"

    def _array(self, type_: abi.List, count: str, pointer: str) -> str:
        """Read a list of numbers as an array."""
        arrays = arrays_of(type_, elements_of(type_.element))
        if isinstance(type_.element, abi.Prim):
            column = f"{self._numbers(type_.element, count, pointer)}.tobytes()"
            return f"{self._source.constant(arrays.decode, 'decode')}({column})"
        with self._rows():
            rows = self._collect((type_.element,), count, pointer)
        return f"{self._source.constant(arrays.of_rows, 'of_rows')}({rows})"

    @contextmanager
    def _rows(self) -> Generator[None]:
        """Read records as tuples meanwhile."""
        before, self._are_rows = self._are_rows, True
        try:
            yield
        finally:
            self._are_rows = before

    def _list(self, element: abi.Type, count: str, pointer: str) -> str:
        if element is abi.U8 and self._lists == "text":
            return f"_narrow({pointer}, {count})"
        if element is abi.U8:
            return f"_read_bytes({pointer}, {count})"
        if isinstance(element, abi.Prim) and element in _SCALARS:
            return self._column(element, count, pointer)
        return self._collect((element,), count, pointer)

    def _map(self, type_: abi.Map, count: str, pointer: str) -> str:
        return f"_dict({self._collect((type_.key, type_.value), count, pointer)})"

    def _collect(self, types: Sequence[abi.Type], count: str, pointer: str) -> str:
        """Read entries of values that follow each other into a list, of tuples where an entry has several values."""
        source = self._source
        result = source.fresh()
        if source.depth >= _DEEP:
            with source.function(f"{result}(_count, _address)"):
                source.line(f"return {self._loop(types, '_count', '_address')}")
            return f"{result}({count}, {pointer})"
        return self._loop(types, count, pointer)

    def _loop(self, types: Sequence[abi.Type], count: str, pointer: str) -> str:
        source, size = self._source, 32 * len(types)
        layout = self._layout(types, range(0, size, 32), size)
        reader = source.constant(struct.Struct(layout.form).iter_unpack, "entries")
        names = [[source.fresh() for _ in range(items)] for items in layout.counts]
        targets = "".join(f"{name}, " for group in names for name in group)
        # Bytes, not a view: CPython 3.11 crashes when it collects an iterator over a view, and a frame that failed in a
        # comprehension keeps its iterator. The collector clears the view while the iterator uses it
        # (python/cpython#77894).
        entries = f"_memory[{pointer}:{pointer} + {size} * {count}].tobytes()"
        loop = f"for {targets}in {reader}({entries})"
        with source.captured() as body:
            parts = [self._value(type_, group) for type_, group in zip(types, names, strict=True)]
        entry = parts[0] if len(parts) == 1 else f"({', '.join(parts)})"
        if not body:
            return f"[{entry} {loop}]"
        result = source.fresh()
        source.line(f"{result} = []")
        with source.block(f"{loop}:"):
            source.extend(body)
            source.line(f"{result}.append({entry})")
        return result

    def _column(self, element: abi.Prim, count: str, pointer: str) -> str:
        column = f"{self._numbers(element, count, pointer)}.tolist()"
        return f"_list(_map(_chr, {column}))" if element is abi.CHAR else column

    def _numbers(self, element: abi.Prim, count: str, pointer: str) -> str:
        """Return the expression of a view of numbers."""
        form = _SCALARS[element]
        size = struct.calcsize(f"<{form}")
        step, start = 32 // size, 8 // size
        shift = size.bit_length() - 1
        index = f"({pointer} >> {shift})" if shift else pointer
        return f"_view_{'bool' if form == '?' else form}[{index} + {start}:{index} + {step} * {count}:{step}]"
