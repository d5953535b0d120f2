"""`witgen inspect --graph` and `--html`: whole documents that show a world and load nothing from elsewhere."""

from __future__ import annotations

import subprocess
import sys
from html.parser import HTMLParser
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import witgen
from tests.support.paths import DOCS, ROOT
from witgen.wit.model import ir
from witgen.wit.picture import world_page, world_svg
from witgen.wit.picture.graph import WORLD, graph
from witgen.wit.picture.layout import Box, layout

SVG = "{http://www.w3.org/2000/svg}"
EXAMPLE = ROOT / "examples" / "unit-tests" / "wit"
GOLEM = ROOT / "witgen" / "golem" / "wit" / "workers"

WIT = """\
package demo:odd;

interface a {
  /// <b>Bold</b> & "quoted".
  record point { x: u8 }
  area: func(p: point) -> option<point>;
}
interface b { use a.{point as place}; at: func(point: place) -> place; }
world odd {
  import b;
  import inner: interface { line: func(text: string); }
  export a;
  export run: func() -> result;
}
"""


class Page(HTMLParser):
    """Collects anchors, links within the page, and addresses of anything that would be loaded."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id":
                self.ids.add(value or "")
            elif name == "href":
                self.links.append(value or "")
            elif name in {"src", "srcset", "data"} or tag == "link":
                self.loaded.append(value or "")


def world(wit: Path, name: str | None) -> tuple[ir.Resolve, ir.WorldId]:
    resolved = witgen.resolve(wit)
    return resolved, witgen.select_world(resolved, name)


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    (tmp_path / "odd.wit").write_text(WIT)
    return tmp_path / "odd.wit"


def test_a_graph_has_interfaces_and_who_uses_whose_types(odd: Path) -> None:
    shown = graph(*world(odd, None))
    edges = {(edge.source, edge.target, edge.kind, edge.names) for edge in shown.edges}
    assert (WORLD, "demo:odd/b", "import", ()) in edges
    assert (WORLD, "demo:odd/a", "export", ()) in edges
    assert ("demo:odd/b", "demo:odd/a", "use", ("point",)) in edges
    assert [node.title for node in shown.nodes.values()] == ["odd", "a", "b", "inner"]
    assert shown.nodes["demo:odd/a"].lines == ("1 type, 1 function",)
    assert shown.nodes[WORLD].lines == ("of demo:odd", "export run: func() -> result")


def overlap(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.width and other.x < one.x + one.width
        and one.y < other.y + other.height and other.y < one.y + one.height
    )  # fmt: skip


def test_boxes_do_not_overlap_and_arrows_lead_to_the_right() -> None:
    places = layout(graph(*world(GOLEM, "agent")))
    assert len(places.nodes) > 30
    assert [pair for pair in combinations(places.nodes.values(), 2) if overlap(*pair)] == []
    assert [pair for pair in combinations([box for _, box in places.groups], 2) if overlap(*pair)] == []
    for _, boxes in places.paths:
        assert all(left.x + left.width < right.x for left, right in pairwise(boxes))


def test_svg_is_well_formed_and_says_what_it_shows(odd: Path) -> None:
    picture = ET.fromstring(world_svg(*world(odd, None)))
    texts = [element.text for element in picture.iter(f"{SVG}text")]
    assert {"odd", "demo:odd", "a", "b", "inner", "point"} <= {*texts}
    titles = [element.text for element in picture.iter(f"{SVG}title")]
    assert "demo:odd/b uses point of demo:odd/a" in titles


@pytest.mark.parametrize(("wit", "name"), [(EXAMPLE, None), (GOLEM, "agent")], ids=["example", "golem"])
def test_every_link_of_a_page_has_a_target(wit: Path, name: str | None) -> None:
    page = Page(world_page(*world(wit, name)))
    assert page.links
    assert [link for link in page.links if link.removeprefix("#") not in page.ids] == []
    assert page.loaded == []


def test_a_page_is_escaped_and_linked(odd: Path) -> None:
    text = world_page(*world(odd, None))
    assert "&lt;b&gt;Bold&lt;/b&gt; &amp; &quot;quoted&quot;." in text
    assert '<code>area: func(p: <a href="#demo:odd/a.point">point</a>) -> option' not in text  # `->` is escaped
    assert 'area: func(p: <a href="#demo:odd/a.point">point</a>) -&gt; option&lt;' in text
    assert 'at: func(point: <a href="#demo:odd/a.point">place</a>) -&gt; <a href="#demo:odd/a.point">place</a>' in text


def test_the_commands(odd: Path) -> None:
    def inspect(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([sys.executable, "-m", "witgen", "inspect", odd, *arguments], capture_output=True)

    assert inspect("--graph").stdout.startswith(b"<svg ")
    assert inspect("--html").stdout.startswith(b"<!DOCTYPE html>")
    refused = inspect("--html", "--json")
    assert refused.returncode == 2
    assert b"choose one" in refused.stderr
    assert inspect("--graph", "--world", "od").returncode == 2


def test_the_picture_of_the_documentation_is_what_the_command_prints() -> None:
    assert (DOCS / "pictures" / "world.svg").read_text(encoding="utf-8") == world_svg(*world(EXAMPLE, None))
