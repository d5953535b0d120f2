"""Converts canonical Python values to componentize-py's raw values: generates statements of straight-line functions.

The raw layer answers an invalid value with a trap that cannot be caught (bytecodealliance/componentize-py#13), so every
value is checked when it is lowered. The statements take values in canonical form only and raise TypeError or ValueError
on any other: `check` then decides, slowly, whether it can be brought into that form. Records and flags without raw
parts are passed unchanged, because the raw layer reads their attributes and ignores their class.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from .. import abi
from ..check import F32_OVERFLOW, INTEGERS, bare_case
from ..codegen import Source
from ..values import Err, Ok, Some
from .bulk import are_integers
from .compiling import compiled
from .naming import camel, case_class, shouty, snake
from .raw import RawModules, raw_types

__all__ = ["Lower", "Lowering", "LoweringFunctions", "handles"]

Lower: TypeAlias = Callable[[Any], Any]

_INLINE_CASES = 4
_INLINE_DEPTH = 2
_BARE: tuple[object, ...] = ("", b"", 0, 0.0)
"""One value of every class that may stand for a variant's case by itself."""


def handles(type_: abi.Type | None) -> Iterator[abi.Own | abi.Borrow | abi.Stream | abi.Future]:
    """Yield the handles that values of the type hold; only the two sides know how to lower them."""
    if isinstance(type_, (abi.Own, abi.Borrow, abi.Stream, abi.Future)):
        yield type_
    elif type_ is not None:
        for part in abi.children(type_):
            yield from handles(part)


class LoweringFunctions:
    """Lowers the values of one world's types: a function per type, compiled at its first use."""

    def __init__(self, raw: RawModules) -> None:
        self.raw = raw
        self._made: dict[abi.Type, Lower] = {}

    def of(self, type_: abi.Type | None) -> Lower:
        """Return the function that lowers canonical values of a type; None for no type expects no value."""
        if type_ is None:
            return _nothing
        if type_ not in self._made:
            source = Source()
            with source.function("_f(_v)"):
                source.line(f"return {Lowering(source, self).value(type_, '_v')}")
            self._made[type_] = compiled(source, "lowering", "_f")
        return self._made[type_]


def _nothing(value: Any) -> None:
    if value is not None:
        raise TypeError


@dataclass(frozen=True)
class _Case:
    """A case of a variant or result: the Python class, the constructor of the raw object, the payload type."""

    python: type[Any]
    raw: Any
    payload: abi.Type | None
    has_value: bool


