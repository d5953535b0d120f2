"""The world of a component: its imports and exports, as WIT."""

from __future__ import annotations

from ..model import ir
from .assemble import Assembler
from .entities import Exported, Func, Instance, Scope
from .names import InterfaceName, is_label, parse_interface
from .problem import Code, Input

__all__ = ["DEFAULT_WORLD", "assemble_world"]

# A component does not record its world's name; other tools use this name, too.
DEFAULT_PACKAGE = ir.PackageName("root", "component")
DEFAULT_WORLD = "root"


def assemble_world(input: Input, scope: Scope, world: str) -> tuple[Assembler, ir.PackageName]:
    """Assemble the imports and exports of a component as `world`; return it with the name of the package it is in."""
    name = InterfaceName(DEFAULT_PACKAGE, world) if is_label(world) else parse_interface(world)
    if name is None:
        raise input.problem(Code.INVALID, f"{world!r} is not a name for a world")
    assembler = Assembler(input)
    exports = [exported for exported in scope.exports.values() if not _is_initialiser(exported)]
    assembler.world(assembler.draft.package(name.package), name.name, [*scope.imports.values()], exports)
    return assembler, name.package


def _is_initialiser(exported: Exported) -> bool:
    """componentize-py runs its guests' start-up through an export and leaves it in the component; no world has it."""
    if exported.name.name != "exports" or not isinstance(exported.entity, Instance):
        return False
    exports = exported.entity.exports
    functions = [name for name, item in exports.items() if isinstance(item.entity, Func)]
    return functions == ["init"] and "function-export-kind" in exports
