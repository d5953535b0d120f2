"""Names of types for messages, and number handling common to both forms."""

from __future__ import annotations

import math
import struct
from collections.abc import Collection
from difflib import get_close_matches

from witgen_runtime import abi
from witgen_runtime.check import F32_OVERFLOW, INTEGERS
from witgen_runtime.values import Err, Ok

__all__ = ["describe", "did_you_mean", "rounded", "shortest", "shown", "side"]

_SHOWN = 40
"""The number of characters of a wrong value that a message shows."""

_PRIMITIVES = {
    abi.BOOL: "true or false",
    abi.F32: "a number (f32)",
    abi.F64: "a number (f64)",
    abi.CHAR: "a character",
    abi.STRING: "a string",
    abi.ERROR_CONTEXT: "an error-context",
}


def describe(type_: abi.Type) -> str:
    """Return the name of a type for messages such as `expected …`."""
    match type_:
        case abi.Prim() if type_ in INTEGERS:
            low, high = INTEGERS[type_]
            return f"{type_.value} ({low} to {high})"
        case abi.Prim():
            return _PRIMITIVES[type_]
        case abi.Record(name) | abi.Flags(name):
            return f"{type(type_).__name__.lower()} `{name}`"
        case abi.Variant(name, cases):
            return f"`{name}` ({_listed([case.name for case in cases])})"
        case abi.Enum(name, _, cases):
            return f"`{name}` ({_listed(cases)})"
        case abi.Tuple(types):
            return f"a tuple of {len(types)}"
        case abi.FixedList(_, size):
            return f"a list of {size}"
        case abi.Own(resource) | abi.Borrow(resource):
            return f"a handle of resource `{resource.name}`"
        case _:
            return f"a{'n' if isinstance(type_, abi.Option) else ''} {type(type_).__name__.lower()}"


def _listed(names: Collection[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def did_you_mean(name: str, known: Collection[str]) -> str:
    """Return the name that was probably meant, or else all known names, for a message."""
    close = get_close_matches(name, known, n=1)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"there is {_listed(known)}" if known else "there is none"


def shown(text: str) -> str:
    """Return the beginning of a wrong text, for a message."""
    line = text.partition("\n")[0]
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"


def rounded(type_: abi.Type, number: float) -> float | None:
    """Return the float of `type_` nearest to a number; None if that would be infinite."""
    if type_ is abi.F64 or not math.isfinite(number):
        return number
    return None if abs(number) >= F32_OVERFLOW else _f32(number)


def _f32(number: float) -> float:
    (nearest,) = struct.unpack("<f", struct.pack("<f", number))
    return float(nearest)


def shortest(type_: abi.Type, number: float) -> float:
    """Return the float with the shortest decimal form that reads as `number` in `type_`."""
    if type_ is abi.F64 or not math.isfinite(number):
        return number
    candidates = (float(f"{number:.{digits}g}") for digits in range(6, 10))
    return next((each for each in candidates if rounded(type_, each) == number), number)


def side(type_: abi.Result, value: Ok[object] | Err[object]) -> tuple[str, abi.Type | None, object]:
    """Return the name of a result's side, the type of its payload, and the payload."""
    return ("ok", type_.ok, value.value) if isinstance(value, Ok) else ("err", type_.err, value.value)