class Lowering:
    """Generates lowering code into a source."""

    def __init__(self, source: Source, functions: LoweringFunctions, depth: int = 0) -> None:
        self._source = source
        self._functions = functions
        self._depth = depth

    def value(self, type_: abi.Type, value: str) -> str:
        """Generate the check of a variable's value; return the expression of the raw value."""
        self._depth += 1
        try:
            return self._value(type_, value)
        finally:
            self._depth -= 1

    def _value(self, type_: abi.Type, value: str) -> str:
        match type_:
            case abi.Prim():
                self._primitive(type_, value)
                return value
            case abi.Record():
                return self._record(type_, value)
            case abi.Variant() | abi.Result():
                return self._cases(type_, value)
            case abi.Enum():
                return self._enum(type_, value)
            case abi.Flags():
                self._exactly(value, self._source.constant(type_.python, "class"))
                return value
            case abi.Tuple(types):
                self._exactly(value, "_tuple")
                names = [self._source.fresh() for _ in types]
                self._source.line(f"({''.join(f'{name}, ' for name in names)}) = {value}")
                parts = [self.value(part, name) for part, name in zip(types, names, strict=True)]
                return value if parts == names else f"({''.join(f'{part}, ' for part in parts)})"
            case abi.Option(inner):
                return self._option(inner, value)
            case abi.List(abi.U8):
                self._exactly(value, "_bytes")
                return value
            case abi.List(element) | abi.FixedList(element):
                return self._list(element, value)
            case _:
                # Handles in canonical values are raw already.
                return value

    def _refuse_if(self, condition: str) -> None:
        self._source.line(f"if {condition}: raise _TypeError")

    def _exactly(self, value: str, class_: str) -> None:
        self._refuse_if(f"_type({value}) is not {class_}")

    def _primitive(self, type_: abi.Prim, value: str) -> None:
        if type_ in INTEGERS:
            self._refuse_if(f"_type({value}) is not _int or {_outside(type_, value)}")
        elif type_ is abi.BOOL:
            self._refuse_if(f"{value} is not True and {value} is not False")
        elif type_ is abi.F64:
            self._exactly(value, "_float")
        elif type_ is abi.F32:
            self._refuse_if(f"_type({value}) is not _float or {F32_OVERFLOW!r} <= _abs({value}) < 1e999")
        elif type_ is abi.STRING:
            self._refuse_if(f"_type({value}) is not _str")
            self._source.line(f"{value}.isascii() or {value}.encode()")
        elif type_ is abi.CHAR:
            self._refuse_if(f"_type({value}) is not _str or _len({value}) != 1")
            self._source.line(f"{value}.encode()")

    def _record(self, type_: abi.Record, value: str) -> str:
        self._exactly(value, self._source.constant(type_.python, "class"))
        names = [self._source.fresh() for _ in type_.fields]
        for field, name in zip(type_.fields, names, strict=True):
            self._source.line(f"{name} = {value}.{field.attribute}")
        parts = [self.value(field.type, name) for field, name in zip(type_.fields, names, strict=True)]
        if parts == names and all(snake(field.name) == field.attribute for field in type_.fields):
            return value
        raw = self._functions.raw.type_class(type_.interface, camel(type_.name))
        return f"{self._source.constant(raw, 'raw')}({', '.join(parts)})"

    def _enum(self, type_: abi.Enum, value: str) -> str:
        self._exactly(value, self._source.constant(type_.python, "class"))
        raw = self._functions.raw.type_class(type_.interface, camel(type_.name))
        named = zip(type_.python, type_.cases, strict=True)
        members = {member.value: getattr(raw, shouty(case)) for member, case in named}
        return f"{self._source.constant(members, 'members')}[{value}._value_]"

    def _alternatives(self, type_: abi.Variant | abi.Result) -> list[_Case]:
        if isinstance(type_, abi.Result):
            sides = ((Ok, raw_types().Ok, type_.ok), (Err, raw_types().Err, type_.err))
            return [_Case(python, raw, payload, has_value=True) for python, raw, payload in sides]
        find, interface = self._functions.raw.type_class, type_.interface
        return [
            _Case(each.python, find(interface, case_class(type_.name, each.name)), each.payload, bool(each.payload))
            for each in type_.cases
        ]

    def _cases(self, type_: abi.Variant | abi.Result, value: str) -> str:
        cases = self._alternatives(type_)
        if len(cases) > _INLINE_CASES or self._depth > _INLINE_DEPTH:
            return self._looked_up(type_, cases, value)
        class_, out = self._source.fresh("class"), self._source.fresh()
        self._source.line(f"{class_} = _type({value})")
        word = "if"
        for case in cases:
            with self._source.block(f"{word} {class_} is {self._source.constant(case.python, 'class')}:"):
                self._source.line(f"{out} = {self.case(case, value)}")
            word = "elif"
        for bare, case in _bare(type_, cases):
            with self._source.block(f"elif {class_} is {self._source.constant(bare, 'bare')}:"):
                self._source.line(f"{out} = {self.payload(case, value)}")
        with self._source.block("else:"):
            self._source.line("raise _TypeError")
        return out

    def _looked_up(self, type_: abi.Variant | abi.Result, cases: Sequence[_Case], value: str) -> str:
        """Lower with one function per case, found in a table that is made once per type."""
        if self._depth > 1:
            return f"{self._source.constant(self._functions.of(type_), 'lower')}({value})"
        table: dict[type[Any], Lower] = {case.python: self._case_function(case, bare=False) for case in cases}
        table |= {class_: self._case_function(case, bare=True) for class_, case in _bare(type_, cases)}
        lower = self._source.fresh("lower")
        self._source.line(f"{lower} = {self._source.constant(table, 'cases')}.get(_type({value}))")
        self._refuse_if(f"{lower} is None")
        return f"{lower}({value})"

    def _case_function(self, case: _Case, *, bare: bool) -> Lower:
        source = Source()
        inside = Lowering(source, self._functions, depth=1)
        with source.function("_f(_v)"):
            source.line(f"return {inside.payload(case, '_v') if bare else inside.case(case, '_v')}")
        return compiled(source, "lowering", "_f")

    def case(self, case: _Case, value: str) -> str:
        """Lower an object of a case's class."""
        if not case.has_value:
            # Nothing changes an object without attributes: one serves all.
            return self._source.constant(case.raw(), "case")
        payload = self._source.fresh()
        self._source.line(f"{payload} = {value}.value")
        return self.payload(case, payload)

    def payload(self, case: _Case, value: str) -> str:
        """Lower the payload of a case."""
        if case.payload is None:
            self._refuse_if(f"{value} is not None")
            return f"{self._source.constant(case.raw, 'raw')}(None)"
        return f"{self._source.constant(case.raw, 'raw')}({self.value(case.payload, value)})"

    def _option(self, inner: abi.Type, value: str) -> str:
        out = self._source.fresh()
        self._source.line(f"{out} = {value}")
        with self._source.block(f"if {value} is not None:"):
            if isinstance(inner, abi.Option):
                self._exactly(value, self._source.constant(Some, "Some"))
                payload = self._source.fresh()
                self._source.line(f"{payload} = {value}.value")
                some = self._source.constant(raw_types().Some, "some")
                self._source.line(f"{out} = {some}({self.value(inner, payload)})")
                return out
            raw = self.value(inner, value)
            if raw != value:
                self._source.line(f"{out} = {raw}")
        return value if raw == value else out

    def _list(self, element: abi.Type, value: str) -> str:
        self._exactly(value, "_list")
        if element is abi.STRING:
            text = self._source.fresh()
            self._source.line(f'{text} = "".join({value})')
            self._source.line(f"{text}.isascii() or {text}.encode()")
            return value
        if element in INTEGERS:
            low, high = INTEGERS[element]
            test = self._source.constant(are_integers, "are_integers")
            self._refuse_if(f"not {test}({value}, {low}, {high})")
            # The raw layer carries list<s8> as bytes, like list<u8>.
            return f"_bytes([_x & 0xFF for _x in {value}])" if element is abi.S8 else value
        return self._elements(element, value)

    def _elements(self, element: abi.Type, value: str) -> str:
        item, out = self._source.fresh(), self._source.fresh()
        with self._source.captured() as body:
            raw = self.value(element, item)
            if body and raw != item:
                self._source.line(f"{out}.append({raw})")
        if not body:
            return value if raw == item else f"[{raw} for {item} in {value}]"
        if raw != item:
            self._source.line(f"{out} = []")
        self._source.line(f"for {item} in {value}:")
        self._source.extend(body)
        return value if raw == item else out


def _outside(type_: abi.Type, value: str) -> str:
    """Return the condition under which an int is out of the type's range."""
    low, high = INTEGERS[type_]
    if high <= _COMPACT:
        return f"{value} < {low} or {value} > {high}"
    # CPython compares with small constants fastest, and most numbers are small.
    return f"({value} < 0 or {value} > {_COMPACT}) and ({value} < {low} or {value} > {high})"


_COMPACT = 0x3FFF_FFFF


def _bare(type_: abi.Variant | abi.Result, cases: Sequence[_Case]) -> list[tuple[type[Any], _Case]]:
    """Return the classes whose objects stand for a case by themselves, with the case."""
    if isinstance(type_, abi.Result):
        return []
    found = [(type(sample), bare_case(type_, sample)) for sample in _BARE]
    by_python = {case.python: case for case in cases}
    return [(class_, by_python[case.python]) for class_, case in found if case is not None]
