"""Generates the statements that turn Python values into C values: parameters of exports and results of host functions.

The statements take values in canonical form only, that is exactly of the class in the table of types, and raise some
exception on any other; lenient conversion happens in `check`. So no user code runs while an arena is filled.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from ... import abi
from ...codegen import Source
from ...values import Err, Ok, Some
from ..capi.ffi import KINDS
from ..direct_lists import PAIR, ListForm, is_direct
from .arena import Layout, RegionSpec
from .element_rows import Rows
from .element_types import elements_of
from .elements import Scalars
from .flags import flag_words
from .lift import Handle

__all__ = ["INTEGERS", "Lowering", "kind_of"]

INTEGERS = {
    abi.U8: ("B", 1), abi.U16: ("H", 2), abi.U32: ("I", 4), abi.U64: ("Q", 8),
    abi.S8: ("b", 1), abi.S16: ("h", 2), abi.S32: ("i", 4), abi.S64: ("q", 8),
}  # fmt: skip
"""Struct format and size of the integer types; a view of that format checks the range."""

_OTHER_KINDS: dict[type, str] = {
    abi.List: "list", abi.Record: "record", abi.Tuple: "tuple", abi.Variant: "variant", abi.Enum: "enum",
    abi.Option: "option", abi.Result: "result", abi.Flags: "flags", abi.Map: "map",
    abi.Own: "resource", abi.Borrow: "resource", abi.Stream: "u32", abi.Future: "u32",
}  # fmt: skip


def kind_of(type_: abi.Type) -> int:
    """Return the C kind of a type's values."""
    name = type_.value if isinstance(type_, abi.Prim) else _OTHER_KINDS.get(type(type_), "")
    if name not in KINDS:
        raise NotImplementedError(f"wasmtime's C API has no values of {name or type(type_).__name__.lower()}")
    return KINDS[name]


