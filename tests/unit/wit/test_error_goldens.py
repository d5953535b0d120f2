"""Every error has a code, a case in golden/errors, and a paragraph in docs/errors.

A case has the folder `wit` (or none, where that is the error), perhaps `world.txt` with the world to select, and what
witgen prints in stderr.txt.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from witgen.diagnostics.errors import WitgenError
from witgen.diagnostics.formats import render_github, render_json, render_sarif
from witgen.diagnostics.model import Diagnostic
from witgen.diagnostics.text import render
from witgen.wit.resolve import load, select_world

GOLDEN = ROOT / "golden" / "errors"
CASES = sorted(path.name for path in GOLDEN.iterdir())
CODE = re.compile(r"\bW0[0-7][0-9]{2}\b")


def diagnostics(case: str, monkeypatch: pytest.MonkeyPatch) -> Sequence[Diagnostic]:
    # From the folder of the case, so that paths are the same everywhere.
    monkeypatch.chdir(GOLDEN / case)
    with pytest.raises(WitgenError) as caught:
        run(Path("world.txt"))
    return caught.value.diagnostics


def run(world: Path) -> None:
    resolved = load("wit")
    if world.exists():
        select_world(resolved, world.read_text().strip() or None)


@pytest.mark.parametrize("case", CASES)
def test_text(case: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    found = diagnostics(case, monkeypatch)
    text = render(found, color=False)
    expected = GOLDEN / case / "stderr.txt"
    if request.config.getoption("--update-golden"):
        expected.write_text(text)
    assert text == expected.read_text()
    assert case.partition("-")[0] in {diagnostic.code for diagnostic in found}


def used_codes() -> set[str]:
    folders = [ROOT / "witgen" / "wit" / name for name in ("syntax", "resolve")]
    paths = [ROOT / "witgen" / "wit" / "tree.py", *(path for folder in folders for path in folder.glob("*.py"))]
    return {code for path in paths for code in CODE.findall(path.read_text())}


def test_every_code_has_a_case() -> None:
    assert used_codes() - {case.partition("-")[0] for case in CASES} <= {"W0109"}  # unit/binary has that one


def test_every_code_is_explained_once() -> None:
    headings = [
        heading
        for path in sorted((ROOT / "docs" / "errors").glob("W0[0-7].md"))
        for heading in re.findall(r"^## (W\d{4}):", path.read_text(), flags=re.MULTILINE)
    ]
    assert len(headings) == len(set(headings))
    assert set(headings) >= used_codes()


def test_color_changes_nothing_but_the_color(monkeypatch: pytest.MonkeyPatch) -> None:
    found = diagnostics("W0201-duplicate", monkeypatch)
    colored = render(found, color=True)
    assert "\x1b[1;31merror[W0201]\x1b[0m" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == render(found, color=False)


def test_json(monkeypatch: pytest.MonkeyPatch) -> None:
    first, *_ = json.loads(render_json(diagnostics("W0301-handle", monkeypatch)))
    assert first == {
        "severity": "error",
        "code": "W0301",
        "message": "`account` is not a resource, so there are no handles to it",
        "file": "wit/a.wit",
        "line": 6,
        "column": 28,
        "end_line": 6,
        "end_column": 35,
        "labels": [
            {"message": "defined here", "file": "wit/a.wit", "line": 4, "column": 10, "end_line": 4, "end_column": 17}
        ],
        "help": None,
        "note": None,
    }


def test_github(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = render_github(diagnostics("W0107-missing-package", monkeypatch)).splitlines()
    assert lines[0] == (
        "::error file=wit/a.wit,line=4,col=7,endLine=4,endColumn=17,title=W0107::package `demo:money` is not found"
        "%0Ahelp: there is `demo:money@1.0.0`: versions must match exactly"
    )
    assert len(lines) == 3


def test_sarif(monkeypatch: pytest.MonkeyPatch) -> None:
    log = json.loads(render_sarif(diagnostics("W0203-wrong-kind", monkeypatch)))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    assert run["tool"]["driver"]["rules"] == [{"id": "W0203"}]
    assert [result["locations"][0]["physicalLocation"]["region"]["startLine"] for result in run["results"]] == [6, 10]
    region = run["results"][0]["relatedLocations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 3, "startColumn": 11, "endLine": 3, "endColumn": 19}
