"""A world as SVG, light or dark as its reader's screen is."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from ..model import ir
from .graph import WORLD, Edge, Node, graph
from .layout import CHARACTER, LINE, Box, Layout, layout

__all__ = ["world_svg"]

_STYLE = """
.witgen { --back: #ffffff; --box: #ffffff; --group: #f3f5f9; --line: #8a93a5; --text: #1b2330; --soft: #5b6577;
  --import: #2166c2; --export: #1f7a3d; background: var(--back); font: 12px ui-monospace, Menlo, Consolas, monospace }
@media (prefers-color-scheme: dark) { .witgen { --back: #161a21; --box: #232936; --group: #1c212b; --line: #77839a;
  --text: #e8ecf4; --soft: #a5afc2; --import: #7db4ff; --export: #79d394 } }
.witgen .back { fill: var(--back) }
.witgen .group { fill: var(--group); stroke: none }
.witgen .box { fill: var(--box); stroke: var(--line) }
.witgen .world .box { stroke: var(--text); stroke-width: 2 }
.witgen text { fill: var(--text) }
.witgen .soft { fill: var(--soft) }
.witgen .title { font-weight: bold }
.witgen path { fill: none; stroke: var(--line); stroke-width: 1.4 }
.witgen .import { stroke: var(--import) }
.witgen .export { stroke: var(--export) }
.witgen .names { fill: var(--soft); stroke: var(--back); stroke-width: 4; paint-order: stroke }
.witgen marker path { fill: context-stroke; stroke: none }
.witgen a:hover .box { stroke-width: 2.5 }
"""
_ARROW = (
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
    '<path d="M0 0 8 4 0 8z"/></marker></defs>'
)


def world_svg(resolve: ir.Resolve, id: ir.WorldId, *, links: bool = False) -> str:
    """Return a picture of a world; with `links`, each box leads to the anchor of its name in the page around it."""
    shown = graph(resolve, id)
    places = layout(shown)
    width, height = round(places.width), round(places.height)
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="witgen" {size} role="img">',
        f"<title>{escape(f'The world {resolve.worlds[id].name}')}</title>",
        f"<style>{_STYLE}</style>",
        _ARROW,
        f'<rect class="back" width="{width}" height="{height}"/>',
        *_groups(places),
        *(_line(edge, boxes) for edge, boxes in places.paths),
        *_names(places),
        *(_node(node, places.nodes[node.key], links=links) for node in shown.nodes.values()),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _groups(places: Layout) -> Iterator[str]:
    for name, box in places.groups:
        place = f'x="{box.x + 10:.0f}" y="{box.y + 16:.0f}"'
        yield f'{_rect("group", box, 8)}<text class="soft" {place}>{escape(name)}</text>'


def _rect(name: str, box: Box, radius: int) -> str:
    place = f'x="{box.x:.0f}" y="{box.y:.0f}" width="{box.width:.0f}" height="{box.height:.0f}"'
    return f'<rect class="{name}" {place} rx="{radius}"/>'


def _line(edge: Edge, boxes: tuple[Box, ...]) -> str:
    """Draw an edge from box to box, in curves between columns and straight through them."""
    first, *rest = boxes
    x, y = first.x + first.width, _middle(first)
    steps = [f"M{x:.0f} {y:.0f}"]
    for box in rest:
        between, end = (x + box.x) / 2, _middle(box)
        steps.append(f"C{between:.0f} {y:.0f} {between:.0f} {end:.0f} {box.x:.0f} {end:.0f}")
        x, y = box.x + box.width, end
        if box is not rest[-1]:
            steps.append(f"L{x:.0f} {y:.0f}")
    verb = {"import": "imports", "export": "exports", "use": f"uses {', '.join(edge.names)} of"}[edge.kind]
    words = escape(f"{edge.source} {verb} {edge.target}")
    return f'<path class="{edge.kind}" d="{"".join(steps)}" marker-end="url(#arrow)"><title>{words}</title></path>'


def _names(places: Layout) -> Iterator[str]:
    """Write the names of the types that edges are there for, beside the box that uses them, from top to bottom."""
    sources: dict[str, list[tuple[Edge, tuple[Box, ...]]]] = {}
    for edge, boxes in places.paths:
        if edge.names:
            sources.setdefault(edge.source, []).append((edge, boxes))
    for paths in sources.values():
        paths.sort(key=lambda path: _middle(path[1][1]))
        for number, (edge, (first, second, *_)) in enumerate(paths):
            x, y = first.x + first.width + 8, _middle(first) + (number - (len(paths) - 1) / 2) * 13 + 4
            room = int((second.x - first.x - first.width - 40) / CHARACTER)
            text = ", ".join(edge.names)
            text = text if len(text) <= room else f"{text[: max(room - 1, 1)]}…"
            yield f'<text class="names" x="{x:.0f}" y="{y:.0f}">{escape(text)}</text>'


def _middle(box: Box) -> float:
    return box.y + box.height / 2


def _node(node: Node, box: Box, *, links: bool) -> str:
    x, y = box.x + 12, box.y + LINE + 1
    parts = [_rect("box", box, 5), f'<text class="title" x="{x:.0f}" y="{y:.0f}">{escape(node.title)}</text>']
    for number, line in enumerate(node.lines, 1):
        parts.append(f'<text class="soft" x="{x:.0f}" y="{y + number * LINE:.0f}">{escape(line)}</text>')
    drawn = f'<g class="{"world" if node.key == WORLD else "interface"}">{"".join(parts)}</g>'
    return f'<a href="#{escape(node.key)}">{drawn}</a>' if links else drawn
