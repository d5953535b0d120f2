"""Golem's own trees, where they are beside the checkout: they resolve, and their worlds become packages that import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import SHARED
from witgen import Config, generate, resolve

TREES = SHARED / "wit"
pytestmark = pytest.mark.skipif(not TREES.is_dir(), reason="Golem's WIT trees are not beside this checkout")

IMPORT_ALL = """
import importlib, pathlib, sys
root = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(root.parent))
count = 0
for path in sorted(root.rglob("*.py")):
    parts = path.relative_to(root.parent).with_suffix("").parts
    importlib.import_module(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    count += 1
print(count)
"""


@pytest.mark.parametrize(("tree", "packages"), [("golem-wit-2025-08", 13), ("golem-2026-07", 20)])
def test_resolves(tree: str, packages: int) -> None:
    assert len(resolve(TREES / tree).packages) >= packages


@pytest.mark.parametrize(
    ("tree", "world", "interfaces"),
    [
        ("golem-2026-07", "golem", ["golem_websocket_client", "golem_api_host", "wasi_keyvalue_eventual"]),
        ("golem-wit-2025-08", "golem:api/golem-host", ["golem_rpc_types"]),
    ],
)
def test_generates_importable_modules(tree: str, world: str, interfaces: list[str], tmp_path: Path) -> None:
    result = generate(Config(TREES / tree, world=world, out=tmp_path / "golem_bindings"))
    for interface in interfaces:
        assert f"host/{interface}.py" in result.files
        assert f"guest/{interface}.py" in result.files
    command = [sys.executable, "-c", IMPORT_ALL, str(tmp_path / "golem_bindings")]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) == sum(path.endswith(".py") for path in result.files)


def test_every_interface_of_the_world_is_there(tmp_path: Path) -> None:
    """An item that a runtime cannot carry is a warning with its place, never a crash and never silence."""
    tree = resolve(TREES / "golem-2026-07")
    result = generate(Config(TREES / "golem-2026-07", world="golem"))
    written = "".join(result.files.values())
    warned = "".join(diagnostic.message for diagnostic in result.diagnostics)
    world = next(world for world in tree.worlds if world.name == "golem")
    for key in world.imports:
        if isinstance(key, int):
            for name in tree.interfaces[key].functions:
                assert f'"{name}"' in written or f"`{name}`" in warned
    assert all(diagnostic.span is not None for diagnostic in result.diagnostics)
