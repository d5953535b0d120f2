"""Pages lead somewhere: every link has a target, and the files that maintainers are told of exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from tests.support.paths import ROOT

PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "examples/**/*.md")
    for path in ROOT.glob(pattern)
)
INTERNAL = [page for page in PAGES if page.startswith(("CONTRIBUTING", "docs/internals/"))]

FOLDERS = ("benchmarks", "docs", "golden", "grammars", "templates", "tests", "witgen", "witgen_runtime")
CHOICE = re.compile(r"\{([^}]*)\}")


def prose(page: Path) -> str:
    """Return a page without its blocks of code."""
    return re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


def paths(page: Path) -> Iterator[str]:
    """Yield the paths in a page that begin with a folder of the project; `{a,b}` stands for several."""
    for name in re.findall(r"`([\w.]+/[^`\s]*)`", prose(page)):
        if name.partition("/")[0] in FOLDERS and "<" not in name:
            parts = [part.split(",") if index % 2 else [part] for index, part in enumerate(CHOICE.split(name))]
            yield from map("".join, product(*parts))


@pytest.mark.parametrize("page", PAGES)
def test_links_have_targets(page: str) -> None:
    here = ROOT / page
    dead = []
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(here)):
        if re.match(r"https?://", link):
            continue
        name, _, anchor = link.partition("#")
        target = here.parent / name if name else here
        if not target.exists() or (anchor and anchor not in anchors(target)):
            dead.append(link)
    assert dead == []


@pytest.mark.parametrize("page", INTERNAL)
def test_files_of_the_project_exist(page: str) -> None:
    assert [name for name in paths(ROOT / page) if not any(ROOT.glob(name.rstrip("/")))] == []
