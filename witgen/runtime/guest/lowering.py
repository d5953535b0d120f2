"""Canonical Python values as componentize-py's raw ones: functions compiled once per type.

The raw layer answers a wrong value with a trap that nobody can catch, so every value is looked at on its way down. A
function takes values in exactly the canonical form and leaves on any other: `check` then decides, slowly, whether it
can be brought into that form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from .. import abi
from ..check import F32_OVERFLOW, INTEGERS
from ..values import Err, Ok, Some
from .naming import camel, case_class, shouty
from .raw import RawModules, raw_types

__all__ = ["Leave", "Lower", "Lowering", "holds_handles"]

Lower: TypeAlias = Callable[[Any], Any]


class Leave(Exception):  # noqa: N818 - never leaves the runtime
    """A value is not in canonical form."""


def holds_handles(type_: abi.Type | None) -> bool:
    """Tell whether values of the type hold handles, which only the two sides know how to lower."""
    match type_:
        case abi.Own() | abi.Borrow() | abi.Stream() | abi.Future():
            return True
        case abi.Record():
            return any(holds_handles(field.type) for field in type_.fields)
        case abi.Variant():
            return any(holds_handles(case.payload) for case in type_.cases)
        case abi.Tuple():
            return any(map(holds_handles, type_.types))
        case abi.Option():
            return holds_handles(type_.type)
        case abi.Result():
            return holds_handles(type_.ok) or holds_handles(type_.err)
        case abi.List() | abi.FixedList():
            return holds_handles(type_.element)
        case _:
            return False


def _is_text(value: str) -> bool:
    """Tell whether a string holds no lone surrogates."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _misfit(type_: abi.Type, value: str) -> str | None:
    """Return the condition under which `value` is not canonical, for types that need no conversion."""
    if type_ in INTEGERS:
        low, high = INTEGERS[type_]
        return f"type({value}) is not int or not {low} <= {value} <= {high}"
    match type_:
        case abi.BOOL:
            return f"{value} is not True and {value} is not False"
        case abi.F64:
            return f"type({value}) is not float"
        case abi.F32:
            return f"type({value}) is not float or {F32_OVERFLOW!r} <= abs({value}) < 1e999"
        case abi.STRING:
            return f"type({value}) is not str or not ({value}.isascii() or is_text({value}))"
        case abi.CHAR:
            return f"type({value}) is not str or len({value}) != 1 or not is_text({value})"
        case abi.List(abi.U8):
            return f"type({value}) is not bytes"
        case abi.Option(inner) if not isinstance(inner, abi.Option) and (misfit := _misfit(inner, value)):
            return f"{value} is not None and ({misfit})"
        case _:
            return None


