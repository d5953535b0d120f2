"""What is left out of a component on request, what the build says about the rest, and `--explain`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.guests import importable, once
from witgen.build.stripping import without_names

pytestmark = [pytest.mark.slow, pytest.mark.long]

FILES = {
    "wit/inner.wit": "package test:inner;\nworld inner { export run: func(code: string) -> string; }\n",
    "src/app.py": '''\
"""A docstring."""
import json
import os
import time

from inner_bindings.guest import exports

MODE = os.environ.get("MODE")
STARTED = time.time()  # witgen: frozen


class Documented:
    """A class."""

    def method(self) -> str:
        """A method."""
        return "value"


class Table:
    __doc__ = "assigned"
    name = "assigned"


def shown() -> str:
    """Both"""
    return "Both"


def checked(number: int) -> str:
    try:
        assert number > 0, "not positive"
    except AssertionError as error:
        return str(error)
    return "positive"


def late() -> object:
    import colorsys
    return colorsys.__doc__, colorsys.rgb_to_hls.__doc__


def run(code: str) -> str:
    return str(eval(code))


exports.serve(__name__, run=run)
''',
    "pyproject.toml": """\
[tool.witgen]
wit = "wit"
out = "inner_bindings"

[tool.witgen.build]
strip-docstrings = true
strip-names = true
""",
}


def witgen(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "GITHUB_ACTIONS": ""}
    command = [sys.executable, "-m", "witgen", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment, check=False)


def _build(folder: Path) -> None:
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    assert witgen(folder, "generate").returncode == 0
    done = witgen(folder, "build", "src/app.py", "--explain", "--format", "json")
    assert done.returncode == 0, done.stderr
    (folder / "explained.json").write_text(done.stdout)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return importable(once(tmp_path_factory, "inner", _build))


@pytest.fixture(scope="module")
def explained(project: Path) -> Any:
    return json.loads((project / "explained.json").read_text())


@pytest.fixture(scope="module")
def run(project: Path) -> Iterator[Callable[[str], Any]]:
    from inner_bindings.host import Inner  # type: ignore[import-not-found]

    with Inner.open(project / "app.wasm") as world:
        yield world.run


@pytest.mark.parametrize(
    ("code", "result"),
    [
        ("__doc__, Documented.__doc__, Documented.method.__doc__", "(None, None, None)"),
        ("Documented().method()", "value"),
        ("json.__doc__, json.dumps.__doc__, json.dumps([1])", "(None, None, '[1]')"),
        ("late()", "(None, None)"),
        ("Table.name, Table.__doc__", "('assigned', 'assigned')"),
        ("shown()", "Both"),
        ("checked(-1)", "not positive"),
    ],
)
def test_docstrings_are_left_out_and_nothing_else(run: Callable[[str], Any], code: str, result: str) -> None:
    assert run(code) == result


def test_names_of_functions_are_left_out(project: Path) -> None:
    component = (project / "app.wasm").read_bytes()
    assert without_names(component) == component


def test_reads_at_import_are_warned_of(explained: Any) -> None:
    (found,) = explained["diagnostics"]
    assert (found["code"], found["line"]) == ("W0709", 8)
    assert found["file"].endswith("app.py")
    assert "`os.environ.get('MODE')`" in found["message"]


def test_the_explanation_accounts_for_every_byte(project: Path, explained: Any) -> None:
    assert explained["size"] == (project / "app.wasm").stat().st_size
    parts = {each["name"]: each["size"] for each in explained["parts"]}
    assert sum(parts.values()) == explained["size"]
    assert parts["CPython"] > 5_000_000
    assert "names of functions" not in parts
    assert explained["memory"]["mapped"] is True
    assert explained["memory"]["span"] < 16 << 20


def test_the_explanation_lists_the_modules(explained: Any) -> None:
    modules = {each["name"]: each for each in explained["modules"]}
    origins = {"src.app": "application", "json.decoder": "standard library", "witgen_runtime.check": "witgen's runtime"}
    assert {name: modules[name]["origin"] for name in origins} == origins
    assert all(modules[name]["size"] > 100 for name in origins)
    assert modules["wit_world"]["origin"] == "componentize-py"
    assert (modules["colorsys"]["late"], modules["json"]["late"]) == (True, False)
    # An application without asyncio does not get it, nor what only programs need.
    assert not {"asyncio", "argparse", "statistics", "importlib.resources"} & modules.keys()


def test_the_explanation_needs_no_new_build(project: Path, explained: Any) -> None:
    done = witgen(project, "build", "src/app.py", "--explain", "--format", "json")
    assert "nothing has changed" in done.stderr
    assert json.loads(done.stdout) == {**explained, "diagnostics": []}
    text = witgen(project, "build", "src/app.py", "--explain").stdout
    assert "memory: what was imported" in text
    assert "standard library" in text
    assert "--explain has no form" in witgen(project, "build", "src/app.py", "--explain", "--format", "sarif").stderr
