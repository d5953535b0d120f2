"""Converts componentize-py's raw values to Python values: generates the statements of straight-line functions."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any, TypeAlias

from .. import abi
from ..codegen import Source
from ..values import Err, Ok, Some, WitError
from .compiling import compiled
from .naming import case_class, shouty, snake
from .raw import RawModules, raw_types
from .streams import lift_end

__all__ = ["Handles", "Lift", "Lifting", "LiftingFunctions"]

Lift: TypeAlias = Callable[[Any], Any]

_INLINE_CASES = 4
_INLINE_DEPTH = 2


class Handles:
    """How one side (import or export) turns a raw handle into an object."""

    def lift(self, source: Source, type_: abi.Own | abi.Borrow, raw: str) -> str:
        """Return the expression of the object for the raw handle in an expression."""
        raise NotImplementedError(source, type_, raw)


def _is_plain(type_: abi.Type) -> bool:
    """Return whether values of a type are the same on both sides."""
    match type_:
        case abi.Prim():
            return True
        case abi.List(element):
            return element is not abi.S8 and _is_plain(element)
        case abi.Option(inner):
            return not isinstance(inner, abi.Option) and _is_plain(inner)
        case abi.Tuple(types):
            return all(_is_plain(part) for part in types)
        case _:
            return False


class LiftingFunctions:
    """Lifts the values of one side's types: a function per type, compiled at its first use."""

    def __init__(self, raw: RawModules, handles: Handles) -> None:
        self.raw = raw
        self.handles = handles
        self._made: dict[abi.Type, Lift] = {}

    def of(self, type_: abi.Type) -> Lift:
        """Return the function that lifts raw values of a type."""
        if type_ not in self._made:
            source = Source()
            with source.function("_f(_v)"):
                source.line(f"return {Lifting(source, self).value(type_, '_v')}")
            self._made[type_] = compiled(source, "lifting", "_f")
        return self._made[type_]


