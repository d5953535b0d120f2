"""The kinds of streams and futures of a component, under names that composer and bindings both derive.

Typed functions pass elements between the host and the component's ends, so there is one set of them for each kind. A
kind whose elements have only unnamed types is the same wherever it occurs; any other, also one of resources, belongs to
one place in one function, because only there the bindings know the Python classes of its elements.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from ..wasm.shapes import OPCODES, Function, Kind, Shape, ends_in, has_ends, named_parts, resources_of

__all__ = [
    "CARRIES_NO_ENDS",
    "Kinds",
    "StreamKind",
    "data_name",
    "key_of",
    "kinds_of",
    "obstacle",
    "open_name",
    "put_name",
    "take_name",
]

_KEYWORDS = {opcode: keyword for keyword, opcode in OPCODES.items()}
CARRIES_NO_ENDS = "a stream or future that carries streams or futures"


@dataclass(frozen=True, eq=False)
class StreamKind:
    """A kind: its key, and one of the types that are of it."""

    key: str
    shape: Shape

    @property
    def element(self) -> Shape | None:
        """The type of its elements."""
        return self.shape.parts[0]

    @property
    def is_future(self) -> bool:
        """Whether it carries one element only."""
        return self.shape.kind is Kind.FUTURE


def put_name(key: str) -> str:
    """Return the name of the function that passes elements to the host."""
    return f"adapter-put-{key}"


def data_name(key: str) -> str:
    """Return the name of the function that asks the host for elements."""
    return f"adapter-data-{key}"


def open_name(key: str) -> str:
    """Return the name of the function that makes a stream for a feed of the host."""
    return f"open-{key}"


def take_name(key: str) -> str:
    """Return the name of the function that takes a stream for the host."""
    return f"take-{key}"


def key_of(interface: str, function: str, structure: str, *, named: bool) -> str:
    """Return the key of a stream of some structure; where that has `named` types in it, it counts where it occurs."""
    text = f"{interface}#{function}#{structure}" if named else structure
    return f"x{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def obstacle(shape: Shape) -> str | None:
    """Return why a stream or future cannot be carried; None where it can."""
    element = shape.parts[0]
    return CARRIES_NO_ENDS if element is not None and has_ends(element) else None


def _carries_resources(shape: Shape) -> bool:
    return any(True for _ in resources_of(shape))


def _structure(shape: Shape | None) -> str:
    """Return a type's structure as `shape.expected` has it of descriptors."""
    if shape is None:
        return "_"
    if shape.kind is Kind.PRIMITIVE:
        return _KEYWORDS[shape.primitive]
    parts = [_structure(part) for part in shape.parts]
    match shape.kind:
        case Kind.RECORD:
            parts = [f"{label}: {part}" for label, part in zip(shape.labels, parts, strict=True)]
        case Kind.VARIANT:
            cases = zip(shape.labels, shape.parts, parts, strict=True)
            parts = [label if payload is None else f"{label}({part})" for label, payload, part in cases]
        case Kind.ENUM | Kind.FLAGS:
            parts = list(shape.labels)
        case Kind.OWN:
            return "own"
        case Kind.FIXED_LIST:
            return f"list<{parts[0]}, {shape.size}>"
        case _:
            pass
    return f"{shape.kind.name.lower()}<{', '.join(parts)}>"


Kinds: TypeAlias = dict[Function, dict[Shape, StreamKind]]
"""The kinds of the streams that functions pass."""


def kinds_of(name: str, functions: Iterable[Function], known: dict[str, StreamKind], *, exported: bool) -> Kinds:
    """Return the kinds of the streams that functions of an interface pass, but for those that cannot be carried.

    `name` is that under which the bindings know the interface, `known` has the kinds met so far. Streams of an
    `exported` interface carry no resources: these may be the component's own, which the stream adapter cannot have.
    """
    found: Kinds = {}
    for function in functions:
        kinds = found[function] = {}
        for shape in dict.fromkeys(end for type_ in function.types for end in ends_in(type_)):
            resources = _carries_resources(shape)
            if obstacle(shape) is None and not (exported and resources):
                named = resources or any(True for _ in named_parts(shape))
                key = key_of(name, function.name, _structure(shape), named=named)
                kinds[shape] = known.setdefault(key, StreamKind(key, shape))
    return found
