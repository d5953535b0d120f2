"""Encoding of values in an oplog: JSON by type descriptor, bytes stored separately, handles as references.

A record is its fields, a variant `[case]` or `[case, payload]`, an enum its case, flags the list of those that are set,
an option null or `[value]`, a result `{"ok": …}` or `{"err": …}`, a map the list of its pairs. `list<u8>` is
`{"at": offset, "size": n}` in the separate bytes. A handle is `[number]`, or `[number, bytes]` if the oplog contains
the state of its object, or `[number, text]` with a description.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias, cast
from weakref import WeakKeyDictionary

from witgen_runtime import abi
from witgen_runtime.values import Err, Ok, Some

from ..errors import WorkerError, undamaged

__all__ = [
    "NOTHING", "Encoded", "Handle", "Reference", "decode", "encode", "gathered", "has_handles", "has_streams",
    "map_handles", "no_handle", "replace",
]  # fmt: skip

Handle: TypeAlias = abi.Own | abi.Borrow


class Reference(NamedTuple):
    """Recorded form of a handle: the number of its object, and the object's state or description, if any."""

    number: int
    state: bytes | str | None = None


class Encoded(NamedTuple):
    """Encoded value, as text and bytes. Equal values have equal encodings."""

    text: str
    data: bytes = b""


_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_DECODER: Final = json.JSONDecoder()

NOTHING = Encoded("null")
"""The encoding of no value."""
_EMPTY = Encoded("[]")
"""The encoding of no arguments."""


def encode(type_: abi.Type | None, value: object, refer: Callable[[Handle, Any], Reference]) -> Encoded:
    """Return the encoding of a value; `refer` is called with every handle in it, in order."""
    if type_ is None:
        return NOTHING
    if isinstance(type_, abi.Tuple) and not type_.types:
        return _EMPTY
    writer = _Writer(refer)
    plain = writer.write(type_, value)
    return Encoded(_ENCODER.encode(plain), bytes(writer.data))


def decode(type_: abi.Type | None, encoded: Encoded, refer: Callable[[Handle, Reference], Any]) -> Any:
    """Return the value of an encoding; `refer` returns the object of a reference.

    Raises:
        DamagedError: the encoding is not a value of the type.
    """
    if type_ is None:
        return None
    if isinstance(type_, abi.Tuple) and not type_.types and encoded == _EMPTY:
        return ()
    with undamaged("a value in the oplog"):
        return _Reader(refer, encoded.data).read(type_, _parsed(encoded.text))


def _parsed(text: str) -> Any:
    """Return what a text that `encode` has written stands for; it has no blanks around it."""
    value, end = _DECODER.raw_decode(text)
    if end != len(text):
        raise ValueError(f"extra data after {end} characters")
    return value


def no_handle(*_: object) -> Reference:
    """Refuse a handle: pass it to `encode` and `decode` where values have none."""
    raise WorkerError("this value has a handle, and none belongs there")


class _Writer:
    def __init__(self, refer: Callable[[Handle, Any], Reference]) -> None:
        self.data = bytearray()
        self._refer = refer

    def write(self, type_: abi.Type | None, value: Any) -> Any:
        match type_:
            case None:
                return None
            case abi.Prim():
                return value
            case abi.Own() | abi.Borrow():
                reference = self._refer(type_, value)
                state = reference.state
                if isinstance(state, bytes):
                    return [reference.number, self._bytes(state)]
                return [reference.number] if state is None else [reference.number, state]
            case abi.List() if type_.element is abi.U8:
                return self._bytes(value)
            case abi.List() | abi.FixedList():
                return [self.write(type_.element, element) for element in value]
            case abi.Enum():
                return type_.cases[list(type_.python).index(value)]
            case abi.Flags():
                return [name for bit, name in enumerate(type_.flags) if value.value >> bit & 1]
            case _:
                return self._compound(type_, value)

    def _compound(self, type_: abi.Type, value: Any) -> Any:
        match type_:
            case abi.Record():
                return [self.write(field.type, getattr(value, field.attribute)) for field in type_.fields]
            case abi.Variant():
                case = _case(type_, value)
                return [case.name] if case.payload is None else [case.name, self.write(case.payload, value.value)]
            case abi.Tuple():
                return [self.write(each, element) for each, element in zip(type_.types, value, strict=True)]
            case abi.Option():
                if value is None:
                    return None
                return [self.write(type_.type, value.value if isinstance(type_.type, abi.Option) else value)]
            case abi.Result():
                name, payload = ("ok", type_.ok) if isinstance(value, Ok) else ("err", type_.err)
                return {name: self.write(payload, cast("Any", value).value)}
            case abi.Map():
                return [[self.write(type_.key, key), self.write(type_.value, each)] for key, each in value.items()]
            case _:
                raise _unsupported(type_)

    def _bytes(self, value: Any) -> dict[str, int]:
        start = len(self.data)
        self.data += bytes(value)
        return {"at": start, "size": len(self.data) - start}


