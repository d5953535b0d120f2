"""Facts that a world takes over from generated packages that it reuses, so that equal WIT becomes equal Python.

Which types are exceptions, and which resources have a class in `types/`, depends on functions elsewhere in a tree or a
world. A package generated from more WIT than this one has more of them; with those, this one's classes are equal.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Protocol

from ...wit.model import ir
from .choices import Choices
from .names import class_name
from .renaming import is_class_name
from .types import Renames, error_name

__all__ = ["KnownInterface", "inherited", "other_names"]


class KnownInterface(Protocol):
    """An interface as another package has it."""

    @property
    def module(self) -> str:
        """The name of its modules."""
        ...

    @property
    def exceptions(self) -> Collection[str]:
        """The types that are exceptions."""
        ...

    @property
    def resources(self) -> Collection[str]:
        """The resources with a class in `types/`."""
        ...

    @property
    def names(self) -> Mapping[str, str]:
        """The classes that a user named: of types, and of functions' errors."""
        ...


def other_names(
    resolve: ir.Resolve, choices: Choices, known: Mapping[str, KnownInterface]
) -> Iterator[tuple[str, str, str]]:
    """Yield the chosen names of classes that have another name in another package: key, interface, that name."""
    types, errors, keys = choices.renames
    chosen = [(resolve.type_def(id).owner, resolve.type_def(id).name or "", keys[id], types[id]) for id in types]
    chosen += [(owner, name, keys[owner, name], class_) for (owner, name), class_ in errors.items()]
    for owner, item, key, class_ in chosen:
        interface = resolve.interface_name(owner.interface) if owner and owner.interface is not None else None
        found = known.get(interface or "")
        if interface is not None and found is not None:
            there = found.names.get(item, error_name(item) if (owner, item) in errors else class_name(item))
            if there != class_:
                yield key, interface, there


def inherited(
    resolve: ir.Resolve, world: ir.WorldId, choices: Choices, known: Mapping[str, KnownInterface], runtime: str | None
) -> Choices:
    """Return `choices` with the reused packages' facts about the world, and the support code at `runtime`."""
    names, exceptions, resources = dict(choices.names), set(choices.exceptions), set(choices.resources)
    renames = choices.renames
    for id in dict.fromkeys(_interfaces(resolve, world)):
        found = known.get(resolve.interface_name(id) or "")
        if found is None:
            continue
        if found.module not in names.values():
            names.setdefault(id, found.module)
        types = resolve.interfaces[id].types
        exceptions.update(types[name] for name in found.exceptions if name in types)
        resources.update(types[name] for name in found.resources if name in types)
        renames = _with_names(renames, resolve.interfaces[id], ir.TypeOwner(interface=id), found.names)
    return replace(
        choices,
        names=names,
        exceptions=frozenset(exceptions),
        resources=frozenset(resources),
        runtime=runtime,
        renames=renames,
    )


def _with_names(renames: Renames, interface: ir.Interface, owner: ir.TypeOwner, names: Mapping[str, str]) -> Renames:
    """Return `renames` with the names that another package has, where none is chosen here."""
    for item, name in names.items():
        is_function = item in interface.functions
        if is_class_name(name) and (is_function or item in interface.types):
            target = (owner, item) if is_function else interface.types[item]
            renames = renames if target in renames.keys else renames.with_one(target, name, "")
    return renames


def _interfaces(resolve: ir.Resolve, world: ir.WorldId) -> Iterator[ir.InterfaceId]:
    for item in (*resolve.worlds[world].imports.values(), *resolve.worlds[world].exports.values()):
        if isinstance(item, ir.InterfaceItem):
            yield item.id
