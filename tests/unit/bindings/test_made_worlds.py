"""Bindings of worlds that nobody would write: every module is imported, and defines and uses what it should."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import witgen
from tests.support.made_trees import TreeMaker
from witgen import Config, generate

WORLDS = {
    "a resource and a type of another interface with its name": (
        "interface i { record t { a: u8 } }"
        "interface j { use i.{t as u}; resource t {} variant v { one(u), two(string) } f: func(x: t) -> v; }"
        "world w { import j; export j; }"
    ),
    "nothing": "world w {}",
    "nothing that can be built": "world w { export f: func() -> map<u8, u8>; }",
    "labels": "interface i { resource r; f: func(x: r); } world w { import l: i; export k: i; }",
}
IMPORT_ALL = """
import importlib, pathlib, sys
for path in sorted(pathlib.Path().rglob("*.py")):
    parts = path.with_suffix("").parts
    importlib.import_module(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generate bindings side by side."""
    root, wit = tmp_path_factory.mktemp("made"), tmp_path_factory.mktemp("wit")
    for number, text in enumerate(WORLDS.values()):
        (wit / f"{number}").mkdir()
        (wit / f"{number}" / "a.wit").write_text(f"package a:b;\n{text}\n")
    for seed in range(40):
        for name, text in TreeMaker(seed).tree().items():
            path = wit / f"seed-{seed}" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    for tree in sorted(wit.iterdir()):
        try:
            resolved = witgen.resolve(tree, all_features=True)
        except witgen.WitgenError:
            continue
        for world in resolved.packages[resolved.main].worlds:
            package = f"w{tree.name}_{world}".replace("-", "_")
            generate(Config(tree, world=world, out=root / package, all_features=True))
    assert len(list(root.iterdir())) > 40
    return root


def test_every_module_is_imported(root: Path) -> None:
    run = subprocess.run([sys.executable, "-W", "error", "-c", IMPORT_ALL], cwd=root, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_names_are_defined_once_and_used(root: Path) -> None:
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "F", "."]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout
