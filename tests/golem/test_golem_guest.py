"""Golem's own world: a component that exports all of it builds, and what is generated passes the type checkers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import SHARED
from witgen import Config, generate
from witgen.build.componentize import Build, build

TREE = SHARED / "wit" / "golem-2026-07"
pytestmark = pytest.mark.skipif(not TREE.is_dir(), reason="Golem's tree is not beside this checkout")

APP = """\
from typing import Any
from golem_bindings.guest import exports
from golem_bindings.guest.exports import (
    golem_agent_guest, golem_api_load_snapshot, golem_api_save_snapshot, golem_tool_guest
)

def implement(base: Any) -> Any:
    return type(base.__name__, (base,), dict.fromkeys(base.__abstractmethods__, lambda self, *given: []))()

exports.serve(
    __name__,
    golem_agent_guest=implement(golem_agent_guest.Guest),
    golem_tool_guest=implement(golem_tool_guest.Guest),
    golem_api_save_snapshot=implement(golem_api_save_snapshot.SaveSnapshot),
    golem_api_load_snapshot=implement(golem_api_load_snapshot.LoadSnapshot),
)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("golem")
    generate(Config(TREE, world="golem", out=folder / "golem_bindings", host=False))
    (folder / "app.py").write_text(APP)
    return folder


@pytest.mark.long
def test_a_component_that_exports_all_builds(folder: Path) -> None:
    assert build(Build(str(folder / "app.py"), TREE, "golem", out=folder / "app.wasm")).size > 1_000_000


@pytest.mark.slow
def test_wrappers_are_typed_without_componentize_py(folder: Path) -> None:
    (folder / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict", "include": ["golem_bindings"]}')
    tools = Path(sys.executable).parent
    # From a folder without this repository's settings.
    mypy = [tools / "mypy", "--strict", "--config-file=", "golem_bindings"]
    pyright = [tools / "pyright", "--pythonpath", sys.executable]
    for command in (mypy, pyright):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
