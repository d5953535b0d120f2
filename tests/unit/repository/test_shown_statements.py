"""docs/internals/golem-agents.md: every statement has a test that exists, or says why not."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tests.support.paths import DOCS, ROOT

PAGE = DOCS / "internals" / "golem-agents.md"
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in PAGE.read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and line != "| statement | shown by |"
]
TEST = re.compile(r"`([\w/]+\.py)::(\w+)`")
WITHOUT = ("no test", "not so here")


@cache
def names_in(path: str) -> frozenset[str]:
    """Return the names of the tests of a file."""
    tree = ast.parse((ROOT / "tests" / "golem" / path).read_text(encoding="utf-8"))
    functions = (node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))
    return frozenset(each.name for each in functions if each.name.startswith("test_"))


def test_there_are_rows() -> None:
    assert len(ROWS) > 100
    assert all(len(row) == 2 for row in ROWS)


@pytest.mark.parametrize(("statement", "shown"), ROWS, ids=[row[0] for row in ROWS])
def test_each_statement_is_shown(statement: str, shown: str) -> None:
    named = TEST.findall(shown)
    assert named or shown.startswith(WITHOUT), statement
    assert [f"{path}::{name}" for path, name in named if name not in names_in(path)] == []
