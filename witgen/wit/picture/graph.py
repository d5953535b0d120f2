"""What a picture of a world shows: a node for the world and for each interface that it needs, and their edges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal, TypeAlias

from ...base.frozen import frozen
from ..model import ir
from ..model.text import function_text

__all__ = ["WORLD", "Edge", "Graph", "Kind", "Node", "graph"]

WORLD: Final = "world"
"""The key of the world's node."""

Kind: TypeAlias = Literal["import", "export", "use"]


@frozen
class Node:
    """A box.

    Attributes:
        key: what tells it from others, and its anchor in a page.
        title: the name in its package.
        group: the package that it belongs to; empty for the world.
        lines: what it says below its name.
    """

    key: str
    title: str
    group: str
    lines: tuple[str, ...]


@frozen
class Edge:
    """An arrow from a node to one that it imports, exports, or uses types of; these are in `names`."""

    source: str
    target: str
    kind: Kind
    names: tuple[str, ...] = ()


@frozen
class Graph:
    """Nodes by key, the world first, and edges from left to right: no node reaches itself."""

    nodes: Mapping[str, Node]
    edges: tuple[Edge, ...]


def graph(resolve: ir.Resolve, id: ir.WorldId) -> Graph:
    """Return the graph of a world: all of its interfaces, and those whose types they use.

    What an interface uses is imported by the world as well; that has no edge.
    """
    builder = _Builder(resolve, resolve.worlds[id])
    used = {edge.target for edge in builder.edges if edge.kind == "use" and edge.source != WORLD}
    return Graph(
        builder.nodes, tuple(edge for edge in builder.edges if edge.kind != "import" or edge.target not in used)
    )


class _Builder:
    def __init__(self, resolve: ir.Resolve, world: ir.World) -> None:
        self._resolve = resolve
        self.nodes: dict[str, Node] = {}
        self.edges: list[Edge] = []
        package = resolve.packages[world.package].name
        self.nodes[WORLD] = Node(WORLD, world.name, "", (f"of {package}", *self._own(world)))
        sides: tuple[tuple[Kind, Mapping[ir.WorldKey, ir.WorldItem]], ...] = (
            ("import", world.imports),
            ("export", world.exports),
        )
        for kind, items in sides:
            for key, item in items.items():
                if isinstance(item, ir.InterfaceItem):
                    label = key if isinstance(key, str) else None
                    self.edges.append(Edge(WORLD, self._interface(item.id, label), kind))
        self.edges += self._uses(WORLD, (item.id for item in world.imports.values() if isinstance(item, ir.TypeItem)))

    def _own(self, world: ir.World) -> Iterator[str]:
        """Yield the functions that a world itself imports and exports."""
        for side, items in (("import", world.imports), ("export", world.exports)):
            for item in items.values():
                if isinstance(item, ir.Function) and item.kind.resource is None:
                    yield f"{side} {_shortened(function_text(self._resolve, item))}"

    def _interface(self, id: ir.InterfaceId, label: str | None = None) -> str:
        """Add an interface with all that it uses, once; return its key."""
        interface = self._resolve.interfaces[id]
        name = self._resolve.interface_name(id)
        key = name if name is not None else f"{label}-{id}"
        if key in self.nodes:
            return key
        group = str(self._resolve.packages[interface.package].name)
        self.nodes[key] = Node(key, interface.name or label or "", group, (_counted(self._resolve, interface),))
        self.edges += self._uses(key, interface.types.values(), interface=id)
        return key

    def _uses(self, source: str, types: Iterable[ir.TypeId], interface: ir.InterfaceId | None = None) -> list[Edge]:
        """Return an edge to each interface whose types are used; these interfaces become nodes."""
        found: dict[ir.InterfaceId, list[str]] = {}
        for id in types:
            kind = self._resolve.types[id].kind
            if isinstance(kind, ir.Alias) and isinstance(kind.type, ir.TypeRef):
                used = self._resolve.types[kind.type.id]
                owner = used.owner.interface if used.owner is not None else None
                if owner is not None and owner != interface:
                    found.setdefault(owner, []).append(used.name or "")
        return [Edge(source, self._interface(owner), "use", tuple(names)) for owner, names in found.items()]


def _counted(resolve: ir.Resolve, interface: ir.Interface) -> str:
    kinds = [resolve.types[id].kind for id in interface.types.values()]
    resources = sum(isinstance(kind, ir.Resource) for kind in kinds)
    types = sum(not isinstance(kind, ir.Resource | ir.Alias) for kind in kinds)
    counts = ((resources, "resource"), (types, "type"), (len(interface.functions), "function"))
    return ", ".join(f"{count} {word}{'s' * (count != 1)}" for count, word in counts if count) or "empty"


def _shortened(text: str, length: int = 48) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
