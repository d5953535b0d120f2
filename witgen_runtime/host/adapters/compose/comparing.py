"""Checks that a component's imports have the types that the bindings expect.

The composed component no longer tells: a `list<u8>` is a string there, like a genuine string, and a stream is a number.
A component with other types is not composed, and refused by the comparison without adapters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .... import abi
from ..refusal import Refusal
from ..wasm.shapes import Function, Interface, Shape
from .descriptors import Translation

__all__ = ["compare"]


def compare(interfaces: Sequence[Interface], known: Callable[[str], abi.Interface | None]) -> None:
    """Raise `Refusal` if a function of the component's `interfaces` has other types than in the bindings.

    `known` returns the bindings' descriptor of an import, by its name in the component. Functions that only one side
    has are not compared here.
    """
    translation = Translation()
    for interface in interfaces:
        descriptor = known(interface.name)
        if descriptor is None:
            continue
        ours = {each.name: each for each in translation.interface(descriptor).functions}
        for theirs in interface.functions:
            if theirs.name in ours and not _is_like(theirs, ours[theirs.name]):
                name = f"{interface.name}#{theirs.name}" if interface.name else theirs.name
                raise Refusal(name, "the component's types differ from those of the bindings")


def _is_like(one: Function, other: Function) -> bool:
    ours, theirs = [shape for _, shape in one.params], [shape for _, shape in other.params]
    return len(ours) == len(theirs) and all(map(_same, [*ours, one.result], [*theirs, other.result]))


def _same(one: Shape | None, other: Shape | None) -> bool:
    """Return whether two types have the same structure; all resources are alike."""
    if one is None or other is None:
        return one is other
    return (
        (one.kind, one.primitive, one.size, one.labels) == (other.kind, other.primitive, other.size, other.labels)
        and len(one.parts) == len(other.parts)
        and all(map(_same, one.parts, other.parts))
    )
