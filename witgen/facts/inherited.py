"""What a world takes over from generated packages that it reuses, so that the same WIT becomes the same Python.

Which types are exceptions, and which resources have a class in `types/`, depends on functions elsewhere in a tree or a
world. A package that came from more WIT than this one has more of them; with those, this one's classes are the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Protocol

from ..model import ir
from .choices import Choices

__all__ = ["KnownInterface", "inherited"]


class KnownInterface(Protocol):
    """An interface as another package has it."""

    @property
    def module(self) -> str:
        """What its modules are called."""
        ...

    @property
    def exceptions(self) -> Collection[str]:
        """The types that are exceptions."""
        ...

    @property
    def resources(self) -> Collection[str]:
        """The resources with a class in `types/`."""
        ...


def inherited(
    resolve: ir.Resolve, world: ir.WorldId, choices: Choices, known: Mapping[str, KnownInterface], runtime: str | None
) -> Choices:
    """Return `choices` with what is known of the world's interfaces, and the support code at `runtime`."""
    names, exceptions, resources = dict(choices.names), set(choices.exceptions), set(choices.resources)
    for id in dict.fromkeys(_interfaces(resolve, world)):
        found = known.get(resolve.interface_name(id) or "")
        if found is None:
            continue
        if found.module not in names.values():
            names.setdefault(id, found.module)
        types = resolve.interfaces[id].types
        exceptions.update(types[name] for name in found.exceptions if name in types)
        resources.update(types[name] for name in found.resources if name in types)
    return replace(
        choices, names=names, exceptions=frozenset(exceptions), resources=frozenset(resources), runtime=runtime
    )


def _interfaces(resolve: ir.Resolve, world: ir.WorldId) -> Iterator[ir.InterfaceId]:
    for item in (*resolve.worlds[world].imports.values(), *resolve.worlds[world].exports.values()):
        if isinstance(item, ir.InterfaceItem):
            yield item.id
