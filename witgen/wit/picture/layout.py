"""Places for a graph: columns from left to right, so that every edge leads to the right.

The method is Sugiyama's: a node's column is its longest path from the world; an edge over several columns gets a point
in each of them; and nodes are ordered by the means of their neighbours, a few times from either side.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise

from ...base.frozen import frozen
from .graph import WORLD, Edge, Graph, Node

__all__ = ["CHARACTER", "Box", "Layout", "layout"]

CHARACTER = 7.3
"""The width of a character of 12 pixels in a font of one width, and a little more: fonts differ."""
LINE = 17
MARGIN = 24
_PADDING = 12
_BETWEEN = 14
_BETWEEN_GROUPS = 30
_HEADER = 24
_POINT = 10
_SWEEPS = 6


@frozen
class Box:
    """A place of a node, of a package's members in one column, or of an edge that passes by."""

    x: float
    y: float
    width: float
    height: float


@frozen
class Layout:
    """The size of the picture, and places: of nodes, of groups with their names, and the boxes that edges touch."""

    width: float
    height: float
    nodes: Mapping[str, Box]
    groups: tuple[tuple[str, Box], ...]
    paths: tuple[tuple[Edge, tuple[Box, ...]], ...]


@frozen
class _Cell:
    """A member of a column: a node, or a point that an edge passes through."""

    key: str
    group: str
    width: float
    height: float


def layout(graph: Graph) -> Layout:
    """Return places for all nodes and edges of a graph."""
    cells = {key: _cell(node) for key, node in graph.nodes.items()}
    columns = _columns(graph)
    chains: list[tuple[Edge, list[str]]] = []
    rows: list[list[str]] = [[] for _ in range(max(columns.values()) + 1)]
    for key, column in columns.items():
        rows[column].append(key)
    for number, edge in enumerate(graph.edges):
        points = [f"{number}:{column}" for column in range(columns[edge.source] + 1, columns[edge.target])]
        for offset, point in enumerate(points, columns[edge.source] + 1):
            cells[point] = _Cell(point, f"\0{point}", 0, _POINT)
            rows[offset].append(point)
        chains.append((edge, [edge.source, *points, edge.target]))
    _order(rows, cells, chains)
    return _place(rows, cells, chains)


def _cell(node: Node) -> _Cell:
    longest = max(len(node.title) + 1, *map(len, node.lines))
    return _Cell(node.key, node.group, longest * CHARACTER + 2 * _PADDING, (1 + len(node.lines)) * LINE + _PADDING)


def _columns(graph: Graph) -> dict[str, int]:
    """Return the number of each node's column: the length of its longest path from the world."""
    columns = dict.fromkeys(graph.nodes, 1) | {WORLD: 0}
    for _ in graph.nodes:
        for edge in graph.edges:
            columns[edge.target] = max(columns[edge.target], columns[edge.source] + 1)
    return columns


def _order(rows: list[list[str]], cells: Mapping[str, _Cell], chains: Iterable[tuple[Edge, list[str]]]) -> None:
    """Sort each column by the means of its neighbours' places; members of a package stay together."""
    left: dict[str, list[str]] = {}
    right: dict[str, list[str]] = {}
    for _, chain in chains:
        for source, target in pairwise(chain):
            left.setdefault(target, []).append(source)
            right.setdefault(source, []).append(target)
    places: dict[str, float] = {}
    for row in rows:
        row.sort(key=lambda key: (cells[key].group, key))
        places |= {key: index / len(row) for index, key in enumerate(row)}
    for sweep in range(_SWEEPS):
        neighbours = right if sweep % 2 else left
        for row in reversed(rows) if sweep % 2 else rows:
            _sort(row, {key: _mean([places[other] for other in neighbours.get(key, [key])]) for key in row}, cells)
            places |= {key: index / len(row) for index, key in enumerate(row)}


def _sort(row: list[str], means: Mapping[str, float], cells: Mapping[str, _Cell]) -> None:
    groups: dict[str, list[float]] = {}
    for key in row:
        groups.setdefault(cells[key].group, []).append(means[key])
    row.sort(key=lambda key: (_mean(groups[cells[key].group]), cells[key].group, means[key], key))


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _place(rows: list[list[str]], cells: Mapping[str, _Cell], chains: Iterable[tuple[Edge, list[str]]]) -> Layout:
    chains = list(chains)
    heights = [_height(row, cells) for row in rows]
    places: dict[str, Box] = {}
    groups: list[tuple[str, Box]] = []
    x = float(MARGIN)
    for row, height in zip(rows, heights, strict=True):
        width = max(cells[key].width for key in row)
        _fill(row, cells, Box(x, MARGIN + (max(heights) - height) / 2, width, height), places, groups)
        x += width + _gap(row, chains)
    paths = tuple((edge, tuple(places[key] for key in chain)) for edge, chain in chains)
    nodes = {key: box for key, box in places.items() if not cells[key].group.startswith("\0")}
    right = max(box.x + box.width for box in nodes.values())
    return Layout(right + MARGIN, max(heights) + 2 * MARGIN, nodes, tuple(groups), paths)


def _gap(row: list[str], chains: Iterable[tuple[Edge, list[str]]]) -> float:
    """Return the room on the right of a column, for the words of the edges that begin there."""
    words = [len(", ".join(edge.names)) for edge, chain in chains if chain[0] in row]
    return 70 + min(max(words, default=0), 30) * CHARACTER


def _steps(row: list[str], cells: Mapping[str, _Cell]) -> list[tuple[str, float, float]]:
    """Return the members of a column with the room above and below each."""
    found: list[tuple[str, float, float]] = []
    for index, key in enumerate(row):
        group = cells[key].group
        first = index == 0 or cells[row[index - 1]].group != group
        last = index + 1 == len(row) or cells[row[index + 1]].group != group
        named = bool(group) and not group.startswith("\0")
        found.append(
            (key, _HEADER if first and named else 0, (_BETWEEN_GROUPS if named else _BETWEEN) if last else _BETWEEN)
        )
    return found


def _height(row: list[str], cells: Mapping[str, _Cell]) -> float:
    return sum(above + cells[key].height + below for key, above, below in _steps(row, cells))


def _fill(
    row: list[str],
    cells: Mapping[str, _Cell],
    column: Box,
    places: dict[str, Box],
    groups: list[tuple[str, Box]],
) -> None:
    """Give places to the members of a column, and to the packages around them."""
    y = column.y
    for key, above, below in _steps(row, cells):
        cell = cells[key]
        y += above
        places[key] = Box(column.x, y, column.width, cell.height)
        if cell.group and not cell.group.startswith("\0"):
            if above:
                groups.append((cell.group, Box(column.x - 10, y - _HEADER, column.width + 20, 0)))
            name, start = groups[-1]
            groups[-1] = name, Box(start.x, start.y, start.width, y + cell.height + 10 - start.y)
        y += cell.height + below
