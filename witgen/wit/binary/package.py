"""WIT packages in binary form: recognised by their exports, and assembled.

Today's encoding exports one component type per interface and per world, under its plain name; the type exports the
interface or the world under its full name and imports the interfaces it uses. The first encoding exported one
component type, `ns:package/wit`, with the whole package in it. Documentation and stability are in a custom section.
"""

from __future__ import annotations

import enum

from ..model import ir
from .assemble import Assembler
from .entities import Component, ComponentType, Entity, Exported, Instance, Named, Scope, peel
from .evaluate import Evaluator
from .names import is_label, parse_interface
from .problem import Input

__all__ = ["Encoding", "assemble_package", "encoding_of"]

WHOLE_PACKAGE = "wit"


class Encoding(enum.Enum):
    """The encodings of WIT packages."""

    PER_PACKAGE = 1
    PER_ITEM = 2


def encoding_of(scope: Scope) -> Encoding | None:
    """Return how a component encodes a WIT package; None for a runnable component."""
    if scope.imports or not scope.exports:
        return None
    if not all(_is_component_type(exported.entity) for exported in scope.exports.values()):
        return None
    first = next(iter(scope.exports))
    if is_label(first):
        return Encoding.PER_ITEM
    name = parse_interface(first)
    return Encoding.PER_PACKAGE if name is not None and name.name == WHOLE_PACKAGE else None


def _is_component_type(entity: Entity) -> bool:
    return isinstance(entity, Named) and isinstance(peel(entity), ComponentType)


def assemble_package(
    input: Input, evaluator: Evaluator, scope: Scope, encoding: Encoding
) -> tuple[Assembler, ir.PackageName]:
    """Assemble the package that the exports of `scope` encode; return it with its name."""
    assembler = Assembler(input)
    names: set[ir.PackageName] = set()
    for exported in scope.exports.values():
        type = peel(exported.entity) if isinstance(exported.entity, Named) else None
        if not isinstance(type, ComponentType):
            raise input.invalid(f"`{exported.name.name}` is not the type of a component", exported.at)
        inner = evaluator.component_type(type)
        if encoding is Encoding.PER_ITEM and len(inner.exports) != 1:
            raise input.invalid(f"`{exported.name.name}` does not hold exactly one interface or world", exported.at)
        if encoding is Encoding.PER_PACKAGE:
            names.add(assembler.interface_name(exported.name.name, exported.at).package)
        for used in inner.imports.values():
            _add_interface(assembler, used, input)
        names.update(_add_item(assembler, evaluator, item, input) for item in inner.exports.values())
    if len(names) != 1:
        both = " and ".join(f"`{name}`" for name in sorted(map(str, names)))
        raise input.invalid(f"one file holds {both}, where one package is expected")
    return assembler, names.pop()


def _add_item(assembler: Assembler, evaluator: Evaluator, item: Exported, input: Input) -> ir.PackageName:
    if not (isinstance(item.entity, Component) and isinstance(item.entity.body, ComponentType)):
        return _add_interface(assembler, item, input)
    name = assembler.interface_name(item.name.name, item.at)
    package = assembler.draft.package(name.package)
    if name.name in package.worlds:
        raise input.invalid(f"the world `{item.name.name}` is declared twice", item.at)
    world = evaluator.component_type(item.entity.body)
    assembler.world(package, name.name, [*world.imports.values()], [*world.exports.values()])
    return name.package


def _add_interface(assembler: Assembler, item: Exported, input: Input) -> ir.PackageName:
    if not isinstance(item.entity, Instance):
        raise input.invalid(f"`{item.name.name}` in a WIT package is neither an interface nor a world", item.at)
    name = assembler.interface_name(item.name.name, item.at)
    assembler.interface(name, item.entity)
    return name.package
