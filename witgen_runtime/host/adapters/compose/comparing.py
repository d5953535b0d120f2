"""Whether a component's imports have the types that the bindings have for them.

Afterwards that cannot be told from the composed component alone: what was `list<u8>` is a string there, and so is what
was one before; what was a stream is a number. A component with other types is not composed, and refused when it is
compared as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .... import abi
from ..refusal import Refusal
from ..wasm.shapes import Function, Interface, Shape
from .descriptors import Translation

__all__ = ["compare"]


def compare(interfaces: Sequence[Interface], known: Callable[[str], abi.Interface | None]) -> None:
    """Raise `Refusal` where a function of `interfaces`, the component's, has other types than the bindings say.

    `known` returns what the bindings have for an import of the component, by its name there.
    What only one of both has is none of the composer's business.
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
                raise Refusal(name, "the component's types are not those that the bindings have")


def _is_like(one: Function, other: Function) -> bool:
    ours, theirs = [shape for _, shape in one.params], [shape for _, shape in other.params]
    return len(ours) == len(theirs) and all(map(_same, [*ours, one.result], [*theirs, other.result]))


def _same(one: Shape | None, other: Shape | None) -> bool:
    """Tell whether two types have one structure; of a resource only that it is one."""
    if one is None or other is None:
        return one is other
    return (
        (one.kind, one.primitive, one.size, one.labels) == (other.kind, other.primitive, other.size, other.labels)
        and len(one.parts) == len(other.parts)
        and all(map(_same, one.parts, other.parts))
    )
