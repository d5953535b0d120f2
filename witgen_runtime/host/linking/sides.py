"""Which side implements each resource of a world's imports: Python, wasmtime, or another component."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, count
from weakref import WeakKeyDictionary

from ... import abi
from ..store.handles import Host, Native, Side
from ..store.provided import Provided
from ..store.resource import HostResource, NativeResource
from .definition import Definition
from .implementations import Implementation, subclass
from .provided import ProvidedImplementation, resources_of

__all__ = ["number_of", "sides_of"]

_numbers: WeakKeyDictionary[abi.Resource, int] = WeakKeyDictionary()
_number = count(1)


def number_of(resource: abi.Resource) -> int:
    """Return the number that identifies a resource in every linker: one per definition."""
    if resource not in _numbers:
        _numbers[resource] = next(_number)
    return _numbers[resource]


_native: WeakKeyDictionary[Implementation, dict[abi.Resource, Side]] = WeakKeyDictionary()


def _native_sides(implementation: Implementation) -> dict[abi.Resource, Side]:
    """Return the sides of the resources of an import that wasmtime implements, which are the same for all stores."""
    known = _native.get(implementation)
    if known is None:
        resources = implementation.item.interface.resources
        known = _native[implementation] = {
            resource: Native(subclass(implementation.base(name), NativeResource)) for resource, name in resources
        }
    return known


def sides_of(definition: Definition, implementations: Sequence[Implementation]) -> dict[abi.Resource, Side]:
    """Return the side of each resource."""
    sides: dict[abi.Resource, Side] = {}
    for each in implementations:
        if isinstance(each, ProvidedImplementation):
            for resource, ours in each.pairs():
                sides[resource] = sides[ours] = Provided(each.classes[resource], number_of(ours))
        elif each.native:
            sides.update(_native_sides(each))
        else:
            for resource, name in each.item.interface.resources:
                sides[resource] = Host(subclass(each.base(name), HostResource), number_of(resource))
    provided = [each for each in implementations if isinstance(each, ProvidedImplementation)]
    if provided:
        _assign_imported(definition, provided, sides)
    return sides


def _assign_imported(
    definition: Definition, provided: Iterable[ProvidedImplementation], sides: dict[abi.Resource, Side]
) -> None:
    """Find the sides of resources that providing components import: this world has them under the same names."""
    imported = [resource for item in definition.imports for resource, _ in item.interface.resources]
    by_name = {(resource.interface, resource.name): resource for resource in imported}
    for resource in chain.from_iterable(resources_of(each.item.interface) for each in provided):
        known = by_name.get((resource.interface, resource.name))
        if known is not None and known in sides:
            sides.setdefault(resource, sides[known])
