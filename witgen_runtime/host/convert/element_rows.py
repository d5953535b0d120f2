"""Lists of anything but numbers in an adapter's memory: converted by code that is generated for their type.

A list goes in as one block: its elements, and behind them what these point to. It comes out of a copy of the memory's
blocks. The code goes through the elements once, and reads and writes the numbers of each with one format.

Beyond some depth, values get functions of their own, which take and return their bytes: Python limits how deep
expressions can be.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from itertools import accumulate, chain, count
from struct import Struct
from typing import Any, Final

from ...codegen import Source
from ...values import Some
from ..adapters.calling.adapter_memory import AdapterMemory
from .element_columns import Columns, has_columns
from .element_types import ByteLists, Cases, Lists, Options, Strings
from .elements import Bools, Characters, Elements, FlagSets, Members, Numbers, Records, Scalars, Tuples, refuse

__all__ = ["Rows"]

_DEEPEST: Final = 12
"""How deep types may be to be converted in one expression."""
_COPIED: Final = 1 << 14
"""All blocks of the memory are copied as a whole to read a list, if they have at most so many bytes, …"""
_PER_BYTE: Final = 64
"""… or so many times the bytes of the list itself. Larger ones are read piece by piece, so that the time for many
lists of one call stays linear."""
_MANY: Final = 100
"""From how many elements on records and tuples of numbers are converted by columns."""
_LISTS: Final = frozenset({list, tuple})
_FEW_STRINGS: Final = 20
"""Up to how many strings are converted one by one."""

_numbers = count(1)


def _pairs(sizes: list[int], address: int) -> bytes:
    """Return the elements of strings that follow each other from an address on."""
    return array("I", chain.from_iterable(zip(accumulate(sizes, initial=address), sizes, strict=False))).tobytes()


_NAMES: Final[dict[str, Any]] = {
    "_str": str, "_int": int, "_float": float, "_bool": bool, "_bytes": bytes, "_bytearray": bytearray, "_list": list,
    "_tuple": tuple, "_type": type, "_len": len, "_ord": ord, "_chr": chr, "_map": map, "_encode": str.encode,
    "_refuse": refuse, "_join": b"".join, "_gaps": tuple(map(bytes, range(8))), "_pairs": _pairs,
}  # fmt: skip


class Rows:
    """Lists of elements of one type, which are not single numbers."""

    def __init__(self, elements: Elements) -> None:
        source = Source()
        write, read = _Writer(source).function(elements), _Reader(source).function(elements)
        namespace: dict[str, Any] = {**_NAMES, **source.constants}
        exec(source.compile(f"rows {next(_numbers)}"), namespace)  # noqa: S102 - written by this module
        self._elements = elements
        self._size = elements.size
        self._has_columns = has_columns(elements)
        self._columns: Columns | None = None
        self._write: Callable[[Any, int], tuple[bytes, int]] = namespace[write]
        self._read: Callable[[Any, int, int], list[Any]] = namespace[read]

    def put(self, values: Any, memory: AdapterMemory) -> tuple[int, int]:
        """Copy a list into the memory; return its address and count. Refuses what is not in canonical form."""
        expected = memory.next_block()
        if self._has_columns and type(values) in _LISTS and len(values) >= _MANY:
            content: bytes | bytearray = self._by_columns().encode(values)
            length = len(content) // self._size
        else:
            content, length = self._write(values, expected)
        address, _ = memory.place(content)
        if address != expected:
            # A call in between was broken off, and left blocks behind.
            refuse()
        return address, length

    def get(self, address: int, length: int, memory: AdapterMemory) -> list[Any]:
        """Return a list."""
        if self._has_columns and length >= _MANY:
            return self._by_columns().decode(memory[address : address + self._size * length], length)
        most = max(_COPIED, _PER_BYTE * self._size * length)
        try:
            return self._read(memory.all_blocks(most) or memory, address, length)
        except UnicodeDecodeError:
            memory.refuse_text()

    def _by_columns(self) -> Columns:
        """Return what converts long lists; made for the first of them."""
        if self._columns is None:
            self._columns = Columns(self._elements)
        return self._columns


class _Fields:
    """The fields of one element: places, formats, and the names of their values."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._fields: list[tuple[int, str, str]] = []

    def add(self, offset: int, form: str, name: str) -> str:
        """Add a field; return its name."""
        self._fields.append((offset, form, name))
        return name

    def struct(self) -> Struct:
        """Return the format of an element."""
        form, end = "<", 0
        for offset, code, _ in sorted(self._fields):
            form += f"{offset - end}x{code}"
            end = offset + Struct(f"<{code}").size
        return Struct(f"{form}{self._size - end}x")

    @property
    def names(self) -> list[str]:
        """The names of all fields, in the order of the format."""
        return [name for _, _, name in sorted(self._fields)]

    def after(self, start: int) -> list[tuple[str, str]]:
        """Return the names of fields that were added after so many, each with its value if there is none."""
        return [(name, 'b""' if form.endswith("s") else "0") for _, form, name in self._fields[start:]]

    def __len__(self) -> int:
        return len(self._fields)