class Lowering:
    """Compiles what lowers the values of one world's types."""

    def __init__(self, raw: RawModules) -> None:
        self._raw = raw
        self._functions: dict[abi.Type, Lower] = {}
        self._scope: dict[str, Any] = {"Leave": Leave, "is_text": _is_text}

    def use(self, value: object, hint: str) -> str:
        """Return a name for `value` in the sources that are compiled here."""
        name = f"{hint}_{len(self._scope)}"
        self._scope[name] = value
        return name

    def compile(self, header: str, lines: Iterable[str]) -> Callable[..., Any]:
        """Compile a function of the name `f` and return it."""
        source = "\n    ".join([header, *lines]) + "\n"
        scope: dict[str, Any] = {}
        # The source holds this package's own text, numbers, and names that `use` and `snake` make: nothing else.
        exec(compile(source, "<witgen converter>", "exec"), self._scope, scope)  # noqa: S102
        function: Callable[..., Any] = scope["f"]
        return function

    def step(self, type_: abi.Type, value: str) -> tuple[list[str], str]:
        """Return statements that leave on what is not canonical, and the expression of the raw value."""
        misfit = _misfit(type_, value)
        if misfit is not None:
            return [f"if {misfit}: raise Leave"], value
        if isinstance(type_, abi.Own | abi.Borrow | abi.Stream | abi.Future):
            return [], value
        return [], f"{self.use(self.function(type_), 'lower')}({value})"

    def function(self, type_: abi.Type | None) -> Lower:
        """Return what lowers values of a type; None where no value is expected."""
        if type_ is None:
            return _nothing
        if type_ not in self._functions:
            self._functions[type_] = self._make(type_)
        return self._functions[type_]

    def _make(self, type_: abi.Type) -> Lower:
        if _misfit(type_, "v") is not None:
            lines, raw_value = self.step(type_, "v")
            return self.compile("def f(v):", [*lines, f"return {raw_value}"])
        match type_:
            case abi.Record():
                return self._record(type_)
            case abi.Variant():
                return self._variant(type_)
            case abi.Enum():
                raw = self._raw.type_class(type_.interface, camel(type_.name))
                named = zip(type_.python, type_.cases, strict=True)
                return _looked_up(type_.python, {member: getattr(raw, shouty(case)) for member, case in named})
            case abi.Flags():
                return _flags(type_.python, self._raw.type_class(type_.interface, camel(type_.name)))
            case abi.Tuple():
                return self._tuple(type_)
            case abi.Option(inner):
                return self._option(inner)
            case abi.Result():
                return self._result(type_)
            case abi.List(element) | abi.FixedList(element):
                return self._list(element)
            case _:
                return _as_it_is

    def _parts(self, types: Iterable[abi.Type]) -> tuple[list[str], list[str]]:
        """Return the statements and expressions for the locals p0, p1 and so on."""
        lines: list[str] = []
        raw: list[str] = []
        for index, type_ in enumerate(types):
            checks, expression = self.step(type_, f"p{index}")
            lines += checks
            raw.append(expression)
        return lines, raw

    def _record(self, type_: abi.Record) -> Lower:
        python = self.use(type_.python, "python")
        make = self.use(self._raw.type_class(type_.interface, camel(type_.name)), "raw")
        lines, raw = self._parts(field.type for field in type_.fields)
        reads = [f"p{index} = v.{field.attribute}" for index, field in enumerate(type_.fields)]
        checked = [f"if type(v) is not {python}: raise Leave", *reads, *lines]
        return self.compile("def f(v):", [*checked, f"return {make}({', '.join(raw)})"])

    def _variant(self, type_: abi.Variant) -> Lower:
        cases: dict[type[Any], tuple[Any, Lower | None]] = {}
        for case in type_.cases:
            raw = self._raw.type_class(type_.interface, case_class(type_.name, case.name))
            cases[case.python] = raw, self.function(case.payload) if case.payload is not None else None

        def lower(value: Any) -> Any:
            found = cases.get(value.__class__)
            if found is None:
                raise Leave
            make, lower_payload = found
            return make() if lower_payload is None else make(lower_payload(value.value))

        return lower

    def _tuple(self, type_: abi.Tuple) -> Lower:
        size = len(type_.types)
        lines, raw = self._parts(type_.types)
        reads = [f"p{index} = v[{index}]" for index in range(size)]
        checked = [f"if type(v) is not tuple or len(v) != {size}: raise Leave", *reads, *lines]
        return self.compile("def f(v):", [*checked, f"return ({', '.join(raw)},)"])

    def _option(self, inner: abi.Type) -> Lower:
        lower = self.function(inner)
        if not isinstance(inner, abi.Option):
            return lambda value: None if value is None else lower(value)
        some = raw_types().Some

        def lower_some(value: Any) -> Any:
            if value is None:
                return None
            if value.__class__ is not Some:
                raise Leave
            return some(lower(value.value))

        return lower_some

    def _result(self, type_: abi.Result) -> Lower:
        makes: dict[type[Any], tuple[Any, Lower]] = {
            Ok: (raw_types().Ok, self.function(type_.ok)),
            Err: (raw_types().Err, self.function(type_.err)),
        }

        def lower(value: Any) -> Any:
            found = makes.get(value.__class__)
            if found is None:
                raise Leave
            make, lower_payload = found
            return make(lower_payload(value.value))

        return lower

    def _list(self, element: abi.Type) -> Lower:
        checked = ["if type(v) is not list: raise Leave"]
        lines, raw = self.step(element, "x")
        if lines:
            checked += ["for x in v:", *(f"    {line}" for line in lines)]
        if element is abi.S8:
            # The raw layer carries list<s8> as bytes, like list<u8>.
            return self.compile("def f(v):", [*checked, "return bytes([x & 0xFF for x in v])"])
        return self.compile("def f(v):", [*checked, "return v" if raw == "x" else f"return [{raw} for x in v]"])


def _as_it_is(value: Any) -> Any:
    return value


def _nothing(value: Any) -> None:
    if value is not None:
        raise Leave


def _looked_up(python: type[Any], table: dict[Any, Any]) -> Lower:
    def lower(value: Any) -> Any:
        if type(value) is not python:
            raise Leave
        return table[value]

    return lower


def _flags(python: type[Any], raw: Any) -> Lower:
    def lower(value: Any) -> Any:
        if type(value) is not python:
            raise Leave
        return raw(value.value)

    return lower
