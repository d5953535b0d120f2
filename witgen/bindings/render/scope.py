"""The parts of a generated module of a scope, on either side."""

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

    `place` is the import or the export side. `defined` are further names that the module defines. The names of all
    functions are taken, too: inside their class, methods hide equal names of the module.
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