class _Reader:
    """Generates what makes values of bytes. `_memory` is what holds the bytes that they point to."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def function(self, elements: Elements) -> str:
        """Generate what returns a list; return its name."""
        source, fields = self._source, _Fields(elements.size)
        name = source.fresh("read")
        with source.function(f"{name}(_memory, _at, _length)"):
            value = self._value(elements, 0, fields, 0)
            unpack = source.constant(fields.struct().iter_unpack, "entries")
            content = f"_memory[_at:_at + {elements.size} * _length]"
            source.line(f"return [{value} for {', '.join(fields.names)}, in {unpack}({content})]")
        return name

    def _field(self, offset: int, form: str, fields: _Fields) -> str:
        return fields.add(offset, form, self._source.fresh())

    def _value(self, elements: Elements, offset: int, fields: _Fields, depth: int) -> str:
        """Return the expression of a value, of which fields are added."""
        match elements:
            case Strings() | ByteLists() | Lists():
                address, length = (self._field(offset + more, "I", fields) for more in (0, 4))
                return self._pointed(elements, address, length)
            case FlagSets() | Members() | Characters() | Numbers() | Bools():
                return self._number(elements, self._field(offset, elements.form, fields))
            case Cases():
                return self._case(elements, offset, fields)
            case _ if depth == _DEEPEST:
                return f"{self._apart(elements)}({self._field(offset, f'{elements.size}s', fields)}, _memory)"
            case Records() | Tuples():
                parts = [self._value(part, offset + more, fields, depth + 1) for part, more in elements.parts]
                if isinstance(elements, Tuples):
                    return f"({', '.join(parts)},)"
                return f"{self._source.constant(elements.python, 'class')}({', '.join(parts)})"
            case Options():
                number = self._field(offset, elements.form, fields)
                value = self._value(elements.some, offset + elements.offset, fields, depth + 1)
                if elements.is_nested:
                    value = f"{self._source.constant(Some, 'Some')}({value})"
                return f"({value} if {number} else None)"
            case _:
                raise NotImplementedError(type(elements).__name__)

    def _pointed(self, elements: Strings | ByteLists | Lists, address: str, length: str) -> str:
        if isinstance(elements, Lists) and elements.decode is None:
            return f"{self.function(elements.items)}(_memory, {address}, {length})"
        size = "" if elements.item_size == 1 else f"{elements.item_size} * "
        content = f"_memory[{address}:{address} + {size}{length}]"
        match elements:
            case Strings():
                return f"{content}.decode()"
            case Lists():
                return f"{self._source.constant(elements.decode, 'decode')}({content})"
            case _:
                return content

    def _number(self, elements: FlagSets | Members | Characters | Numbers | Bools, number: str) -> str:
        match elements:
            case FlagSets():
                return f"{self._source.constant(elements.member, 'flags')}({number})"
            case Members():
                return f"{self._source.constant(elements.members, 'members')}[{number}]"
            case Characters():
                return f"_chr({number})"
            case _:
                return number

    def _apart(self, elements: Elements, wrapper: str = "") -> str:
        """Generate what returns the value of some bytes, in a wrapper; return its name."""
        source, fields = self._source, _Fields(elements.size)
        name = source.fresh("value")
        with source.function(f"{name}(_bytes, _memory)"):
            value = self._value(elements, 0, fields, 0)
            unpack = source.constant(fields.struct().unpack_from, "unpack")
            source.line(f"{', '.join(fields.names)}, = {unpack}(_bytes)")
            source.line(f"return {wrapper}({value})")
        return name

    def _case(self, elements: Cases, offset: int, fields: _Fields) -> str:
        """Read a result or a variant: the payloads of all cases lie at the same place."""
        source, functions, room = self._source, list[str](), elements.size - elements.offset
        for class_, case in zip(elements.classes, elements.cases, strict=True):
            name = source.constant(class_, "class")
            if case is not None:
                functions.append(self._apart(case, name))
                continue
            functions.append(source.fresh("value"))
            with source.function(f"{functions[-1]}(_bytes, _memory)"):
                source.line(f"return {name}({'' if elements.is_bare else 'None'})")
        table = source.fresh("cases")
        source.declare(f"{table} = ({', '.join(functions)},)")
        number = self._field(offset, elements.form, fields)
        payload = self._field(offset + elements.offset, f"{room}s", fields) if room else 'b""'
        return f"{table}[{number}]({payload}, _memory)"


class _Writer:
    """Generates what makes bytes of values: `_parts` is what they point to, which ends at the address `_end`."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def function(self, elements: Elements) -> str:
        """Generate what returns the bytes of a list and of all that it points to, and its length; return its name.

        It takes the list and the address where that will lie.
        """
        source, fields = self._source, _Fields(elements.size)
        name = source.fresh("write")
        with source.function(f"{name}(_values, _at)"):
            with source.block("if _type(_values) is not _list and _type(_values) is not _tuple:"):
                source.line(f"_rows = {source.constant(elements.buffer, 'buffer')}(_values)")
                source.line(f"return _rows, _len(_rows) // {elements.size}")
            if isinstance(elements, Strings):
                with source.block(f"if _len(_values) > {_FEW_STRINGS}:"):
                    source.line("_parts = _list(_map(_encode, _values))")
                    source.line("_length = _len(_parts)")
                    source.line("_rows = _pairs(_list(_map(_len, _parts)), _at + 8 * _length)")
                    source.line("return _rows + _join(_parts), _length")
            source.line("_rows, _parts, _length = [], [], _len(_values)")
            source.line(f"_end = _at + {elements.size} * _length")
            with source.block("for _value in _values:"):
                self._put(elements, "_value", 0, fields, 0)
                source.line(f"_rows.append({self._packed(fields)})")
            # Another thread may have changed the list.
            with source.block("if _len(_rows) != _length:"):
                source.line("_refuse()")
            source.line("return _join(_rows + _parts), _length")
        return name

    def _packed(self, fields: _Fields) -> str:
        return f"{self._source.constant(fields.struct().pack, 'pack')}({', '.join(fields.names)})"

    def _named(self, expression: str) -> str:
        name = self._source.fresh()
        self._source.line(f"{name} = {expression}")
        return name

    def _exactly(self, value: str, *classes: str) -> None:
        """Generate the refusal of a value of any other class."""
        with self._source.block(f"if {' and '.join(f'_type({value}) is not {class_}' for class_ in classes)}:"):
            self._source.line("_refuse()")

    def _put(self, elements: Elements, value: str, offset: int, fields: _Fields, depth: int) -> None:
        """Generate the fields of a value."""
        source = self._source
        match elements:
            case Strings() | ByteLists() | Lists():
                address, length = (fields.add(offset + more, "I", source.fresh()) for more in (0, 4))
                self._point(elements, value, address, length)
            case FlagSets() | Members() | Characters() | Numbers() | Bools():
                number = self._number(elements, value)
                source.line(f"{fields.add(offset, elements.form, source.fresh())} = {number}")
            case _ if depth == _DEEPEST:
                content = fields.add(offset, f"{elements.size}s", source.fresh())
                source.line(f"{content}, _end = {self._apart(elements)}({value}, _parts, _end)")
            case Records():
                self._exactly(value, source.constant(elements.python, "class"))
                for (part, more), attribute in zip(elements.parts, elements.names, strict=True):
                    self._put(part, self._named(f"{value}.{attribute}"), offset + more, fields, depth + 1)
            case Tuples():
                self._exactly(value, "_tuple")
                names = [source.fresh() for _ in elements.parts]
                source.line(f"{', '.join(names)}, = {value}")
                for (part, more), name in zip(elements.parts, names, strict=True):
                    self._put(part, name, offset + more, fields, depth + 1)
            case Options():
                self._option(elements, value, offset, fields, depth + 1)
            case Cases():
                self._case(elements, value, offset, fields, depth + 1)
            case _:
                raise NotImplementedError(type(elements).__name__)

    def _apart(self, elements: Elements) -> str:
        """Generate what returns the bytes of a value and the new end; return its name."""
        source, fields = self._source, _Fields(elements.size)
        name = source.fresh("bytes")
        with source.function(f"{name}(_value, _parts, _end)"):
            self._put(elements, "_value", 0, fields, 0)
            source.line(f"return {self._packed(fields)}, _end")
        return name

    def _point(self, elements: Strings | ByteLists | Lists, value: str, address: str, length: str) -> None:
        """Generate what a value points to, behind all else."""
        source, content = self._source, self._source.fresh()
        match elements:
            case Strings():
                self._exactly(value, "_str")
                source.line(f"{content} = _encode({value})")
            case ByteLists():
                self._exactly(value, "_bytes", "_bytearray")
                source.line(f"{content} = _bytes({value})")
            case Lists():
                source.line("_gap = -_end & 7")
                with source.block("if _gap:"):
                    source.line("_parts.append(_gaps[_gap])")
                    source.line("_end += _gap")
                if isinstance(elements.items, Scalars):
                    source.line(f"{content} = {source.constant(elements.items.encode, 'encode')}({value})")
                else:
                    source.line(f"{content}, {length} = {self.function(elements.items)}({value}, _end)")
        source.line(f"{address} = _end")
        source.line(f"_parts.append({content})")
        source.line(f"_end += _len({content})")
        if not isinstance(elements, Lists) or isinstance(elements.items, Scalars):
            source.line(f"{length} = _len({content}) // {elements.item_size}")

    def _option(self, elements: Options, value: str, offset: int, fields: _Fields, depth: int) -> None:
        source, before = self._source, len(fields)
        number = fields.add(offset, elements.form, source.fresh())
        with source.block(f"if {value} is not None:"):
            source.line(f"{number} = 1")
            if elements.is_nested:
                self._exactly(value, source.constant(Some, "Some"))
                value = self._named(f"{value}.value")
            self._put(elements.some, value, offset + elements.offset, fields, depth)
        with source.block("else:"):
            for name, nothing in fields.after(before):
                source.line(f"{name} = {nothing}")

    def _case(self, elements: Cases, value: str, offset: int, fields: _Fields, depth: int) -> None:
        source, room = self._source, elements.size - elements.offset
        number, chosen = fields.add(offset, elements.form, source.fresh()), self._named(f"_type({value})")
        payload = fields.add(offset + elements.offset, f"{room}s", source.fresh()) if room else source.fresh()
        for index, (class_, case) in enumerate(zip(elements.classes, elements.cases, strict=True)):
            with source.block(f"{'elif' if index else 'if'} {chosen} is {source.constant(class_, 'class')}:"):
                source.line(f'{number}, {payload} = {index}, b""')
                if case is not None:
                    inner = _Fields(case.size)
                    self._put(case, self._named(f"{value}.value"), 0, inner, depth)
                    source.line(f"{payload} = {self._packed(inner)}")
                elif not elements.is_bare:
                    with source.block(f"if {value}.value is not None:"):
                        source.line("_refuse()")
        with source.block("else:"):
            source.line("_refuse()")

    def _number(self, elements: FlagSets | Members | Characters | Numbers | Bools, value: str) -> str:
        """Generate the check of a value that is one number; return the number's expression."""
        source = self._source
        match elements:
            case FlagSets():
                self._exactly(value, source.constant(elements.python, "class"))
                bits = self._named(f"{value}._value_")
                with source.block(f"if {bits} >> {elements.count}:"):
                    source.line("_refuse()")
                return bits
            case Members():
                self._exactly(value, source.constant(elements.python, "class"))
                return f"{source.constant(elements.numbers, 'numbers')}[{value}._name_]"
            case Characters():
                self._exactly(value, "_str")
                source.line(f"_encode({value})")
                return f"_ord({value})"
            case Bools():
                self._exactly(value, "_bool")
            case Numbers():
                self._exactly(value, *(("_float", "_int") if elements.form in "fd" else ("_int",)))
        return value
