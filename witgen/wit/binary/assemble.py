"""Puts evaluated instances and components together as interfaces and worlds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from ..model import ir
from .draft import Draft, DraftInterface, DraftPackage, DraftWorld
from .entities import Component, Entity, Exported, Func, FuncType, Instance, Opaque, TypeNode, sort_of
from .names import InterfaceName, is_label, parse_interface
from .problem import Input
from .same import Comparison
from .structure import ExternName, Sort
from .translate import Translator

__all__ = ["Assembler"]

V = TypeVar("V")


class Assembler:
    """Fills a draft from evaluated imports and exports."""

    def __init__(self, input: Input) -> None:
        self.draft = Draft()
        self._input = input
        self._translator = Translator(self.draft, input)
        self._comparison = Comparison(self._translator)
        self._type_nodes: dict[ir.TypeId, TypeNode] = {}
        self._functions: dict[tuple[ir.InterfaceId, str], FuncType] = {}

    def interface_name(self, text: str, at: int, version_suffix: str | None = None) -> InterfaceName:
        """Parse the full name of an interface or world."""
        name = parse_interface(text, version_suffix)
        if name is None:
            raise self._input.unsupported(f"{text!r} is not the name of an interface", at)
        return name

    def interface(self, name: InterfaceName, instance: Instance) -> ir.InterfaceId:
        """Add an instance's exports to the interface of that name."""
        id = self.draft.interface(self.draft.package(name.package), name.name)
        self._fill(id, instance)
        return id

    def world(self, package: DraftPackage, name: str, imports: Sequence[Exported], exports: Sequence[Exported]) -> None:
        """Add a world with these imports and exports."""
        id = self.draft.world(package, name)
        world = self.draft.worlds[id]
        owner = ir.TypeOwner(world=id)
        for item in imports:
            key, value = self._item(world, owner, item, "imports")
            self._put(world.imports, key, value, item)
        # Interfaces first: a type that stands in one and is exported beside it too is the interface's.
        made = {
            item.name.name: self._item(world, owner, item, "exports")
            for item in sorted(exports, key=lambda item: not isinstance(item.entity, Instance))
        }
        for item in exports:
            self._export(world, *made[item.name.name], item)

    def _export(self, world: DraftWorld, key: ir.WorldKey, value: ir.WorldItem, item: Exported) -> None:
        """WIT has no exported types: a plain one becomes the world's own, a resource could not be made."""
        if isinstance(value, ir.TypeItem) and isinstance(self.draft.types[value.id].kind, ir.Resource):
            message = f"the component exports the resource `{item.name.name}` outside an interface"
            raise self._input.unsupported(message, item.at, "in WIT, only interfaces can export resources")
        self._put(world.imports if isinstance(value, ir.TypeItem) else world.exports, key, value, item)

    def _item(
        self, world: DraftWorld, owner: ir.TypeOwner, item: Exported, verb: str
    ) -> tuple[ir.WorldKey, ir.WorldItem]:
        match item.entity:
            case Instance():
                return self._instance_item(world, item.name, item.entity, item.at)
            case Func():
                return item.name.name, self._translator.function(item.name, item.entity, _own_type(world), item.at)
            case _:
                pass
        if (node := _type_node(item.entity)) is None:
            what = "core module" if sort_of(item.entity) is Sort.CORE else sort_of(item.entity).name.lower()
            raise self._input.unsupported(
                f"the component {verb} a {what}, `{item.name.name}`, which WIT cannot express", item.at
            )
        return item.name.name, ir.TypeItem(self._define(item.name, node, owner, item.at))

    def _instance_item(
        self, world: DraftWorld, name: ExternName, instance: Instance, at: int
    ) -> tuple[ir.WorldKey, ir.WorldItem]:
        if is_label(name.name) and name.implements is None:
            id = self.draft.interface(world.package, None)
            self._fill(id, instance)
            return name.name, ir.InterfaceItem(id, external_id=name.external_id)
        full = self.interface_name(name.implements or name.name, at, name.version_suffix)
        id = self.interface(full, instance)
        key = name.name if name.implements is not None else id
        return key, ir.InterfaceItem(id, external_id=name.external_id)

    def _put(
        self, items: dict[ir.WorldKey, ir.WorldItem], key: ir.WorldKey, value: ir.WorldItem, item: Exported
    ) -> None:
        if key in items:
            raise self._input.invalid(f"`{item.name.name}` is declared twice", item.at)
        items[key] = value

    def _fill(self, id: ir.InterfaceId, instance: Instance) -> None:
        interface = self.draft.interfaces[id]
        owner = ir.TypeOwner(interface=id)
        for exported in instance.exports.values():
            if isinstance(exported.entity, Func):
                self._fill_function(id, interface, exported, exported.entity)
            elif (node := _type_node(exported.entity)) is not None:
                self._fill_type(interface, owner, exported, node)
            else:
                what = sort_of(exported.entity).name.lower()
                message = f"an interface exports a {what}, `{exported.name.name}`, which WIT cannot express"
                raise self._input.unsupported(message, exported.at)
        interface.types = _in_order(interface.types, instance)
        interface.functions = _in_order(interface.functions, instance)

    def _fill_type(self, interface: DraftInterface, owner: ir.TypeOwner, exported: Exported, node: TypeNode) -> None:
        name = exported.name.name
        known = interface.types.get(name)
        if known is None:
            interface.types[name] = self._define(exported.name, node, owner, exported.at)
            return
        if not self._comparison.types(self._type_nodes[known], node):
            raise self._differs(interface, name, exported.at)
        self._translator.recognise(node, known)

    def _fill_function(self, id: ir.InterfaceId, interface: DraftInterface, exported: Exported, func: Func) -> None:
        name = exported.name.name
        if name not in interface.functions:
            interface.functions[name] = self._translator.function(exported.name, func, interface.types.get, exported.at)
            self._functions[id, name] = func.type
        elif not self._comparison.functions(self._functions[id, name], func.type):
            raise self._differs(interface, name, exported.at)

    def _define(self, name: ExternName, node: TypeNode, owner: ir.TypeOwner, at: int) -> ir.TypeId:
        id = self._translator.define(name, node, owner, at)
        self._type_nodes[id] = node
        return id

    def _differs(self, interface: DraftInterface, name: str, at: int) -> Exception:
        full = f"{interface.package.name}/{interface.name}"
        return self._input.unsupported(f"`{name}` of `{full}` is imported and exported with different types", at)


def _type_node(entity: Entity) -> TypeNode | None:
    return None if isinstance(entity, (Func, Instance, Component, Opaque)) else entity


def _own_type(world: DraftWorld) -> Callable[[str], ir.TypeId | None]:
    """Return a function that finds the types of a world by name."""

    def find(name: str) -> ir.TypeId | None:
        item = world.imports.get(name)
        return item.id if isinstance(item, ir.TypeItem) else None

    return find


def _in_order(known: Mapping[str, V], instance: Instance) -> dict[str, V]:
    """Order things as the latest instance does if it has all of them; the imports of a component show only a part."""
    names = [name for name in instance.exports if name in known]
    return {name: known[name] for name in names} if len(names) == len(known) else dict(known)
