"""What a generated module that stands for a scope is made of, on whatever side."""

from __future__ import annotations

from collections.abc import Iterable

from ..facts.support import Side, obstacle
from ..facts.types import FunctionFacts
from ..facts.world import ScopeFacts, WorldFacts
from .annotations import Place, private
from .imports import Imports
from .resources import declared_resources, resource_names

__all__ = ["ModuleScope", "supported"]


def supported(facts: WorldFacts, functions: Iterable[FunctionFacts], side: Side) -> tuple[FunctionFacts, ...]:
    """Return the functions that the runtime of a side can carry."""
    return tuple(each for each in functions if obstacle(facts.resolve, each.function, side) is None)


class ModuleScope:
    """A scope in a module: its resources, and the imports that the module collects.

    `place` tells the import side from the export side. `defined` are names that the module defines beside them. The
    names of all functions are taken, too: those of methods hide what the module calls so inside their class.
    """

    def __init__(self, facts: WorldFacts, scope: ScopeFacts, place: Place, defined: Iterable[str] = ()) -> None:
        self.facts = facts
        self.scope = scope
        self.place = place
        self.exporting = place.exported is not None
        self.resources = declared_resources(facts, scope)
        classes = [fact.name for _, fact in self.resources]
        members = (function.name for function in scope.functions)
        self.imports = Imports([*classes, *map(private, classes), *members, *defined])
        self.reexported, self.aliases = resource_names(facts, scope, self.imports, place)

    def offered(self) -> list[str]:
        """Return the names of all resources that the module offers."""
        return [*self.reexported, *(fact.name for _, fact in self.resources), *(alias.name for alias in self.aliases)]
