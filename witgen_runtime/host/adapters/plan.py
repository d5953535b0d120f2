"""Plans which interfaces get an adapter: those that can have one, and those that share types with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from ..direct_lists import ListForm
from .compose.lending import lends_several
from .wasm.shapes import Interface, Resource, Shape, carries_lists, resources_of

__all__ = ["Plan", "plan_imports"]


@dataclass(eq=False)
class Plan:
    """The imported interfaces that get adapters, and the reasons of those that do not.

    These are interfaces whose `lists` are passed in another form, whose async functions are polled, or that pass `ends`
    of streams or futures.

    `left_out` has, by name, why interfaces that move bytes have no adapter; wasmtime's own never have one.
    """

    lists: list[Interface] = field(default_factory=list[Interface])
    polled: list[Interface] = field(default_factory=list[Interface])
    ends: list[Interface] = field(default_factory=list[Interface])
    settling: list[Interface] = field(default_factory=list[Interface])
    """Interfaces that pass streams or futures, and those that use resources of such an interface."""
    left_out: dict[str, str] = field(default_factory=dict[str, str])

    lending: list[Interface] = field(default_factory=list[Interface])
    """Those with functions that can be lent several handles."""

    @property
    def adapted(self) -> list[Interface]:
        """All interfaces that get an adapter."""
        return list(dict.fromkeys((*self.lists, *self.polled, *self.ends, *self.settling, *self.lending)))


def plan_imports(
    interfaces: Sequence[Interface], ours: Callable[[Interface], bool], lists: ListForm, *, numbers: bool
) -> Plan:
    """Plan adapters for imported interfaces; `ours` returns whether Python implements one.

    `lists` is the form that lists get.
    `numbers`: functions that can borrow several handles get their numbers instead.
    """
    served = [interface for interface in interfaces if ours(interface)]
    plan = Plan(
        polled=[interface for interface in served if interface.is_async],
        ends=[interface for interface in served if interface.carries_ends],
    )
    if numbers:
        plan.lending = [each for each in served if any(map(lends_several, each.functions))]
    plan.settling = list(_settling(served, plan.ends))
    carriers = [interface for interface in interfaces if interface.carries_lists(lists)]
    refused = [interface for interface in carriers if not ours(interface)]
    without = set(refused)
    owners = _owners(carriers, lists)
    neighbours = {interface: set(_neighbours(interface, owners, lists)) for interface in carriers}
    while refused:
        interface = refused.pop()
        for other in carriers:
            if other not in without and (other in neighbours[interface] or interface in neighbours[other]):
                rule = f"it shares a type with {interface.name or 'the world itself'}, which has no adapter"
                if other.carries_lists("text"):
                    plan.left_out[other.name] = rule
                without.add(other)
                refused.append(other)
    plan.lists = [interface for interface in carriers if interface not in without]
    return plan


def _settling(interfaces: Sequence[Interface], ends: Sequence[Interface]) -> Iterator[Interface]:
    resources = {resource for interface in ends for resource in interface.own}
    for interface in interfaces:
        shapes = (shape for function in interface.functions for shape in function.types)
        if interface in ends or any(resource in resources for shape in shapes for resource in resources_of(shape)):
            yield interface


def _owners(interfaces: Sequence[Interface], lists: ListForm) -> dict[Shape, list[Interface]]:
    """Return the interfaces that export each type with lists: the one that declares it, and those that `use` it."""
    owners: dict[Shape, list[Interface]] = {}
    for interface in interfaces:
        for shape in interface.types.values():
            if isinstance(shape, Shape) and carries_lists(shape, lists):
                owners.setdefault(shape, []).append(interface)
    return owners


def _neighbours(interface: Interface, owners: dict[Shape, list[Interface]], lists: ListForm) -> Iterator[Interface]:
    seen: set[Shape] = set()
    for meaning in (*interface.types.values(), *(shape for f in interface.functions for shape in f.types)):
        if not isinstance(meaning, Resource):
            for shape in _carriers(meaning, seen, lists):
                yield from (owner for owner in owners.get(shape, ()) if owner is not interface)


def _carriers(shape: Shape, seen: set[Shape], lists: ListForm) -> Iterator[Shape]:
    """Yield a type and the parts of it that have lists in them."""
    if shape in seen or not carries_lists(shape, lists):
        return
    seen.add(shape)
    yield shape
    for part in shape.parts:
        if part is not None:
            yield from _carriers(part, seen, lists)
