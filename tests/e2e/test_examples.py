"""Each example of examples/ runs with one command, and prints what its README shows."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.pages import blocks, commands, run
from tests.support.paths import ROOT

EXAMPLES = ROOT / "examples"
# What the other ones show is shown by tests of the pages that have the same code.
OF_CI = {"linking"}


def scripted() -> list[object]:
    """Return the examples that one script runs."""
    names = sorted(path.parent.name for path in EXAMPLES.glob("*/run.sh"))
    return [pytest.param(name, marks=[] if name in OF_CI else [pytest.mark.long]) for name in names]


@pytest.mark.parametrize("name", scripted())
def test_one_command_runs_it(name: str, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(EXAMPLES / name, tmp_path / name))
    [session] = [text for language, text, _ in blocks(folder / "README.md") if language == "console"]
    [command] = commands(session)
    done = run(command.line, folder)
    assert (done.returncode, done.stdout) == (0, command.output), done.stderr
