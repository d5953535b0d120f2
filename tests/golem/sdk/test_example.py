"""The agents of the examples as their author writes them: tests, types, and what a build says about mistakes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import DOCS, ROOT

EXAMPLE = ROOT / "examples" / "agents"

MISTAKES = """\
from witgen.golem.sdk import agent, endpoint


@agent(mount="/x/{n}")
class Bad:
    def __init__(self, name: str) -> None: ...

    @endpoint.get("/a")
    def get(self, what) -> int: ...
"""


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": "", "NO_COLOR": "1"}
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_tests_pass_on_cpython(tmp_path: Path) -> None:
    folder = shutil.copytree(EXAMPLE, tmp_path / "agents")
    done = run("pytest", "-q", "-p", "no:cacheprovider", "test_agents.py", cwd=folder)
    assert "3 passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.slow
def test_mypy_is_content(tmp_path: Path) -> None:
    folder = shutil.copytree(EXAMPLE, tmp_path / "agents")
    done = run("mypy", "--strict", "agents.py", "test_agents.py", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_pyright_is_content(tmp_path: Path) -> None:
    folder = shutil.copytree(EXAMPLE, tmp_path / "agents")
    (folder / "pyrightconfig.json").write_text(f'{{"typeCheckingMode": "strict", "extraPaths": ["{ROOT}"]}}')
    done = run("pyright", "--pythonpath", sys.executable, "agents.py", "test_agents.py", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.long
@pytest.mark.slow
def test_a_build_shows_mistakes_with_their_lines(tmp_path: Path) -> None:
    pytest.importorskip("componentize_py", reason="needs componentize-py")
    (tmp_path / "bad.py").write_text(MISTAKES)
    done = run("witgen", "build", "bad.py", "--golem", "1.5", cwd=tmp_path)
    assert done.returncode == 2
    assert "error[W0718]: `Bad`: `get` has no type hint for `what`" in done.stderr
    assert " --> bad.py:8:5" in done.stderr
    assert "the mount lacks the constructor's parameter `name`" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_the_documentation(tmp_path: Path) -> None:
    """The programs of the page can be declared, and its tests pass."""
    text = (DOCS / "golem-agents.md").read_text(encoding="utf-8")
    programs = re.findall(r"^```python\n# (\w+)\.py\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert len(programs) == len(re.findall("^```python", text, re.MULTILINE))
    for name, code in programs:
        (tmp_path / f"{name}.py").write_text(code)
    every = [name for name, _ in programs if not name.startswith("test_")]
    (tmp_path / "test_all.py").write_text(
        f"import {', '.join(every)}\nfrom witgen.golem.sdk import definitions\n\n\n"
        "def test_all_are_declared() -> None:\n    assert len(definitions()) == 8\n"
    )
    done = run("pytest", "-q", "-p", "no:cacheprovider", cwd=tmp_path)
    assert "8 passed" in done.stdout, done.stdout + done.stderr
