"""Values to WAVE text on one line."""

from __future__ import annotations

import re
from typing import Any

from witgen_runtime import abi
from witgen_runtime.check import Mismatch, normalise

from .describing import shortest, side
from .parsing import KEYWORDS

__all__ = ["render"]

_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
_EXPONENT = re.compile(r"e([+-])0*(\d)")


def render(value: object, type_: abi.Type) -> str:
    """Return a value as text that `parse` can read.

    Handles, streams and futures have no text form. They become `<name>`, which `parse` refuses.

    Raises:
        TypeError, ValueError: the value is not of the type.
    """
    try:
        return _text(type_, normalise(type_, value, lambda _, given: given))
    except Mismatch as mismatch:
        raise mismatch.located("value") from None


def _text(type_: abi.Type, value: Any) -> str:
    match type_:
        case abi.Prim():
            return _primitive(type_, value)
        case abi.List(element) | abi.FixedList(element):
            return f"[{', '.join(_text(element, each) for each in value)}]"
        case abi.Map(key, element):
            return f"[{', '.join(f'({_text(key, k)}, {_text(element, v)})' for k, v in value.items())}]"
        case abi.Tuple(types):
            parts = [_text(part, each) for part, each in zip(types, value, strict=True)]
            return f"({', '.join(parts)})"
        case abi.Record(_, _, fields):
            return _record(fields, value)
        case abi.Variant(_, cases):
            case = next(case for case in cases if isinstance(value, case.python))
            return _case(_escaped(case.name), case.payload, getattr(value, "value", None))
        case abi.Enum(_, python, names):
            return _escaped(names[list(python).index(value)])
        case abi.Flags(_, _, flags):
            return f"{{{', '.join(flag for bit, flag in enumerate(flags) if value.value >> bit & 1)}}}"
        case abi.Option(inner):
            if value is None:
                return "none"
            return f"some({_text(inner, value.value if isinstance(inner, abi.Option) else value)})"
        case abi.Result():
            name, payload, carried = side(type_, value)
            return _case(name, payload, carried)
        case abi.Own(resource) | abi.Borrow(resource):
            return f"<{resource.name}>"
        case _:
            return f"<{type(type_).__name__.lower()}>"


def _primitive(type_: abi.Prim, value: Any) -> str:
    match type_:
        case abi.BOOL:
            return "true" if value else "false"
        case abi.STRING:
            return f'"{_quoted(value, chr(34))}"'
        case abi.CHAR:
            return f"'{_quoted(value, chr(39))}'"
        case abi.F32 | abi.F64:
            return _EXPONENT.sub(lambda match: f"e{match[1]}{match[2]}", repr(shortest(type_, value)))
        case abi.ERROR_CONTEXT:
            return "<error-context>"
        case _:
            return str(value)


def _quoted(text: str, quote: str) -> str:
    return "".join(_character(each, quote) for each in text)


def _character(each: str, quote: str) -> str:
    if each == quote:
        return f"\\{each}"
    return _ESCAPES.get(each) or (each if each.isprintable() else f"\\u{{{ord(each):x}}}")


def _escaped(name: str) -> str:
    return f"%{name}" if name in KEYWORDS else name


def _case(name: str, payload: abi.Type | None, value: Any) -> str:
    return name if payload is None else f"{name}({_text(payload, value)})"


def _record(fields: tuple[abi.Field, ...], value: Any) -> str:
    """Return a record as text, without options that are none, as the notation allows."""
    given = ((field, getattr(value, field.attribute)) for field in fields)
    parts = [
        f"{field.name}: {_text(field.type, each)}"
        for field, each in given
        if each is not None or not isinstance(field.type, abi.Option)
    ]
    return f"{{{', '.join(parts) or ':'}}}"
