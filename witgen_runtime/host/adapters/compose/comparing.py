"""Checks that a component's functions have the types that the bindings expect.

The composed component no longer tells: a list is an address and a count there, whatever its elements are, or a string
like a genuine string, and a stream is a number. A component with other types is not composed, and refused by the
comparison without adapters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .... import abi
from ..refusal import Refusal
from ..wasm.shapes import Function, Interface, Shape
from .descriptors import Translation

__all__ = ["DifferentTypes", "compare"]


class DifferentTypes(Refusal):
    """The component has other types than the bindings, so it fits in no form."""


def compare(interfaces: Sequence[Interface], known: Callable[[str], abi.Interface | None]) -> None:
    """Raise `DifferentTypes` if a function of the component's `interfaces` has other types than in the bindings.

    `known` returns the bindings' descriptor of an interface, by its name in the component. Functions that only one side
    has are not compared here.
    """
    translation, alike = Translation(), set[tuple[Shape, Shape]]()
    for interface in interfaces:
        descriptor = known(interface.name)
        if descriptor is None:
            continue
        ours = {each.name: each for each in translation.interface(descriptor).functions}
        for theirs in interface.functions:
            if theirs.name in ours and not _is_like(theirs, ours[theirs.name], alike):
                name = f"{interface.name}#{theirs.name}" if interface.name else theirs.name
                raise DifferentTypes(name, "the component's types differ from those of the bindings")


def _is_like(one: Function, other: Function, alike: set[tuple[Shape, Shape]]) -> bool:
    ours, theirs = [shape for _, shape in one.params], [shape for _, shape in other.params]
    pairs = zip([*ours, one.result], [*theirs, other.result], strict=False)
    return len(ours) == len(theirs) and all(_same(*pair, alike) for pair in pairs)


def _same(one: Shape | None, other: Shape | None, alike: set[tuple[Shape, Shape]]) -> bool:
    """Return whether two types have the same structure; all resources are alike.

    `alike` has pairs that do, so that types with many common parts are compared once.
    """
    if one is None or other is None:
        return one is other
    if (one, other) in alike:
        return True
    found = (
        (one.kind, one.primitive, one.size, one.labels) == (other.kind, other.primitive, other.size, other.labels)
        and len(one.parts) == len(other.parts)
        and all(_same(*pair, alike) for pair in zip(one.parts, other.parts, strict=True))
    )
    if found:
        alike.add((one, other))
    return found