class Lowering(ABC):
    """Generates lowering code into a source, and lays the arena out that it writes into.

    `lists` is the form of lists, and of strings beside lists that are text.
    """

    def __init__(self, source: Source, layout: Layout, *, lists: ListForm) -> None:
        self.source = source
        self.layout = layout
        self.lists: ListForm = lists
        self.passing: list[str] = []
        """Pins of bytes that are let go after the call."""
        self.regions: list[RegionSpec] = []
        self.handles: dict[str, Handle] = {}
        self.views: set[str] = set()

    def value(self, type_: abi.Type, value: str, position: int) -> None:
        """Lower the value of an expression into the C value at a position of the arena."""
        self.layout.put(position, self.kind(type_))
        match type_:
            case abi.Prim():
                self._primitive(type_, value, position)
            case abi.Record():
                self._record(type_, value, position)
            case abi.Tuple():
                self._tuple(type_, value, position)
            case abi.Option():
                self._option(type_, value, position)
            case abi.Result():
                self._result(type_, value, position)
            case abi.Variant():
                self._variant(type_, value, position)
            case abi.Enum():
                self._enum(type_, value, position)
            case abi.Flags():
                self._flags(type_, value, position)
            case abi.Own() | abi.Borrow() | abi.Stream() | abi.Future():
                self.source.line(f"{self.words()}[{position + 1}] = {self.handle(type_)}({value})")
            case _:
                self.sequence(type_, self.name(value), position)

    def is_text(self, type_: abi.Type) -> bool:
        """Return whether a type is a `list<u8>` that is passed as text."""
        return self.lists == "text" and isinstance(type_, abi.List) and type_.element is abi.U8

    def is_direct(self, type_: abi.Type) -> bool:
        """Return whether a type is a list that is passed directly."""
        return self.lists == "direct" and is_direct(type_)

    def kind(self, type_: abi.Type) -> int:
        """Return the C kind of a type's values on their way."""
        return kind_of(abi.STRING if self.is_text(type_) else PAIR if self.is_direct(type_) else type_)

    def words(self) -> str:
        """Return the name of the arena's view as words."""
        return self.view("Q")

    def view(self, form: str) -> str:
        """Return the name of the arena's view as items of a format."""
        self.views.add(form)
        return f"_view_{form}_arena"

    def name(self, value: str) -> str:
        """Return a plain name for the value of an expression."""
        if value.isidentifier():
            return value
        name = self.source.fresh()
        self.source.line(f"{name} = {value}")
        return name

    def handle(self, type_: Handle) -> str:
        """Return the name of the function that converts an object to a handle's box, or a stream to its number."""
        name = self.source.fresh("lower")
        self.handles[name] = type_
        return name

    def box(self, type_: abi.Type, value: str) -> int:
        """Lower a value into a separate C value; return its position."""
        position = self.layout.reserve(4)
        self.value(type_, value, position)
        return position

    def at(self, position: int) -> str:
        """Return the name of the address of a position."""
        return self.address(8 * position)

    def address(self, offset: int) -> str:
        """Return the name of an address in the arena."""
        name = f"_at_{offset}"
        if name not in self.source.constants:
            self.source.constants[name] = None
            self.source.declare(f"{name} = _base + {offset}")
        return name

    def exactly(self, name: str, *classes: str) -> None:
        """Generate the refusal of a value of any other class."""
        tests = " and ".join(f"_type({name}) is not {class_}" for class_ in classes)
        with self.source.block(f"if {tests}:"):
            self.source.line("_refuse()")

    def _primitive(self, type_: abi.Prim, value: str, position: int) -> None:
        name, byte = self.name(value), 8 * position + 8
        if type_ in INTEGERS:
            form, size = INTEGERS[type_]
            self.exactly(name, "_int")
            self.source.line(f"{self.view(form)}[{byte // size}] = {name}")
        elif type_ is abi.BOOL:
            self.exactly(name, "_bool")
            self.source.line(f"{self.view('B')}[{byte}] = {name}")
        elif type_ is abi.F64:
            self.exactly(name, "_float", "_int")
            self.source.line(f"{self.view('d')}[{byte // 8}] = {name}")
        elif type_ is abi.F32:
            self.exactly(name, "_float", "_int")
            self.source.line(f"_pack_f32({self.view('B')}, {byte}, {name})")
        elif type_ is abi.CHAR:
            self.source.line(f"{self.view('I')}[{byte // 4}] = _ord({name})")
            self.source.line(f"_encode({name})")
        else:
            self.pinned(f"{self.encoder()}({name})", position + 1)

    def encoder(self) -> str:
        """Return the name of the function that encodes a string."""
        return "_wide_text" if self.lists == "text" else "_encode"

    def text(self, name: str, position: int) -> None:
        """Lower bytes as text; they may be many, so they are kept no longer than the call."""
        self.exactly(name, "_bytes", "_bytearray")
        self.pinned(f"_wide({name})", position + 1)
        self.passing.append(self.layout.pin_name(position + 2))

    def direct(self, element: abi.Type, name: str, position: int) -> None:
        """Lower a list by copying its elements into the adapter's memory."""
        pair, words = self.layout.reserve(8), self.words()
        self.layout.put(position + 1, 2)
        self.layout.point(position + 2, pair)
        for part in (pair, pair + 4):
            self.layout.put(part, KINDS["u32"])
        address, count = f"{words}[{pair + 1}]", f"{words}[{pair + 5}]"
        if element is abi.U8:
            self.exactly(name, "_bytes", "_bytearray")
            self.source.line(f"{address}, {count} = _place({name})")
        elif not isinstance(elements := elements_of(element), Scalars):
            put = self.source.constant(Rows(elements).put, "put")
            self.source.line(f"{address}, {count} = {put}({name}, _adapter)")
        else:
            size = self.source.fresh()
            content = f"{self.source.constant(elements.encode, 'encode')}({name})"
            self.source.line(f"{address}, {size} = _place({content})")
            self.source.line(f"{count} = {size} // {elements.size}")

    def pinned(self, value: str, position: int) -> None:
        """Store size and address of bytes that stay alive until the next call."""
        encoded = self.source.fresh()
        self.source.line(f"{encoded} = {value}")
        self.source.line(f"_pins.{self.layout.pin(position + 1)} = {encoded}")
        self.source.line(f"{self.words()}[{position}] = _len({encoded})")

    def _record(self, type_: abi.Record, value: str, position: int) -> None:
        name = self.name(value)
        self.exactly(name, self.source.constant(type_.python, "class"))
        entries = self.layout.reserve(6 * len(type_.fields))
        self.layout.put(position + 1, len(type_.fields))
        self.layout.point(position + 2, entries)
        for entry, field in enumerate(type_.fields, start=0):
            size, text = self.layout.name(field.name)
            self.layout.put(entries + 6 * entry, size)
            self.layout.point(entries + 6 * entry + 1, text)
            self.value(field.type, f"{name}.{field.attribute}", entries + 6 * entry + 2)

    def _tuple(self, type_: abi.Tuple, value: str, position: int) -> None:
        name = self.name(value)
        self.exactly(name, "_tuple")
        first = self.layout.reserve(4 * len(type_.types))
        self.layout.put(position + 1, len(type_.types))
        self.layout.point(position + 2, first)
        parts = [self.source.fresh() for _ in type_.types]
        self.source.line(f"{''.join(f'{part}, ' for part in parts)}= {name}" if parts else f"() = {name}")
        for index, (element, part) in enumerate(zip(type_.types, parts, strict=True)):
            self.value(element, part, first + 4 * index)

    def _option(self, type_: abi.Option, value: str, position: int) -> None:
        name, words = self.name(value), self.words()
        with self.source.block(f"if {name} is None:"):
            self.source.line(f"{words}[{position + 1}] = 0")
        with self.source.block("else:"):
            inner = name
            if isinstance(type_.type, abi.Option):
                self.exactly(name, self.source.constant(Some, "Some"))
                inner = f"{name}.value"
            self.source.line(f"{words}[{position + 1}] = {self.at(self.box(type_.type, inner))}")

    def _result(self, type_: abi.Result, value: str, position: int) -> None:
        name, chosen = self.name(value), self.source.fresh("type")
        self.source.line(f"{chosen} = _type({name})")
        with self.source.block(f"if {chosen} is {self.source.constant(Ok, 'Ok')}:"):
            self.side(type_.ok, f"{name}.value", position, is_ok=True)
        with self.source.block(f"elif {chosen} is {self.source.constant(Err, 'Err')}:"):
            self.side(type_.err, f"{name}.value", position, is_ok=False)
        with self.source.block("else:"):
            self.source.line("_refuse()")

    def side(self, payload: abi.Type | None, value: str, position: int, *, is_ok: bool) -> None:
        """Lower one side of a result."""
        self.layout.put(position, KINDS["result"])
        words = self.words()
        if payload is None:
            with self.source.block(f"if {value} is not None:"):
                self.source.line("_refuse()")
            pointer = "0"
        else:
            pointer = self.at(self.box(payload, value))
        self.source.line(f"{words}[{position + 1}] = {int(is_ok)}")
        self.source.line(f"{words}[{position + 2}] = {pointer}")

    def _variant(self, type_: abi.Variant, value: str, position: int) -> None:
        source, name, words = self.source, self.name(value), self.words()
        chosen = source.fresh("type")
        source.line(f"{chosen} = _type({name})")
        for index, case in enumerate(type_.cases):
            with source.block(f"{'elif' if index else 'if'} {chosen} is {source.constant(case.python, 'class')}:"):
                pointer = "0" if case.payload is None else self.at(self.box(case.payload, f"{name}.value"))
                size, text = self.layout.name(case.name)
                source.line(f"{words}[{position + 1}] = {size}")
                source.line(f"{words}[{position + 2}] = {self.at(text)}")
                source.line(f"{words}[{position + 3}] = {pointer}")
        with source.block("else:"):
            source.line("_refuse()")

    def _enum(self, type_: abi.Enum, value: str, position: int) -> None:
        name, words = self.name(value), self.words()
        self.exactly(name, self.source.constant(type_.python, "class"))
        self.source.line(f"{words}[{position + 1}], {words}[{position + 2}] = {self.enum_table(type_)}[{name}._name_]")

    def enum_table(self, type_: abi.Enum) -> str:
        """Return the name of a dict from members' names to size and address of the case's name."""
        entries: list[str] = []
        for case, member in zip(type_.cases, type_.python, strict=True):
            size, text = self.layout.name(case)
            entries.append(f"{member.name!r}: ({size}, _base + {8 * text})")
        table = self.source.fresh("enum")
        self.source.declare(f"{table} = {{{', '.join(entries)}}}")
        return table

    def _flags(self, type_: abi.Flags, value: str, position: int) -> None:
        name, words, chosen = self.name(value), self.words(), self.source.fresh()
        self.exactly(name, self.source.constant(type_.python, "class"))
        first = self.layout.reserve(2 * len(type_.flags))
        self.layout.point(position + 2, first)
        self.source.line(f"{chosen} = {self.flag_writer(type_)}({name}._value_)")
        self.source.line(f"{words}[{position + 1}] = _len({chosen}) >> 1")
        self.source.line(f"{words}[{first}:{first} + _len({chosen})] = {chosen}")

    def flag_writer(self, type_: abi.Flags) -> str:
        """Return the name of the function that makes the C array of a member's names."""
        writer = self.source.fresh("flags")
        names = "".join(f"({size}, _base + {8 * text}), " for size, text in map(self.layout.name, type_.flags))
        self.source.declare(f"{writer} = {self.source.constant(flag_words, 'flag_words')}(({names}))")
        return writer

    @abstractmethod
    def sequence(self, type_: abi.Type, name: str, position: int) -> None:
        """Lower a list or a map, which is done by columns."""
