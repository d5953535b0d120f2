"""One file of tests for a guest: on plain CPython with fakes, and of the component that is built of it."""

from __future__ import annotations

import json
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

pytestmark = pytest.mark.slow

EXAMPLE = ROOT / "examples" / "unit-tests"

# What the plugin does, for those who have the bindings and not witgen.
CONFTEST = """\
import sys

import pytest

sys.modules["witgen"] = None

from greeter_bindings.guest import testing

witgen_fakes = pytest.fixture(testing.installed)


@pytest.fixture(params=["app", "app.wasm"])
def witgen_guest(request, witgen_fakes):
    with testing.opened(request.param, witgen_fakes) as guest:
        yield guest
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return once(tmp_path_factory, "unit", _build)


def _build(folder: Path) -> None:
    shutil.copytree(EXAMPLE, folder, dirs_exist_ok=True)
    generate(Config(folder / "wit", world="greeter", out=folder / "greeter_bindings"))
    build(Build(str(folder / "app.py"), folder / "wit", "greeter", out=folder / "app.wasm"))


@pytest.fixture(scope="module")
def component(project: Path) -> Path:
    return project / "app.wasm"


def run(folder: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    settings = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    return subprocess.run([sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True, env=settings)


def test_on_cpython(project: Path) -> None:
    done = run(project, "pytest", "-q", "-p", "witgen_runtime.testing.plugin")
    assert "7 passed" in done.stdout, done.stdout


def test_of_the_component(project: Path, component: Path) -> None:
    done = run(project, "pytest", "-q", "-p", "witgen_runtime.testing.plugin", "--witgen-component", component)
    assert "7 passed" in done.stdout, done.stdout


def test_without_witgen(project: Path, component: Path) -> None:
    plain = project.parent / "plain"
    shutil.copytree(project, plain)
    (plain / "pyproject.toml").write_text('[tool.pytest.ini_options]\npythonpath = ["."]\n')
    (plain / "conftest.py").write_text(CONFTEST)
    done = run(plain, "pytest", "-q")
    assert "14 passed" in done.stdout, done.stdout


def test_a_component_that_is_missing(project: Path) -> None:
    done = run(project, "pytest", "-q", "-p", "witgen_runtime.testing.plugin", "--witgen-component", "absent.wasm")
    assert "absent.wasm is not a file: build the component first" in done.stdout


def test_a_component_that_is_older_than_its_source(project: Path, component: Path, tmp_path: Path) -> None:
    shutil.copytree(project, tmp_path, dirs_exist_ok=True)
    command = ["pytest", "-q", "-p", "witgen_runtime.testing.plugin", "--witgen-component", component.name]
    assert "warning" not in run(tmp_path, *command).stdout
    with (tmp_path / "app.py").open("a") as file:
        file.write("\n# A comment.\n")
    done = run(tmp_path, *command)
    assert done.returncode == 0
    assert "warning: app.py has changed since app.wasm was built: `witgen build` it again\n" in done.stdout


def test_running_a_component_that_is_older_than_its_source(component: Path, project: Path, tmp_path: Path) -> None:
    shutil.copytree(project, tmp_path, dirs_exist_ok=True)
    command = ["witgen", "run", component.name, "no-such-function"]
    assert "warning" not in run(tmp_path, *command).stderr
    (tmp_path / "app.py").unlink()
    done = run(tmp_path, *command)
    assert done.stderr.startswith("warning: app.py has changed since app.wasm was built: `witgen build` it again\n")
    component_elsewhere = shutil.copy(tmp_path / component.name, tmp_path / "other.wasm")
    assert "warning" not in run(tmp_path, "witgen", "run", component_elsewhere, "no-such-function").stderr


def test_settings_that_are_missing(project: Path) -> None:
    done = run(project, "pytest", "-q", "-p", "witgen_runtime.testing.plugin", "-o", "witgen_bindings=")
    assert "witgen_fakes needs the setting `witgen_bindings`" in done.stdout


@pytest.mark.parametrize("setting", ["witgen_bindings", "witgen_application"])
def test_settings_that_name_no_module(project: Path, setting: str) -> None:
    done = run(project, "pytest", "-q", "-x", "-p", "witgen_runtime.testing.plugin", "-o", f"{setting}=nothing.here")
    assert f"{setting} = nothing.here: there is no module `nothing`: it is the" in done.stdout, done.stdout
    assert "importlib" not in done.stdout


WRONG = """\
witgen_fakes.demo_greeter_chat.Seat.hear.returns(5)
witgen_fakes.demo_greeter_chat.Seat.say.raises(ValueError())
witgen_fakes.wasi_clocks_wall_clock.now.raises(ValueError())
witgen_fakes.demo_greeter_chat.leave.returns(None)
a: list[tuple[int]] = witgen_fakes.demo_greeter_chat.join.calls
b: int = witgen_fakes.demo_greeter_chat.Seat.say.calls[0][1]
witgen_fakes.demo_greeter_chat.join.answers(lambda _, __: witgen_fakes.demo_greeter_chat.Seat())
witgen_guest.great("lobby")
"""


def test_fakes_and_guest_are_typed(project: Path) -> None:
    """The example is clean for both checkers, and every line of what is wrong is found by both."""
    head = [
        "from greeter_bindings.guest.testing import Fakes, Guest",
        "def test(witgen_fakes: Fakes, witgen_guest: Guest) -> None:",
    ]
    lines = [*head, *(f"    {line}" for line in WRONG.splitlines())]
    (project / "wrong.py").write_text("\n".join(lines) + "\n")
    files = ["app.py", "test_app.py", "wrong.py"]
    (project / "pyrightconfig.json").write_text(json.dumps({"typeCheckingMode": "strict", "include": files}))
    for command in (["mypy", "--strict", "--config-file=", *files], ["pyright", "--pythonpath", sys.executable]):
        told = re.findall(r"(\w+)\.py:(\d+)(?::\d+)?(?: -)?:? error", run(project, *command).stdout)
        found = {(file, int(line)) for file, line in told}
        assert found == {("wrong", number) for number in range(3, len(lines) + 1)}
