"""The world of a component: what it imports and exports, as WIT."""

from __future__ import annotations

from ..model import ir
from .assemble import Assembler
from .entities import Exported, Func, Instance, Scope
from .problem import Input

__all__ = ["COMPONENT_PACKAGE", "assemble_world"]

# A component does not say how its world was called; these are the names that other tools give it too.
COMPONENT_PACKAGE = ir.PackageName("root", "component")


def assemble_world(input: Input, scope: Scope, world: str) -> Assembler:
    """Assemble the imports and exports of a component as a world of `root:component`."""
    assembler = Assembler(input)
    package = assembler.draft.package(COMPONENT_PACKAGE)
    exports = [exported for exported in scope.exports.values() if not _is_initialiser(exported)]
    assembler.world(package, world, [*scope.imports.values()], exports)
    return assembler


def _is_initialiser(exported: Exported) -> bool:
    """componentize-py runs its guests' start-up through an export and leaves it in the component; no world has it."""
    if exported.name.name != "exports" or not isinstance(exported.entity, Instance):
        return False
    exports = exported.entity.exports
    functions = [name for name, item in exports.items() if isinstance(item.entity, Func)]
    return functions == ["init"] and "function-export-kind" in exports
