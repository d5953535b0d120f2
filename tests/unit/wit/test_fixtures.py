"""wit-parser's and wit-bindgen's fixtures, and the Golem trees, where the folder with them is present."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.support.paths import SHARED
from tests.unit.wit.same_document import differences
from witgen.diagnostics.errors import WitgenError
from witgen.testing import resolve
from witgen.wit.resolve import load

FIXTURES = SHARED / "fixtures"
pytestmark = pytest.mark.skipif(not FIXTURES.is_dir(), reason="needs ../shared/fixtures")
# What wit-parser's own test driver activates.
FEATURES = ["active"]
PLACE = re.compile(r"-->\s+(\S+?):(\d+):\d+")


def fixtures(group: str) -> list[Path]:
    folder = FIXTURES / group
    if not folder.is_dir():
        return []
    paths = [path for path in sorted(folder.iterdir()) if path.is_dir() or path.suffix in (".wit", ".wat", ".wasm")]
    return [path / "wit" if (path / "wit").is_dir() else path for path in paths]


def name(path: Path) -> str:
    return path.parent.name if path.name == "wit" else path.name


@pytest.mark.parametrize("path", fixtures("ok"), ids=name)
def test_same_document(path: Path) -> None:
    expected = json.loads((path.parent / f"{path.stem}.wit.json").read_text())
    assert differences(expected, json.loads(json.dumps(resolve(str(path), FEATURES)))) == []


@pytest.mark.parametrize("path", fixtures("fail"), ids=name)
def test_rejected_at_the_same_line(path: Path) -> None:
    with pytest.raises(WitgenError) as caught:
        resolve(str(path), FEATURES)
    place = PLACE.search((path.parent / f"{path.stem}.wit.result").read_text())
    if place is not None:
        file, line = place[1].partition("parse-fail/")[2], int(place[2])
        assert (caught.value.file, caught.value.line) == (str(path.parent / file), line)


@pytest.mark.parametrize("path", fixtures("codegen"), ids=name)
def test_resolves(path: Path) -> None:
    assert load(path).worlds


@pytest.mark.parametrize(("tree", "packages"), [("golem-2026-07", 21), ("golem-wit-2025-08", 16)])
def test_golem_trees(tree: str, packages: int) -> None:
    assert len(load(SHARED / "wit" / tree).packages) == packages


def test_comparison_sees_differences() -> None:
    path = next(path for path in fixtures("ok") if path.name == "resources.wit")
    expected = json.loads((path.parent / "resources.wit.json").read_text())
    for change in (
        lambda document: document["types"][0].update(name="other"),
        lambda document: document["interfaces"][0]["functions"].popitem(),
        lambda document: document["worlds"][0]["imports"].update(
            dict(reversed(list(document["worlds"][0]["imports"].items())))
        ),
    ):
        changed = json.loads(json.dumps(expected))
        change(changed)
        if json.dumps(changed) != json.dumps(expected):
            assert differences(expected, changed)
