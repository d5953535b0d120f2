"""The outline of a WIT tree, as a tree for people and as JSON; with the items left out, and the reasons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from ..base.frozen import frozen
from .model import ir
from .model.text import function_text, kind_text, type_text
from .resolve import select_world

__all__ = ["Entry", "entries", "outline", "outline_json"]

Json: TypeAlias = "bool | str | list[Json] | dict[str, Json] | None"


@frozen
class Entry:
    """One line of the outline: kind and name of an item; `text` is its WIT spelling.

    `left_out` is the reason why the item is left out: a feature that is not active.
    """

    kind: str
    name: str
    text: str
    docs: str | None = None
    left_out: str | None = None
    children: tuple[Entry, ...] = ()


def outline(resolve: ir.Resolve, *, world: str | None = None, all_packages: bool = True) -> str:
    """Return the outline as text; with `world`, of that world and the interfaces it imports and exports."""
    lines: list[str] = []
    for entry in entries(resolve, world=world, all_packages=all_packages):
        lines.append(_line(entry))
        lines += _branches(entry.children, "")
    return "".join(f"{line}\n" for line in lines)


def outline_json(resolve: ir.Resolve, *, world: str | None = None, all_packages: bool = True) -> list[Json]:
    """Return the outline for programs: objects with `kind`, `name`, `text`, `docs`, `left_out` and `children`."""
    return [_as_json(entry) for entry in entries(resolve, world=world, all_packages=all_packages)]


def entries(resolve: ir.Resolve, *, world: str | None = None, all_packages: bool = True) -> list[Entry]:
    """Return the outline: the packages, the main one first; or one world. Raises `WitgenError` for an unknown world."""
    inspector = _Inspector(resolve)
    if world is not None:
        return [inspector.world(select_world(resolve, world), in_full=True)]
    order = sorted(range(len(resolve.packages)), key=lambda id: (id != resolve.main, resolve.packages[id].name))
    return [inspector.package(ir.PackageId(id)) for id in (order if all_packages else order[:1])]


def _as_json(entry: Entry) -> Json:
    return {
        "kind": entry.kind,
        "name": entry.name,
        "text": entry.text,
        "docs": entry.docs,
        "left_out": entry.left_out,
        "children": [_as_json(child) for child in entry.children],
    }


def _branches(children: Iterable[Entry], indent: str) -> Iterator[str]:
    listed = list(children)
    for number, child in enumerate(listed):
        is_last = number == len(listed) - 1
        yield f"{indent}{'└── ' if is_last else '├── '}{_line(child)}"
        yield from _branches(child.children, indent + ("    " if is_last else "│   "))


def _line(entry: Entry) -> str:
    return entry.text if entry.left_out is None else f"{entry.text}  (left out: {entry.left_out})"


class _Inspector:
    def __init__(self, resolve: ir.Resolve) -> None:
        self._resolve = resolve
        self._gated: dict[tuple[ir.PackageId, str | None], list[ir.GatedItem]] = {}
        for item in resolve.gated:
            self._gated.setdefault((item.package, item.scope), []).append(item)

    # ---- Packages

    def package(self, id: ir.PackageId) -> Entry:
        package = self._resolve.packages[id]
        children = [
            *(self.interface(interface) for interface in package.interfaces.values()),
            *(self.world(world, in_full=False) for world in package.worlds.values()),
            *self._left_out(id, None),
        ]
        return Entry(
            "package", str(package.name), f"package {package.name}", _docs(package.docs), None, tuple(children)
        )

    def _left_out(self, package: ir.PackageId, scope: str | None) -> Iterator[Entry]:
        for item in self._gated.get((package, scope), ()):
            reason = f"feature `{item.feature}` is not active"
            yield Entry(item.kind, item.name, f"{item.kind} {item.name}", None, reason)

    # ---- Interfaces

    def interface(self, id: ir.InterfaceId) -> Entry:
        interface = self._resolve.interfaces[id]
        name = interface.name or ""
        return Entry(
            "interface",
            name,
            f"interface {name}".rstrip(),
            _docs(interface.docs),
            None,
            tuple(self._members(interface)),
        )

    def _members(self, interface: ir.Interface) -> Iterator[Entry]:
        for name, id in interface.types.items():
            yield self._type(name, id, interface.functions)
        for function in interface.functions.values():
            if function.kind.resource is None:
                yield self._function(function)
        if interface.name is not None:
            yield from self._left_out(interface.package, interface.name)

    def _type(self, name: str, id: ir.TypeId, functions: Mapping[str, ir.Function]) -> Entry:
        definition = self._resolve.types[id]
        kind, text = self._describe(name, definition)
        members: tuple[Entry, ...] = ()
        if isinstance(definition.kind, ir.Resource):
            members = tuple(self._function(function) for function in self._resolve.functions_of(functions, id))
        elif isinstance(definition.kind, ir.Record):
            members = tuple(self._part("field", f.name, f.type, f.docs) for f in definition.kind.fields)
        elif isinstance(definition.kind, ir.Variant):
            members = tuple(self._part("case", c.name, c.type, c.docs) for c in definition.kind.cases)
        elif isinstance(definition.kind, ir.Enum):
            members = tuple(self._part("case", c.name, None, c.docs) for c in definition.kind.cases)
        elif isinstance(definition.kind, ir.Flags):
            members = tuple(self._part("flag", f.name, None, f.docs) for f in definition.kind.flags)
        return Entry(kind, name, text, _docs(definition.docs), None, members)

    def _describe(self, name: str, definition: ir.TypeDef) -> tuple[str, str]:
        """Return the kind of a type, and its line."""
        kind = definition.kind
        if isinstance(kind, ir.Record | ir.Variant | ir.Enum | ir.Flags | ir.Resource):
            word = type(kind).__name__.lower()
            return word, f"{word} {name}"
        if isinstance(kind, ir.Alias) and isinstance(kind.type, ir.TypeRef):
            target = self._resolve.types[kind.type.id]
            if target.owner != definition.owner and target.owner is not None and target.owner.interface is not None:
                source = self._interface_name(target.owner.interface)
                renamed = f"{target.name} as {name}" if target.name != name else name
                return "use", f"use {source}.{{{renamed}}}"
        return "type", f"type {name} = {self._type_text(kind)}"

    def _type_text(self, kind: ir.TypeKind) -> str:
        if isinstance(kind, ir.Own):
            return f"own<{self._resolve.types[kind.resource].name}>"
        return kind_text(self._resolve, kind)

    def _part(self, kind: str, name: str, type: ir.Type | None, docs: ir.Docs | None) -> Entry:
        if type is None:
            return Entry(kind, name, name, _docs(docs))
        text = type_text(self._resolve, type)
        return Entry(kind, name, f"{name}: {text}" if kind == "field" else f"{name}({text})", _docs(docs))

    def _function(self, function: ir.Function) -> Entry:
        return Entry("function", function.item_name, function_text(self._resolve, function), _docs(function.docs))

    def _interface_name(self, id: ir.InterfaceId) -> str:
        return self._resolve.interface_name(id) or "(inline)"

    # ---- Worlds

    def world(self, id: ir.WorldId, *, in_full: bool) -> Entry:
        """Return a world; `in_full`, with the members of its interfaces."""
        world = self._resolve.worlds[id]
        package = self._resolve.packages[world.package].name
        version = f"@{package.version}" if package.version is not None else ""
        name = f"{package.namespace}:{package.name}/{world.name}{version}" if in_full else world.name
        children = [
            *self._items(world.imports, "import", in_full=in_full),
            *self._items(world.exports, "export", in_full=in_full),
            *self._left_out(world.package, world.name),
        ]
        return Entry("world", world.name, f"world {name}", _docs(world.docs), None, tuple(children))

    def _items(self, items: Mapping[ir.WorldKey, ir.WorldItem], side: str, *, in_full: bool) -> Iterator[Entry]:
        functions = {key: item for key, item in items.items() if isinstance(item, ir.Function) and isinstance(key, str)}
        for key, item in items.items():
            match item:
                case ir.TypeItem():
                    yield self._type(str(key), item.id, functions)
                case ir.Function():
                    if item.kind.resource is None:
                        entry = self._function(item)
                        yield Entry(side, entry.name, f"{side} {entry.text}", entry.docs)
                case ir.InterfaceItem():
                    yield self._interface_item(side, key, item, in_full=in_full)

    def _interface_item(self, side: str, key: ir.WorldKey, item: ir.InterfaceItem, *, in_full: bool) -> Entry:
        interface = self._resolve.interfaces[item.id]
        full = self._resolve.interface_name(item.id)
        name = key if isinstance(key, str) else full or ""
        label = name if name == full else f"{name}: {full or 'interface'}"
        members = tuple(self._members(interface)) if in_full or interface.name is None else ()
        return Entry(side, name, f"{side} {label}", _docs(item.docs or interface.docs), None, members)


def _docs(docs: ir.Docs | None) -> str | None:
    return docs.contents if docs is not None else None
