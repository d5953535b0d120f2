"""Tests of a guest with streams, state and failures: one file that passes on CPython and against the component."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.guests import once
from tests.support.paths import ROOT
from witgen import Config, generate
from witgen.build.componentize import Build, build
from witgen.golem import WIT

pytestmark = pytest.mark.long

HERE = Path(__file__).parent / "unit_tests"
PROJECT = """\
[tool.pytest.ini_options]
witgen_bindings = "trying_bindings"
pythonpath = ["."]
"""
FAILING = """\
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

def test_a_trap(witgen_guest):
    witgen_guest.slugs(["a trap"])

@settings(database=None, derandomize=True, phases=[Phase.generate, Phase.shrink], max_examples=20)
@given(st.lists(st.sampled_from(["a", "trap", "b"])))
def test_a_property(witgen_guest, titles):
    witgen_guest.slugs(titles)
"""

HEAD = """\
from hypothesis import given
from hypothesis import strategies as st

from trying_bindings.guest.testing import Fakes, Guest
from trying_bindings.guest.testing.wasi_io_streams import InputStream
from trying_bindings.types.wasi_io_streams import StreamErrorClosed

"""


def of_the_page() -> str:
    """Return the tests that docs/testing-guests.md shows for streams and properties."""
    page = (ROOT / "docs" / "testing-guests.md").read_text()
    blocks = re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    return HEAD + "\n".join(each for each in blocks if "StreamErrorClosed" in each or "@given" in each)


def _build(folder: Path) -> None:
    for package in ("cli", "clocks", "filesystem", "http", "io", "random", "sockets"):
        shutil.copytree(WIT / "deps" / package, folder / "wit" / "deps" / package)
    shutil.copy(HERE / "trying.wit", folder / "wit")
    for name in ("app.py", "counting.py"):
        shutil.copy(HERE / name, folder)
    shutil.copy(HERE / "checks.py", folder / "test_app.py")
    (folder / "test_page.py").write_text(of_the_page())
    (folder / "failing.py").write_text(FAILING)
    (folder / "pyproject.toml").write_text(PROJECT)
    generate(Config(folder / "wit", world="trying", out=folder / "trying_bindings"))
    build(Build(str(folder / "app.py"), folder / "wit", "trying", out=folder / "app.wasm"))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return once(tmp_path_factory, "unit-tests-of-streams", _build)


@pytest.fixture(params=["CPython", "component"])
def target(request: pytest.FixtureRequest) -> list[str]:
    return ["--witgen-component", "app.wasm"] if request.param == "component" else []


def run(folder: Path, *arguments: str) -> str:
    settings = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    plugins = ["-p", "witgen_runtime.testing.plugin", "-p", "_hypothesis_pytestplugin", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", "-q", *plugins, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=settings).stdout


def test_the_same_tests_pass(project: Path, target: list[str]) -> None:
    said = run(project, "test_app.py", "test_page.py", *target)
    assert " passed" in said, said
    assert "failed" not in said, said


def test_a_failure_shows_the_guest_s_traceback(project: Path, target: list[str]) -> None:
    said = run(project, "failing.py", *target)
    assert "2 failed" in said, said
    assert "app.py" in said
    assert "in slugs" in said
    assert "ValueError: ['a trap']" in said
    assert "titles=['trap']" in said, "the smallest example"
    assert "Flaky" not in said
