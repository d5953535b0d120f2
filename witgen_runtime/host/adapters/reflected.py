"""Which adapters a component has: read from the types of its functions, so that it need not be kept beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from wasmtime.component import FuncType

from ... import abi
from .. import signatures
from ..direct_lists import ListForm
from ..linking.versions import track
from .calling.bound_imports import finish_of, start_of
from .names import PREFIX, finish_name

__all__ = ["Examined", "Ways", "examine", "full_name", "ways", "whole"]


@dataclass(frozen=True)
class Examined:
    """The functions that a component has of an interface, and those among them that go through adapters.

    `text` has the functions whose bytes are passed as text, `direct` those whose lists are addresses and counts,
    `polled` the async ones that are started and finished, `numbers` those whose streams and futures are numbers, `lent`
    those whose borrowed handles except `self` are numbers. `different` has, by function, the signatures of the
    component and of the world.
    """

    functions: frozenset[str]
    text: frozenset[str] = frozenset()
    direct: frozenset[str] = frozenset()
    polled: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    lent: frozenset[str] = frozenset()
    different: Mapping[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])


Ways: TypeAlias = Sequence[Mapping[str, Any]]
"""The allowed forms of a function in a component: arguments of `signatures.expected`."""


def ways(*, composed: bool, lists: ListForm) -> Ways:
    """Return the allowed forms of a component's functions: only the WIT form, if it has no adapters.

    `lists` is the form that lists may have there.
    """
    both = (False, True) if composed else (False,)
    return [
        {"lists": form, "numbers": numbers, "lent": lent}
        for lent in both for numbers in both for form in dict.fromkeys(("plain", lists))
    ]  # fmt: skip


def _is_added(interface: abi.Interface, name: str) -> bool:
    """Return whether composing has added a function to those of the world itself."""
    return not interface.name and name.startswith(PREFIX)


def full_name(kind: str, interface: str, function: str) -> str:
    """Return the name of a function in all compatible versions of its interface; `kind` is `import` or `export`."""
    return f"{kind} {track(interface)}#{function}"


def whole(function: abi.Function) -> str:
    """Return the structure of a function's type without adapters, and whether it is async."""
    return f"async {signatures.expected(function)}" if function.is_async else signatures.expected(function)


def examine(
    interface: abi.Interface, theirs: Mapping[str, FuncType], known: Ways, before: Callable[[str], Sequence[str]]
) -> Examined:
    """Compare an interface with a component's functions, which it has in one of the `known` ways.

    In some, their types do not tell what they were; `before` returns, by name, what functions were before composing.
    """
    ours = {function.name: function for function in interface.functions}
    finishing = {name for name in map(finish_name, ours) if name in theirs}
    functions = frozenset(name for name in theirs if name not in finishing and not _is_added(interface, name))
    lists: dict[str, set[str]] = {"plain": set(), "text": set(), "direct": set()}
    polled, numbers, lent = set[str](), set[str](), set[str]()
    different: dict[str, tuple[str, str]] = {}
    for name in sorted(functions & ours.keys()):
        pairs = [(ours[name], theirs[name])]
        if finish_name(name) in finishing:
            pairs = [(start_of(ours[name]), theirs[name]), (finish_of(ours[name]), theirs[finish_name(name)])]
            polled.add(name)
        found = [signatures.found(type_) for _, type_ in pairs]
        taken = next((way for way in known if found == [signatures.expected(each, **way) for each, _ in pairs]), None)
        is_changed = taken is not None and any(
            signatures.expected(each, **taken) != signatures.expected(each) for each, _ in pairs
        )
        was = before(name) if is_changed else ()
        if taken is None or (is_changed and whole(ours[name]) not in was):
            different[name] = (was[0] if was else found[-1], signatures.expected(pairs[-1][0]))
            continue
        lists[taken["lists"]].add(name)
        if taken["numbers"] and signatures.passes_ends(ours[name]):
            numbers.add(name)
        if taken["lent"]:
            lent.add(name)
    text, direct = frozenset(lists["text"]), frozenset(lists["direct"])
    return Examined(functions, text, direct, frozenset(polled), frozenset(numbers), frozenset(lent), different)
