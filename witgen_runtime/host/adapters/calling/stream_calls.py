"""The streams and futures of descriptors: their keys, and the typed functions that pass their elements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from .... import abi
from ... import signatures
from .stream_kinds import CARRIES_NO_ENDS, data_name, key_of, put_name

__all__ = ["Classes", "End", "Keys", "Passage", "classes_of", "ends_of", "keys_of", "obstacle", "passages"]

End = abi.Stream | abi.Future
Keys = Mapping[End, str]
"""The keys of the streams and futures of one function."""
Classes = tuple[abi.Type, ...]
"""The named types and resources in a stream's or future's elements, which determine their Python classes."""


@dataclass(frozen=True, eq=False)
class Passage:
    """One kind of stream or future, with elements of some classes: the functions that pass elements."""

    classes: Classes
    put: abi.Function
    data: abi.Function


def _within(type_: abi.Type | None) -> Iterator[abi.Type]:
    if type_ is not None:
        yield type_
        for part in abi.children(type_):
            yield from _within(part)


def _outermost(type_: abi.Type | None) -> Iterator[End]:
    if isinstance(type_, (abi.Stream, abi.Future)):
        yield type_
    elif type_ is not None:
        for part in abi.children(type_):
            yield from _outermost(part)


def ends_of(function: abi.Function) -> list[End]:
    """Return the streams and futures that a function passes."""
    types = [*(param.type for param in function.params), function.result]
    return list(dict.fromkeys(end for type_ in types for end in _outermost(type_)))


def obstacle(function: abi.Function) -> str | None:
    """Return why the streams of a function cannot be carried; None where they can."""
    carried = [part for end in ends_of(function) for part in _within(end.type)]
    return CARRIES_NO_ENDS if any(isinstance(part, (abi.Stream, abi.Future)) for part in carried) else None


def keys_of(interface: str, function: abi.Function) -> dict[End, str]:
    """Return the keys of a function's streams; `interface` is the common prefix of the interface's names."""
    keys: dict[End, str] = {}
    for end in ends_of(function):
        keys[end] = key_of(interface, function.name, signatures.structure(end), named=_is_named(end))
    return keys


def classes_of(end: End) -> Classes:
    """Return the named types in a stream's or future's elements, and its resources."""
    named = (abi.Record, abi.Variant, abi.Enum, abi.Flags, abi.Own)
    return tuple(part for part in _within(end.type) if isinstance(part, named))


def _is_named(end: End) -> bool:
    return bool(classes_of(end))


def passages(functions: Iterable[tuple[str, abi.Function]]) -> dict[str, list[Passage]]:
    """Return all kinds by their keys; kinds whose elements differ only in names share a key.

    Functions are given with the common prefix of their interface's names.
    """
    found: dict[str, dict[Classes, Passage]] = {}
    for interface, function in functions:
        if obstacle(function) is None:
            for end, key in keys_of(interface, function).items():
                name = function.python if _is_named(end) else ""
                found.setdefault(key, {}).setdefault(classes_of(end), _passage(end, key, name))
    return {key: list(each.values()) for key, each in found.items()}


def _passage(end: End, key: str, function: str) -> Passage:
    """Return a kind, which is that of one function or, where that is empty, of any that pass a stream of this type."""
    name = f"stream of {function}" if function else signatures.structure(end)
    elements = abi.U32 if end.type is None else abi.List(end.type)
    number = abi.Param("end", "end", abi.U32)
    put = abi.Function(put_name(key), "put", (number, abi.Param("elements", "elements", elements)))
    return Passage(classes_of(end), put, abi.Function(data_name(key), name, (number,), elements))
