"""Checks whether a Python value fits a WIT type: the slow, exact check.

The compiled converters of hosts and guests take values in canonical form (exactly `int`, `bytes`, `list`, …) and fall
back to this module for anything else: a value that fits the WIT type is returned in canonical form, any other is
refused with the path of the bad part. Converters do not consume a value before that.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias, cast

from . import abi
from .buffers import exact_numbers, is_array, is_numpy
from .values import Err, Ok, Some

__all__ = [
    "F32_OVERFLOW",
    "INTEGERS",
    "Mismatch",
    "Opaque",
    "arguments",
    "bare_case",
    "error",
    "normalise",
    "result",
    "unexpected",
]

INTEGERS: Mapping[abi.Type, tuple[int, int]] = {
    abi.U8: (0, 0xFF),
    abi.U16: (0, 0xFFFF),
    abi.U32: (0, 0xFFFF_FFFF),
    abi.U64: (0, 0xFFFF_FFFF_FFFF_FFFF),
    abi.S8: (-0x80, 0x7F),
    abi.S16: (-0x8000, 0x7FFF),
    abi.S32: (-0x8000_0000, 0x7FFF_FFFF),
    abi.S64: (-0x8000_0000_0000_0000, 0x7FFF_FFFF_FFFF_FFFF),
}
"""Smallest and largest value of every integer type."""

F32_OVERFLOW = float.fromhex("0x1.ffffffp+127")
"""Halfway between the largest f32 and the next power of two: rounding to nearest makes that and more infinite."""

Opaque: TypeAlias = Callable[[abi.Type, object], object]
"""Checks values that differ between hosts and guests: handles, streams, futures. Returns the value or raises
`Mismatch`.
"""


class Mismatch(Exception):  # noqa: N818  (never leaves the runtime)
    """A value that does not fit; `path` leads from the value given to the part that is wrong."""

    def __init__(self, message: str, kind: type[TypeError | ValueError] = TypeError) -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind
        self.path = ""
        self._owner = ""

    def under_attribute(self, owner: str, attribute: str) -> Mismatch:
        """Put an attribute of an object of class `owner` in front of the path."""
        self.path = f".{attribute}{self.path}"
        self._owner = owner
        return self

    def under_index(self, index: object) -> Mismatch:
        """Put an index in front of the path."""
        self.path = f"[{index!r}]{self.path}"
        self._owner = ""
        return self

    def located(self, where: str) -> Exception:
        """Return the error to raise for a value that was passed as `where`."""
        path = f"{self._owner}{self.path}"
        return self.kind(f"{where}: {path}: {self.message}" if path else f"{where}: {self.message}")


def unexpected(expected: str, value: object) -> Mismatch:
    """Return the error for a value of another class; a class of the same name is shown with its module."""
    got = "None" if value is None else type(value).__name__
    if got == expected:
        got = f"the {got} of {type(value).__module__}"
    return Mismatch(f"expected {expected}, got {got}")


def arguments(function: abi.Function, values: Sequence[object], opaque: Opaque) -> list[object]:
    """Return the arguments of a call in canonical form; `values` stand in the order of the parameters."""
    canonical: list[object] = []
    for param, value in zip(function.params, values, strict=True):
        try:
            canonical.append(normalise(param.type, value, opaque))
        except Mismatch as mismatch:
            where = function.python if param.name == "self" else f"{function.python}({param.python}=…)"
            raise mismatch.located(where) from None
    return canonical


def result(function: abi.Function, value: object, opaque: Opaque) -> object:
    """Return what an implementation of `function` returned in canonical form."""
    declared = function.result
    if function.raises is not None and isinstance(declared, abi.Result):
        declared = declared.ok
    try:
        return _payload(declared, value, opaque)
    except Mismatch as mismatch:
        raise mismatch.located(f"{function.python}() result") from None


def error(function: abi.Function, exception: Exception, opaque: Opaque) -> object:
    """Return the error that an implementation of `function` raised in canonical form.

    That is the case object where the error is a variant, else the payload that the exception carries.
    """
    declared = function.result.err if isinstance(function.result, abi.Result) else None
    carried: object = exception if isinstance(declared, abi.Variant) else getattr(exception, "value", None)
    try:
        return _payload(declared, carried, opaque)
    except Mismatch as mismatch:
        raise mismatch.located(f"{function.python}() error") from None


def normalise(type_: abi.Type, value: object, opaque: Opaque) -> object:
    """Return `value` in the canonical form of `type_`, or raise `Mismatch`."""
    match type_:
        case abi.Prim():
            return opaque(type_, value) if type_ is abi.ERROR_CONTEXT else _primitive(type_, value)
        case abi.Record():
            return _record(type_, value, opaque)
        case abi.Variant():
            return _variant(type_, value, opaque)
        case abi.Enum() | abi.Flags():
            if not isinstance(value, type_.python):
                raise unexpected(type_.python.__name__, value)
            return value
        case abi.Tuple():
            return _tuple(type_, value, opaque)
        case abi.Option():
            return _option(type_, value, opaque)
        case abi.Result():
            return _result(type_, value, opaque)
        case abi.List() | abi.FixedList():
            return _list(type_, value, opaque)
        case abi.Map():
            return _map(type_, value, opaque)
        case _:
            return opaque(type_, value)


def _primitive(type_: abi.Prim, value: object) -> object:
    if type_ is abi.BOOL:
        if not isinstance(value, bool):
            raise unexpected("bool", value)
        return value
    if type_ in (abi.F32, abi.F64):
        return _float(type_, value)
    if type_ in (abi.STRING, abi.CHAR):
        return _text(type_, value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise unexpected("int", value)
    low, high = INTEGERS[type_]
    if not low <= value <= high:
        raise Mismatch(f"expected {type_.value}, got {_shorten(value)}", ValueError)
    return int(value)


def _shorten(value: int) -> str:
    """Show an integer; Python refuses to print very long ones."""
    return str(value) if abs(value) < 1 << 128 else f"an integer of {value.bit_length()} bits"


def _float(type_: abi.Prim, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (float, int)):
        raise unexpected("float", value)
    try:
        number = float(value)
    except OverflowError:
        raise Mismatch(f"expected {type_.value}, got an int that is too large", ValueError) from None
    if type_ is abi.F32 and abs(number) >= F32_OVERFLOW and not math.isinf(number):
        raise Mismatch(f"expected f32, got {number!r}", ValueError)
    return number


def _text(type_: abi.Prim, value: object) -> str:
    if not isinstance(value, str):
        raise unexpected("str", value)
    try:
        text = value.encode().decode()
    except UnicodeEncodeError:
        raise Mismatch("expected Unicode scalar values, got a lone surrogate", ValueError) from None
    if type_ is abi.CHAR and len(text) != 1:
        raise Mismatch(f"expected one character, got {len(text)}", ValueError)
    return text


def _payload(type_: abi.Type | None, value: object, opaque: Opaque) -> object:
    if type_ is not None:
        return normalise(type_, value, opaque)
    if value is not None:
        raise unexpected("None", value)
    return None


def _record(type_: abi.Record, value: object, opaque: Opaque) -> object:
    owner = type_.python.__name__
    if not isinstance(value, type_.python):
        raise unexpected(owner, value)
    fields: list[object] = []
    for field in type_.fields:
        try:
            fields.append(normalise(field.type, getattr(value, field.attribute), opaque))
        except Mismatch as mismatch:
            raise mismatch.under_attribute(owner, field.attribute) from None
    return type_.python(*fields)


def _variant(type_: abi.Variant, value: object, opaque: Opaque) -> object:
    case = _case_of(type_, value)
    if case is None:
        names = ", ".join(case.python.__name__ for case in type_.cases)
        raise unexpected(names if len(type_.cases) == 1 else f"one of {names}", value)
    if case.payload is None:
        return value if type(value) is case.python else case.python()
    payload: object = cast("Any", value).value if isinstance(value, case.python) else value
    try:
        return case.python(normalise(case.payload, payload, opaque))
    except Mismatch as mismatch:
        raise mismatch.under_attribute(case.python.__name__, "value") from None


def _case_of(type_: abi.Variant, value: object) -> abi.Case | None:
    """Choose the case by class, or else by the bare payload."""
    for case in type_.cases:
        if isinstance(value, case.python):
            return case
    return bare_case(type_, value)


def bare_case(type_: abi.Variant, value: object) -> abi.Case | None:
    """Return the only case whose payload is of the value's Python type."""
    taking = [case for case in type_.cases if case.payload is not None and _takes(case.payload, value)]
    if not taking and isinstance(value, int) and not isinstance(value, bool):
        taking = [case for case in type_.cases if case.payload in (abi.F32, abi.F64)]
    return taking[0] if len(taking) == 1 else None