class Lifting:
    """Generates lifting code into a source."""

    def __init__(self, source: Source, functions: LiftingFunctions, depth: int = 0) -> None:
        self._source = source
        self._functions = functions
        self._depth = depth

    def value(self, type_: abi.Type, raw: str) -> str:
        """Generate the code that lifts the value of an expression; return the expression of the result."""
        if _is_plain(type_):
            return raw
        self._depth += 1
        try:
            return self._value(type_, self._name(raw))
        finally:
            self._depth -= 1

    def _name(self, expression: str) -> str:
        if expression.isidentifier():
            return expression
        name = self._source.fresh()
        self._source.line(f"{name} = {expression}")
        return name

    def _value(self, type_: abi.Type, raw: str) -> str:
        match type_:
            case abi.Record():
                fields = [self.value(field.type, f"{raw}.{snake(field.name)}") for field in type_.fields]
                return f"{self._source.constant(type_.python, 'class')}({', '.join(fields)})"
            case abi.Variant() | abi.Result():
                return self._cases(type_, raw)
            case abi.Enum(_, python, cases):
                members = {shouty(case): member for member, case in zip(python, cases, strict=True)}
                return f"{self._source.constant(members, 'members')}[{raw}._name_]"
            case abi.Flags(_, python):
                return f"{self._source.constant(_flags(python), 'flags')}({raw}._value_)"
            case abi.Tuple(types):
                names = [self._source.fresh() for _ in types]
                self._source.line(f"({''.join(f'{name}, ' for name in names)}) = {raw}")
                parts = [self.value(part, name) for part, name in zip(types, names, strict=True)]
                return f"({''.join(f'{part}, ' for part in parts)})"
            case abi.Option(inner):
                return self._option(inner, raw)
            case abi.List(abi.S8):
                return f"[_x - 0x100 if _x > 0x7F else _x for _x in {raw}]"
            case abi.List(element) | abi.FixedList(element):
                return self._list(element, raw)
            case abi.Own() | abi.Borrow():
                return self._functions.handles.lift(self._source, type_, raw)
            case abi.Stream() | abi.Future():
                return f"{self._source.constant(lift_end(type_, self._functions), 'end')}({raw})"
            case _:
                return raw

    def _alternatives(self, type_: abi.Variant | abi.Result) -> list[tuple[Any, type[Any], abi.Type | None, bool]]:
        """Return raw class, our class and payload of each case, and whether the objects carry a value."""
        if isinstance(type_, abi.Result):
            return [(raw_types().Ok, Ok, type_.ok, True), (raw_types().Err, Err, type_.err, True)]
        find, interface = self._functions.raw.type_class, type_.interface
        return [
            (find(interface, case_class(type_.name, case.name)), case.python, case.payload, bool(case.payload))
            for case in type_.cases
        ]

    def _cases(self, type_: abi.Variant | abi.Result, raw: str) -> str:
        cases = self._alternatives(type_)
        if len(cases) > _INLINE_CASES or self._depth > _INLINE_DEPTH:
            return self._looked_up(type_, raw)
        class_, out = self._source.fresh("class"), self._source.fresh()
        self._source.line(f"{class_} = _type({raw})")
        for index, (raw_class, python, payload, has_value) in enumerate(cases):
            test = f"{class_} is {self._source.constant(raw_class, 'raw')}"
            header = f"if {test}:" if index == 0 else f"elif {test}:" if index < len(cases) - 1 else "else:"
            with self._source.block(header):
                self._source.line(f"{out} = {self.case(python, payload, raw, has_value=has_value)}")
        return out

    def case(self, python: type[Any], payload: abi.Type | None, raw: str, *, has_value: bool) -> str:
        """Lift an object of a raw case's class."""
        if not has_value:
            return f"{self._source.constant(python, 'class')}()"
        return self.holder(python, f"{raw}.value" if payload is None else self.value(payload, f"{raw}.value"))

    def holder(self, python: type[Any], value: str) -> str:
        """Make an object of a class that holds one value: a case's, or an exception's."""
        made = self._source.constant(python, "class")
        if not issubclass(python, WitError):
            return f"{made}({value})"
        # Calling the class costs CPython twice as much as this, unlike with other classes.
        out, value = self._source.fresh(), self._name(value)
        self._source.line(f"{out} = {self._source.constant(python.__new__, 'new')}({made}, {value})")
        self._source.line(f"{out}.value = {value}")
        return out

    def _looked_up(self, type_: abi.Variant | abi.Result, raw: str) -> str:
        """Lift with one function per case, found in a table that is made once per type."""
        if self._depth > 1:
            return f"{self._source.constant(self._functions.of(type_), 'lift')}({raw})"
        table: dict[Any, Lift] = {}
        for raw_class, python, payload, has_value in self._alternatives(type_):
            source = Source()
            inside = Lifting(source, self._functions, depth=1)
            with source.function("_f(_v)"):
                source.line(f"return {inside.case(python, payload, '_v', has_value=has_value)}")
            table[raw_class] = compiled(source, "lifting", "_f")
        return f"{self._source.constant(table, 'cases')}[_type({raw})]({raw})"

    def _option(self, inner: abi.Type, raw: str) -> str:
        out = self._source.fresh()
        self._source.line(f"{out} = {raw}")
        with self._source.block(f"if {raw} is not None:"):
            if isinstance(inner, abi.Option):
                some = self._source.constant(Some, "Some")
                self._source.line(f"{out} = {some}({self.value(inner, f'{raw}.value')})")
            else:
                self._source.line(f"{out} = {self.value(inner, raw)}")
        return out

    def _list(self, element: abi.Type, raw: str) -> str:
        item, out = self._source.fresh(), self._source.fresh()
        with self._source.captured() as body:
            lifted = self.value(element, item)
            if body:
                self._source.line(f"{out}.append({lifted})")
        if not body:
            return f"[{lifted} for {item} in {raw}]"
        self._source.line(f"{out} = []")
        self._source.line(f"for {item} in {raw}:")
        self._source.extend(body)
        return out


def _flags(python: type[enum.Flag]) -> Callable[[int], enum.Flag]:
    """Return a function that makes flags from bits; equal combinations share one object."""
    known: dict[int, enum.Flag] = {}

    def flags(bits: int) -> enum.Flag:
        found = known.get(bits)
        if found is None:
            found = known[bits] = python(bits)
        return found

    return flags
