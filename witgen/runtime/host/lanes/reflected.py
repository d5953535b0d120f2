"""Which lanes a component has: read from the types of its functions, so that it need not be kept beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from wasmtime.component import FuncType

from ... import abi
from .. import shape
from .calls import finish_of, start_of
from .names import CANCEL, POLL, finish_name

__all__ = ["Examined", "examine"]


@dataclass(frozen=True)
class Examined:
    """The functions of an interface that a component has, and of those the ones that go through lanes.

    `text` has the functions whose bytes travel as text, `polled` the async ones that are started and finished.
    `different` says of functions what the component has and what the world has.
    """

    functions: frozenset[str]
    text: frozenset[str] = frozenset()
    polled: frozenset[str] = frozenset()
    different: Mapping[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])


def examine(interface: abi.Interface, theirs: Mapping[str, FuncType]) -> Examined:
    """Compare an interface with a component's functions."""
    ours = {function.name: function for function in interface.functions}
    finishing = {name for name in map(finish_name, ours) if name in theirs}
    lanes = finishing if interface.name else {*finishing, POLL, CANCEL}
    functions = frozenset(theirs.keys() - lanes)
    text, polled, different = set[str](), set[str](), dict[str, tuple[str, str]]()
    for name in sorted(functions & ours.keys()):
        pairs = [(ours[name], theirs[name])]
        if finish_name(name) in finishing:
            pairs = [(start_of(ours[name]), theirs[name]), (finish_of(ours[name]), theirs[finish_name(name)])]
            polled.add(name)
        expected = [shape.expected(function) for function, _ in pairs]
        found = [shape.found(type_) for _, type_ in pairs]
        if found == expected:
            continue
        if found == [each.replace("list<u8>", "string") for each in expected]:
            text.add(name)
        else:
            different[name] = (found[-1], expected[-1])
    return Examined(functions, frozenset(text), frozenset(polled), different)