class _Reader:
    def __init__(self, refer: Callable[[Handle, Reference], Any], data: bytes) -> None:
        self._refer = refer
        self._data = data

    def read(self, type_: abi.Type | None, plain: Any) -> Any:
        match type_:
            case None:
                return None
            case abi.Prim():
                return _primitive(type_, plain)
            case abi.Own() | abi.Borrow():
                return self._refer(type_, self._reference(*plain))
            case abi.List() if type_.element is abi.U8:
                return self._slice(plain)
            case abi.List() | abi.FixedList():
                return [self.read(type_.element, element) for element in plain]
            case abi.Enum():
                return list(type_.python)[type_.cases.index(plain)]
            case abi.Flags():
                return type_.python(sum(1 << type_.flags.index(name) for name in plain))
            case _:
                return self._compound(type_, plain)

    def _compound(self, type_: abi.Type, plain: Any) -> Any:
        match type_:
            case abi.Record():
                fields = zip(type_.fields, plain, strict=True)
                return type_.python(*[self.read(field.type, each) for field, each in fields])
            case abi.Variant():
                case = next(case for case in type_.cases if case.name == plain[0])
                return case.python() if case.payload is None else case.python(self.read(case.payload, plain[1]))
            case abi.Tuple():
                return tuple(self.read(each, element) for each, element in zip(type_.types, plain, strict=True))
            case abi.Option():
                if plain is None:
                    return None
                inner = self.read(type_.type, plain[0])
                return Some(inner) if isinstance(type_.type, abi.Option) else inner
            case abi.Result():
                [(name, payload)] = cast("Mapping[str, Any]", plain).items()
                return Ok(self.read(type_.ok, payload)) if name == "ok" else Err(self.read(type_.err, payload))
            case abi.Map():
                return {self.read(type_.key, key): self.read(type_.value, each) for key, each in plain}
            case _:
                raise _unsupported(type_)

    def _reference(self, number: int, state: str | Mapping[str, int] | None = None) -> Reference:
        return Reference(number, self._slice(state) if isinstance(state, Mapping) else state)

    def _slice(self, place: Mapping[str, int]) -> bytes:
        start, size = place["at"], place["size"]
        if not 0 <= start <= start + size <= len(self._data):
            raise ValueError(f"{size} bytes at {start} of {len(self._data)}")
        return self._data[start : start + size]


_PRIMITIVES: dict[abi.Type, type] = {abi.BOOL: bool, abi.CHAR: str, abi.STRING: str}


def _primitive(type_: abi.Prim, plain: Any) -> Any:
    if type_ in (abi.F32, abi.F64):
        return float(plain)
    if type(plain) is not _PRIMITIVES.get(type_, int):
        raise TypeError(f"{plain!r:.40} does not fit `{type_.value}`")
    return plain


def _case(type_: abi.Variant, value: object) -> abi.Case:
    return next(case for case in type_.cases if isinstance(value, case.python))


def _unsupported(type_: abi.Type) -> TypeError:
    return TypeError(f"{type(type_).__name__.lower()} values cannot be recorded")


_known: WeakKeyDictionary[Any, bool] = WeakKeyDictionary()


def has_handles(type_: abi.Type | None) -> bool:
    """Return whether values of a type may contain handles."""
    if type_ is None or isinstance(type_, abi.Prim):
        return False
    if isinstance(type_, (abi.Own, abi.Borrow)):
        return True
    if type_ not in _known:
        _known[type_] = any(map(has_handles, abi.children(type_)))
    return _known[type_]


def has_streams(type_: abi.Type | None) -> bool:
    """Return whether values of a type may contain streams or futures."""
    if type_ is None or isinstance(type_, abi.Prim):
        return False
    return isinstance(type_, (abi.Stream, abi.Future)) or any(map(has_streams, abi.children(type_)))


def gathered(type_: abi.Type | None) -> abi.Type | None:
    """Return a type with its streams replaced by lists."""
    if not has_streams(type_):
        return type_
    match type_:
        case abi.Stream(element) if element is not None:
            return abi.List(element)
        case abi.Result():
            return abi.Result(gathered(type_.ok), gathered(type_.err))
        case _:
            return type_


def map_handles(function: abi.Function, values: Sequence[Any], change: Callable[[Handle, Any], object]) -> list[Any]:
    """Return the arguments of a call with the object of every handle replaced by `change`."""
    return [replace(param.type, value, change) for param, value in zip(function.params, values, strict=True)]


def replace(type_: abi.Type | None, value: Any, change: Callable[[Handle, Any], object]) -> Any:
    """Return a value with the object of every handle replaced by `change`."""
    if type_ is None or not has_handles(type_):
        return value
    if isinstance(type_, (abi.Own, abi.Borrow)):
        return change(type_, value)
    if isinstance(type_, abi.Result) and has_streams(type_):
        # The stream itself is not replaced; the handle belongs to the error.
        if isinstance(value, Ok):
            return Ok(replace(type_.ok, cast("Any", value).value, change))
        return Err(replace(type_.err, value.value, change))
    kept: list[object] = []

    def keep(handle: Handle, each: Any) -> Reference:
        kept.append(change(handle, each))
        return Reference(len(kept) - 1)

    writer = _Writer(keep)
    plain = writer.write(type_, value)
    return _Reader(lambda _, reference: kept[reference.number], bytes(writer.data)).read(type_, plain)
