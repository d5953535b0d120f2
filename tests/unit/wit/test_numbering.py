"""Worlds, interfaces, types and packages have the numbers that wasm-tools gives them: the documents are equal."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.wit.test_fixtures import FEATURES, SHARED, fixtures, name
from witgen.base.resources import golem_wit
from witgen.testing import resolve
from witgen.wit.model.numbering import numbered
from witgen.wit.resolve import load

WASM_TOOLS = shutil.which("wasm-tools") or shutil.which("wasm-tools", path=str(Path(sys.executable).parent))
pytestmark = pytest.mark.skipif(WASM_TOOLS is None, reason="wasm-tools is not installed")
TREES = {
    "handles": {
        "a.wit": """package a:b;
interface i {
  resource r { constructor(x: list<u8>); get: func(y: list<u16>) -> option<r>; s: static func() -> r; }
  resource q { m: func(x: r, z: list<u32>) -> r; }
  f: func(x: r, b: borrow<q>, c: list<r>) -> q;
}
interface j { use i.{r}; g: func(x: list<r>) -> r; record t { a: r, b: list<string> } }
world w { import i; use j.{r}; export k: func(x: r) -> list<r>; }
"""
    },
    "packages": {
        "m.wit": "package m:m;\nworld w { export m:one/i; import m:two/i; include m:zero/w; }\n",
        "deps/a.wit": "package m:one;\ninterface i { resource r; f: func() -> r; }\n",
        "deps/b.wit": "package m:two;\ninterface i { resource r; f: func(x: r) -> list<r>; }\n",
        "deps/c.wit": "package m:zero;\nworld w { resource r; import f: func(x: r) -> tuple<r, u8>; }\n",
    },
    "across": {
        "a.wit": """package a:b;
interface types { record node { x: list<tuple<string, u8>> } resource r; record v { a: option<node>, b: r } }
interface user { use types.{node, r, v}; f: func(x: list<node>, y: option<v>) -> result<r, list<v>>; }
world w { import user; export types; export g: func() -> option<list<u8>>; }
"""
    },
}


def same(path: Path, features: list[str]) -> None:
    command = [str(WASM_TOOLS), "component", "wit", "--json", *(f"--features={each}" for each in features), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("wasm-tools refuses it")
    assert json.loads(json.dumps(resolve(str(path), features))) == json.loads(done.stdout)


@pytest.mark.parametrize("tree", TREES)
def test_numbers(tree: str, tmp_path: Path) -> None:
    for file, text in TREES[tree].items():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(text)
    same(tmp_path / "a.wit" if len(TREES[tree]) == 1 else tmp_path, [])


@pytest.mark.parametrize("path", [*fixtures("ok"), *fixtures("codegen")], ids=name)
def test_fixtures(path: Path) -> None:
    same(path, FEATURES)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the trees are not beside this checkout")
@pytest.mark.parametrize("tree", ["golem-1.5.9", "golem-2026-07", "golem-wit-2025-08"])
def test_trees(tree: str) -> None:
    same(SHARED / "wit" / tree, [])


def test_every_type_keeps_its_place() -> None:
    """Numbering changes nothing but numbers: documents of the tree that is shipped name the same types."""
    tree = load(golem_wit("workers"))
    again = numbered(tree)
    names = [[tree.types[id].name for id in each.types.values()] for each in tree.interfaces]
    assert [[again.types[id].name for id in each.types.values()] for each in again.interfaces] == names
    assert len(again.types) == len(tree.types)
