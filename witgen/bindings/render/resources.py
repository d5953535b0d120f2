"""The resources of a scope: those it declares, and those it brings in with `use`."""

from __future__ import annotations

from collections.abc import Sequence

from ...base.frozen import frozen
from ...wit.model import ir
from ..facts.names import Namespace
from ..facts.types import TypeFacts
from ..facts.world import ScopeFacts, WorldFacts
from .annotations import Annotations, Place
from .imports import Imports
from .signature import Signature

__all__ = ["ResourceAlias", "ResourceView", "declared_resources", "dropped_hook", "resource_names"]


@frozen
class ResourceView:
    """A resource's class."""

    name: str
    constant: str
    doc: str
    bases: tuple[str, ...]
    functions: tuple[Signature, ...]
    waits: bool = False
    """Whether `subscribe` offers a pollable, and the name `wait` is free."""

    @property
    def dropped_hook(self) -> str:
        """The name of the hook for dropped handles if WIT itself declares `dropped`; otherwise empty."""
        return dropped_hook(self.functions)


@frozen
class ResourceAlias:
    """`type a = b`, where b is a resource of the same module."""

    name: str
    target: str


def dropped_hook(functions: Sequence[Signature]) -> str:
    """Return the name of the host's hook among `functions` where they have taken `dropped`, and nothing otherwise."""
    names = Namespace(function.name for function in functions)
    return names.take("handle_dropped") if "dropped" in names else ""


def declared_resources(facts: WorldFacts, scope: ScopeFacts) -> tuple[tuple[ir.TypeId, TypeFacts], ...]:
    """Return the resources that a scope declares itself."""
    types = scope.types.items()
    return tuple((id, fact) for id, fact in types if isinstance(facts.resolve.type_def(id).kind, ir.Resource))


def resource_names(
    facts: WorldFacts, scope: ScopeFacts, imports: Imports, place: Place
) -> tuple[list[str], list[ResourceAlias]]:
    """Import the resources that a scope `use`s, under its names for them, and list aliases of its own resources."""
    annotations = Annotations(facts, imports, place, scope.module)
    imported: list[str] = []
    aliases: list[ResourceAlias] = []
    for id, fact in scope.types.items():
        resource = facts.resource_of(id)
        if resource is None or resource == id:
            continue
        module, name = annotations.resource_place(resource)
        if module is None:
            aliases.append(ResourceAlias(fact.name, name))
        else:
            imported.append(imports.reexport(module, name, fact.name))
    return imported, aliases


def resource_doc(facts: WorldFacts, id: ir.TypeId) -> str:
    """Return the documentation of a resource, or its declaration where it has none."""
    definition = facts.resolve.type_def(id)
    return definition.docs.contents if definition.docs else f"`resource {definition.name}`."


def resource_bases(
    facts: WorldFacts, scope: ScopeFacts, fact: TypeFacts, imports: Imports, place: Place, base: str
) -> tuple[str, ...]:
    """Return the bases of a resource's class: the runtime's, and the one that represents it in shared values."""
    if fact not in facts.marked_resources(scope):
        return (base,)
    types = imports.module(f"{place.up}types", scope.module, "_types")
    return (base, f"{types}.{fact.name}")