def _takes(type_: abi.Type, value: object) -> bool:
    """Return whether `value` is of the Python type that represents `type_`; its parts are not checked."""
    match type_:
        case abi.Prim():
            return type_ is not abi.ERROR_CONTEXT and _takes_primitive(type_, value)
        case abi.Record() | abi.Enum() | abi.Flags():
            return isinstance(value, type_.python)
        case abi.Variant():
            return any(isinstance(value, case.python) for case in type_.cases)
        case abi.Tuple():
            return isinstance(value, tuple)
        case abi.List():
            if type_.element is abi.U8:
                return isinstance(value, (bytes, bytearray, memoryview))
            return isinstance(value, list) or (type_.numbers != "list" and is_array(value))
        case abi.FixedList():
            return isinstance(value, list)
        case abi.Map():
            return isinstance(value, Mapping)
        case _:
            return False


def _takes_primitive(type_: abi.Prim, value: object) -> bool:
    if type_ is abi.BOOL:
        return isinstance(value, bool)
    if type_ in (abi.STRING, abi.CHAR):
        return isinstance(value, str)
    if type_ in (abi.F32, abi.F64):
        return isinstance(value, float)
    return isinstance(value, int) and not isinstance(value, bool)


def _tuple(type_: abi.Tuple, value: object, opaque: Opaque) -> object:
    if not isinstance(value, (tuple, list)):
        raise unexpected("tuple", value)
    elements = cast("Sequence[object]", value)
    if len(elements) != len(type_.types):
        raise Mismatch(f"expected a tuple of {len(type_.types)}, got {len(elements)}", ValueError)
    typed = zip(type_.types, elements, strict=True)
    return tuple(_element(element_type, index, element, opaque) for index, (element_type, element) in enumerate(typed))


