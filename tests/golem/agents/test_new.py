"""`witgen golem new`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def new(folder: Path, name: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "witgen", "golem", "new", name]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_a_project_declares_its_agent(tmp_path: Path) -> None:
    assert new(tmp_path, "shop").returncode == 0
    program = "import agents; from witgen.golem.sdk import definitions; print(definitions()[0].name)"
    run = subprocess.run([sys.executable, "-c", program], cwd=tmp_path / "shop", capture_output=True, text=True)
    assert run.stdout == "Counter\n", run.stderr
    assert "--app shop" in (tmp_path / "shop" / "README.md").read_text()


def test_files_are_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "agents.py").write_text("mine")
    said = new(tmp_path, ".")
    assert said.returncode == 2
    assert "agents.py exists already; choose another folder" in said.stderr
    assert (tmp_path / "agents.py").read_text() == "mine"


@pytest.mark.parametrize("name", ['a"""b', "a b", "ä", "{name}"])
def test_a_name_that_is_none(name: str, tmp_path: Path) -> None:
    said = new(tmp_path, name)
    assert said.returncode == 2
    assert said.stderr.startswith(f"error: {name}: the folder's name is that of the application")
    assert list(tmp_path.iterdir()) == []
