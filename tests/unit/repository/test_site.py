"""The site: every page is in its navigation, the API is there, and each promise of docs/security.md has a test."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.paths import DOCS, ROOT
from tests.unit.repository.test_public_names import PUBLIC

NAVIGATION = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]
PAGES = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))
SECURITY = DOCS / "security.md"
PROMISES = [
    line.strip("| ").partition(" | ")[::2]
    for line in SECURITY.read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and "`" in line and "::" in line
]


def test_no_page_is_an_orphan() -> None:
    assert [page for page in PAGES if not re.search(rf"[ -]{re.escape(page)}$", NAVIGATION, re.MULTILINE)] == []


def test_the_reference_has_every_public_module() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in (DOCS / "reference").glob("*.md"))
    assert {*re.findall(r"^::: ([\w.]+)$", text, re.MULTILINE)} - {"mkdocs-click"} == {*PUBLIC}


@cache
def names_in(path: str) -> frozenset[str]:
    """Return the names of the tests of a file, those of classes too."""
    tree = ast.parse((ROOT / "tests" / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))


def test_there_are_promises() -> None:
    assert len(PROMISES) > 25


@pytest.mark.parametrize(("promise", "shown"), PROMISES, ids=[promise for promise, _ in PROMISES])
def test_each_promise_has_a_test(promise: str, shown: str) -> None:
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", shown)
    assert named, promise
    assert [f"{path}::{name}" for path, name in named if name not in names_in(path)] == []


@pytest.mark.slow
def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    """Links, anchors and names of the API that lead nowhere are warnings."""
    if find_spec("mkdocs") is None:
        pytest.skip("mkdocs is not installed: uv pip install --group site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path / "site"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "PreparedWorld" in (tmp_path / "site" / "reference" / "witgen_runtime" / "index.html").read_text()
    commands = (tmp_path / "site" / "reference" / "cli" / "index.html").read_text()
    assert "--strip-docstrings" in commands
    assert "UNSET" not in commands