def _element(type_: abi.Type, index: object, value: object, opaque: Opaque) -> object:
    try:
        return normalise(type_, value, opaque)
    except Mismatch as mismatch:
        raise mismatch.under_index(index) from None


def _option(type_: abi.Option, value: object, opaque: Opaque) -> object:
    if value is None:
        return None
    if not isinstance(type_.type, abi.Option):
        return normalise(type_.type, value, opaque)
    if not isinstance(value, Some):
        raise unexpected("Some or None", value)
    try:
        return Some(normalise(type_.type, cast("Some[object]", value).value, opaque))
    except Mismatch as mismatch:
        raise mismatch.under_attribute("Some", "value") from None


def _result(type_: abi.Result, value: object, opaque: Opaque) -> object:
    if not isinstance(value, (Ok, Err)):
        raise unexpected("Ok or Err", value)
    name, payload = ("Ok", type_.ok) if isinstance(value, Ok) else ("Err", type_.err)
    try:
        inner = _payload(payload, cast("Ok[object] | Err[object]", value).value, opaque)
    except Mismatch as mismatch:
        raise mismatch.under_attribute(name, "value") from None
    return Ok(inner) if isinstance(value, Ok) else Err(inner)


def _list(type_: abi.List | abi.FixedList, value: object, opaque: Opaque) -> object:
    if isinstance(type_, abi.List) and type_.element is abi.U8:
        return _bytes(value)
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise unexpected("an iterable", value)
    given = cast("Iterable[object]", value)
    if isinstance(type_, abi.List) and (numbers := exact_numbers(type_.element, given)) is not None:
        return numbers
    elements = _elements(given)
    if is_numpy(type(given)) and cast("Any", given).dtype.names is not None:
        elements = [_of_row(type_.element, cast("Any", given).dtype, row) for row in elements]
    if isinstance(type_, abi.FixedList) and len(elements) != type_.size:
        raise Mismatch(f"expected {type_.size} element{'s' * (type_.size != 1)}, got {len(elements)}", ValueError)
    return [_element(type_.element, index, element, opaque) for index, element in enumerate(elements)]


def _of_row(type_: abi.Type, dtype: Any, row: object) -> object:
    """Return a record for a row of a structured array of numpy's; of the same fields, in the same order."""
    names = dtype.names
    if names is None or not isinstance(type_, (abi.Record, abi.Tuple)):
        return row
    if isinstance(type_, abi.Tuple):
        parts = type_.types
    else:
        parts = tuple(field.type for field in type_.fields)
        if names != tuple(field.attribute for field in type_.fields):
            expected = ", ".join(field.attribute for field in type_.fields)
            raise Mismatch(f"expected an array with the fields {expected}; got one with {', '.join(names)}")
    if len(names) != len(parts):
        raise Mismatch(f"expected an array of {len(parts)} fields, got one of {len(names)}")
    given = zip(parts, names, cast("tuple[object, ...]", row), strict=True)
    values = [_of_row(part, dtype[name], value) for part, name, value in given]
    return tuple(values) if isinstance(type_, abi.Tuple) else type_.python(*values)


def _elements(values: Iterable[object]) -> list[object]:
    """Return the elements of an iterable; those of a buffer as Python's own numbers."""
    if is_numpy(type(values)):
        listed: object = cast("Any", values).tolist()  # its iterator returns numpy's numbers
        if not isinstance(listed, list):
            raise Mismatch("expected an iterable, got an array of no dimensions")
        return cast("list[object]", listed)
    if not isinstance(values, memoryview):
        return list(values)
    if values.ndim != 1:
        raise Mismatch(f"expected a memoryview of one dimension, got one of {values.ndim}")
    try:
        return list(values)
    except NotImplementedError:  # its items have a byte order, which struct knows, or are no single numbers
        form = values.format
        if len(form) != 2 or form[0] not in "<>=!" or values.itemsize != struct.calcsize(form):
            raise Mismatch(f"expected a memoryview of numbers, got one of format {form!r}") from None
        return [number for (number,) in struct.iter_unpack(form, values.tobytes())]


def _bytes(value: object) -> bytes:
    if isinstance(value, bytes):
        return bytes(value)
    try:
        return memoryview(cast("bytes", value)).tobytes()
    except (TypeError, ValueError):
        raise unexpected("bytes-like", value) from None


def _map(type_: abi.Map, value: object, opaque: Opaque) -> object:
    if not isinstance(value, Mapping):
        raise unexpected("a mapping", value)
    return {
        _element(type_.key, key, key, opaque): _element(type_.value, key, element, opaque)
        for key, element in cast("Mapping[object, object]", value).items()
    }
