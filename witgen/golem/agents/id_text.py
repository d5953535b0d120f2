"""Values in agent ids: positional text without names, as Golem's structural form has it."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final, cast

from witgen_runtime import abi
from witgen_runtime.check import INTEGERS
from witgen_runtime.values import Err, Ok, Some

from ...wave.describing import rounded, shortest
from ._bindings.types import golem_core_types as core
from .errors import AgentIdError
from .schemas import Binary, Element, Parameter, Schema, Text

__all__ = ["MAX_DEPTH", "IdReader", "id_text"]

MAX_DEPTH: Final = 32
"""The deepest nesting of values is one less."""

_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"?|[^\s"]+|.', re.DOTALL)
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_FLOAT: Final = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+(?:[eE][+-]?[0-9]+)?")
_INTEGER: Final = re.compile(r"(?:0|-?[1-9][0-9]{0,19})(?![0-9])")
_INDEX: Final = re.compile(r"(?:0|[1-9][0-9]{0,8})(?![0-9])")
_BRACKET: Final = re.compile(r"\[([^\]]*)\]")


# Values to text


def id_text(element: Element, value: Any) -> str:
    """Return a value as it stands in an id.

    Raises:
        AgentIdError: it has no form there: it is too deep, or a number that is not finite.
    """
    match element:
        case Text():
            if isinstance(value, core.TextReferenceUrl):
                return f"@tu{_quoted(value.value)}"
            language = value.value.text_type
            return f"@t{'' if language is None else f'[{language.language_code}]'}{_quoted(value.value.data)}"
        case Binary():
            if isinstance(value, core.BinaryReferenceUrl):
                return f"@bu{_quoted(value.value)}"
            content = base64.b64encode(value.value.data).decode()
            return f"@b[{value.value.binary_type.mime_type}]{_quoted(content)}"
        case _:
            return _text(element, value, 0)


def _text(type_: abi.Type, value: Any, depth: int) -> str:
    if depth >= MAX_DEPTH:
        raise AgentIdError(f"values in an agent id are nested less than {MAX_DEPTH} deep")
    match type_:
        case abi.Prim():
            return _primitive(type_, value)
        case abi.List() | abi.FixedList():
            return f"[{_joined([type_.element] * len(value), value, depth)}]"
        case abi.Tuple():
            return f"({_joined(type_.types, value, depth)})"
        case abi.Record():
            values = [getattr(value, field.attribute) for field in type_.fields]
            return f"({_joined([field.type for field in type_.fields], values, depth)})"
        case abi.Option():
            if value is None:
                return "n"
            return f"s({_text(type_.type, value.value if isinstance(type_.type, abi.Option) else value, depth + 1)})"
        case abi.Enum():
            return f"v{list(type_.python).index(value)}"
        case abi.Variant():
            number, case = next(each for each in enumerate(type_.cases) if isinstance(value, each[1].python))
            return f"v{number}{_payload(case.payload, getattr(value, 'value', None), depth)}"
        case abi.Result():
            side, payload = ("ok", type_.ok) if isinstance(value, Ok) else ("err", type_.err)
            return f"{side}{_payload(payload, cast('Any', value).value, depth)}"
        case abi.Flags():
            return f"f({','.join(str(bit) for bit in range(len(type_.flags)) if value.value >> bit & 1)})"
        case _:
            raise AgentIdError(f"a {type(type_).__name__.lower()} has no form in an agent id")


def _joined(types: Sequence[abi.Type], values: Sequence[Any], depth: int) -> str:
    return ",".join(_text(*each, depth + 1) for each in zip(types, values, strict=True))


def _payload(type_: abi.Type | None, value: Any, depth: int) -> str:
    return "" if type_ is None else f"({_text(type_, value, depth + 1)})"


def _primitive(type_: abi.Prim, value: Any) -> str:
    match type_:
        case abi.BOOL:
            return "true" if value else "false"
        case abi.STRING:
            return _quoted(value)
        case abi.CHAR:
            return f"c{_quoted(value)}"
        case abi.F32 | abi.F64:
            return _decimal(type_, value)
        case _:
            return str(value)


def _decimal(type_: abi.Prim, value: float) -> str:
    """Return the shortest decimal that is read as the same number, without an exponent."""
    if not math.isfinite(value):
        raise AgentIdError(f"{value} has no form in an agent id")
    if value == 0:
        return "0.0"
    text = format(Decimal(repr(shortest(type_, value))), "f")
    return text if "." in text else f"{text}.0"


def _quoted(text: str) -> str:
    return f'"{"".join(map(_character, text))}"'


def _character(each: str) -> str:
    is_control = each < " " or "\x7f" <= each <= "\x9f"
    return _ESCAPES.get(each) or (f"\\u{ord(each):04x}" if is_control else each)


# Text to values


class IdReader:
    """Reads the parameters of an id, a text without spaces outside of quotes.

    All methods raise `AgentIdError` with the place of what they do not understand.
    """

    def __init__(self, text: str, type_name: str) -> None:
        self._text = text
        self._at = 0
        self._type_name = type_name
        self._place = f"agent id {type_name}(…): " if type_name else ""

    def parameters(self, schema: Schema) -> list[Any]:
        """Read all parameters of a constructor."""
        wanted = schema.parameters
        values = self._sequence([each.element for each in wanted], wanted, 0)
        self._end(wanted)
        return values

    def modalities(self, schema: Schema) -> list[Any]:
        """Read multimodal data: `index(value)`, any number of times."""
        values: list[Any] = []
        while self._at < len(self._text):
            if values:
                self._need(",")
            parameter = schema.parameters[self._index(len(schema.parameters), "modality")]
            self._need("(")
            values.append((parameter.name, self._element(parameter.element, 0)))
            self._need(")")
        return values

    def element(self, element: Element) -> Any:
        """Read one value that is not in an id."""
        value = self._element(element, 0)
        if self._at < len(self._text):
            raise self._expected("the end")
        return value

    def _end(self, wanted: Sequence[Parameter]) -> None:
        if self._at < len(self._text):
            if self._comes(",") or not wanted:
                names = ", ".join(each.name for each in wanted)
                raise AgentIdError(f"{self._type_name}({self._text:.60}) has too many parameters: it takes ({names})")
            raise self._expected("the end")

    def _expected(self, what: str) -> AgentIdError:
        token = _TOKEN.match(self._text, self._at)
        found = f"`{token[0]:.40}`" if token else "its end"
        return AgentIdError(f"{self._place}expected {what}, got {found} (position {self._at + 1})")

    def _comes(self, symbol: str) -> bool:
        return self._text.startswith(symbol, self._at)

    def _take(self, symbol: str) -> bool:
        found = self._comes(symbol)
        self._at += len(symbol) * found
        return found

    def _need(self, symbol: str) -> None:
        if not self._take(symbol):
            raise self._expected(f"`{symbol}`")

    def _token(self, pattern: re.Pattern[str], what: str) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            raise self._expected(what)
        self._at = match.end()
        return match[0]

    def _index(self, count: int, what: str) -> int:
        start = self._at
        number = int(self._token(_INDEX, f"the number of a {what}"))
        if number >= count:
            self._at = start
            raise self._expected(f"the number of a {what}, less than {count}")
        return number

    def _sequence(self, elements: Sequence[Element], names: Sequence[Parameter], depth: int) -> list[Any]:
        """Read values one after another; options at the end may be left out, but not the first value."""
        values: list[Any] = []
        for number, element in enumerate(elements):
            if number and not self._comes(","):
                if all(isinstance(each, abi.Option) for each in elements[number:]):
                    return [*values, *[None] * (len(elements) - number)]
                missing = f"`,` and the parameter `{names[number].name}`" if names else "`,` and another value"
                raise self._expected(missing)
            if number:
                self._need(",")
            values.append(self._element(element, depth))
        return values

    def _element(self, element: Element, depth: int) -> Any:
        match element:
            case Text():
                return self._unstructured_text()
            case Binary():
                return self._unstructured_binary()
            case _:
                return self._value(element, depth)

    def _unstructured_text(self) -> core.TextReference:
        if self._take("@tu"):
            return core.TextReferenceUrl(self._string())
        self._need("@t")
        language = core.TextType(self._bracket()) if self._comes("[") else None
        return core.TextReferenceInline(core.TextSource(self._string(), language))

    def _unstructured_binary(self) -> core.BinaryReference:
        if self._take("@bu"):
            return core.BinaryReferenceUrl(self._string())
        self._need("@b")
        mime_type, start = self._bracket(), self._at
        try:
            data = base64.b64decode(self._string(), validate=True)
        except (binascii.Error, ValueError):
            self._at = start
            raise self._expected("base64 in quotes") from None
        return core.BinaryReferenceInline(core.BinarySource(data, core.BinaryType(mime_type)))

    def _bracket(self) -> str:
        return self._token(_BRACKET, "`[…]`")[1:-1]

    def _string(self) -> str:
        start = self._at
        token = self._token(_STRING, "a string in double quotes")
        try:
            text: str = json.loads(token, strict=False)
            text.encode()
        except ValueError:
            self._at = start
            raise self._expected("a string with JSON's escapes") from None
        return text

    def _value(self, type_: abi.Type, depth: int) -> Any:
        if depth >= MAX_DEPTH:
            raise AgentIdError(f"{self._place}values are nested less than {MAX_DEPTH} deep")
        match type_:
            case abi.Prim():
                return self._primitive(type_)
            case abi.List():
                return self._list(type_, depth)
            case abi.Tuple():
                return tuple(self._parts(type_.types, depth))
            case abi.Record():
                return type_.python(*self._parts([field.type for field in type_.fields], depth))
            case abi.Option():
                return self._option(type_, depth)
            case abi.Enum():
                self._need("v")
                return list(type_.python)[self._index(len(type_.cases), "case")]
            case abi.Variant():
                self._need("v")
                case = type_.cases[self._index(len(type_.cases), "case")]
                return case.python() if case.payload is None else case.python(self._payload(case.payload, depth))
            case abi.Result():
                return self._result(type_, depth)
            case abi.Flags():
                return self._flags(type_)
            case _:
                raise AgentIdError(f"a {type(type_).__name__.lower()} has no form in an agent id")

    def _parts(self, types: Sequence[abi.Type], depth: int) -> list[Any]:
        self._need("(")
        values = self._sequence(types, (), depth + 1)
        self._need(")")
        return values

    def _payload(self, type_: abi.Type, depth: int) -> Any:
        self._need("(")
        value = self._value(type_, depth + 1)
        self._need(")")
        return value

    def _list(self, type_: abi.List, depth: int) -> Any:
        self._need("[")
        values: list[Any] = []
        while not self._take("]"):
            if values:
                self._need(",")
            values.append(self._value(type_.element, depth + 1))
        return bytes(values) if type_.element is abi.U8 else values

    def _option(self, type_: abi.Option, depth: int) -> Any:
        if self._take("n"):
            return None
        if not self._comes("s("):
            raise self._expected("`s(…)` or `n`")
        self._need("s")
        value = self._payload(type_.type, depth)
        return Some(value) if isinstance(type_.type, abi.Option) else value

    def _result(self, type_: abi.Result, depth: int) -> Any:
        if self._take("ok"):
            return Ok(None if type_.ok is None else self._payload(type_.ok, depth))
        if self._take("err"):
            return Err(None if type_.err is None else self._payload(type_.err, depth))
        raise self._expected("`ok` or `err`")

    def _flags(self, type_: abi.Flags) -> Any:
        self._need("f(")
        bits, last = 0, -1
        while not self._take(")"):
            if bits:
                self._need(",")
            start, number = self._at, self._index(len(type_.flags), "flag")
            if number <= last:
                self._at = start
                raise self._expected(f"a flag above {last}: they rise")
            bits, last = bits | 1 << number, number
        return type_.python(bits)

    def _primitive(self, type_: abi.Prim) -> Any:
        match type_:
            case abi.BOOL:
                if self._take("true"):
                    return True
                if self._take("false"):
                    return False
                raise self._expected("`true` or `false`")
            case abi.STRING:
                return self._string()
            case abi.CHAR:
                return self._char()
            case abi.F32 | abi.F64:
                return self._float(type_)
            case _:
                return self._integer(type_)

    def _char(self) -> str:
        start = self._at
        self._need("c")
        text = self._string()
        if len(text) != 1:
            self._at = start
            raise self._expected('a character: c"x"')
        return text

    def _float(self, type_: abi.Prim) -> float:
        start = self._at
        number = rounded(type_, float(self._token(_FLOAT, "a number with a point")))
        if number is None or math.isinf(number):
            self._at = start
            raise self._expected(f"a finite {type_.value}")
        return number or 0.0

    def _integer(self, type_: abi.Prim) -> int:
        start = self._at
        number = int(self._token(_INTEGER, f"an integer ({type_.value})"))
        low, high = INTEGERS[type_]
        if not low <= number <= high:
            self._at = start
            raise self._expected(f"an integer ({type_.value})")
        return number
