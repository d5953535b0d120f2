"""`witgen build`: what is built, what is not built again, what is said about failures."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from witgen import Config, generate

pytestmark = pytest.mark.slow

WIT = """\
package test:build;
interface kv { resource store { constructor(name: string); get: func() -> string; } merge: func() -> u32; }
world small { export kv; export run: func() -> u32; }
"""
APP = """\
from small_bindings.guest import exports
from small_bindings.guest.exports import test_build_kv
class Store(test_build_kv.Store):
    def __init__(self, name: str) -> None: self.name = name
    def get(self) -> str: return self.name
class Kv(test_build_kv.Kv):
    Store = Store
    def __init__(self, parts: int, *, spare: int) -> None: self.parts = parts + spare
    def merge(self) -> int: return self.parts
exports.serve(__name__, run=lambda: 1, test_build_kv=Kv(1, spare=2))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("build")
    (folder / "wit").mkdir()
    (folder / "wit" / "small.wit").write_text(WIT)
    generate(Config(folder / "wit", world="small", out=folder / "small_bindings"))
    return folder


def build(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    root = str(ROOT)
    command = [sys.executable, "-m", "witgen", "build", *arguments]
    environment = {**os.environ, "PYTHONPATH": root, **variables}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)


@pytest.mark.long
@pytest.mark.slow
def test_packages_come_from_the_python_that_runs_witgen(folder: Path) -> None:
    """No environment is active, and `python3` on PATH, which componentize-py would ask, is another one."""
    (folder / "packaged.py").write_text(f"import iniconfig\n{APP}")
    first, again = (build(folder, "packaged.py", "-w", "small", VIRTUAL_ENV="", PATH=os.defpath) for _ in range(2))
    assert "packaged.wasm: built" in first.stderr, first.stderr
    assert "nothing has changed" in again.stderr


@pytest.mark.long
def test_builds_once(folder: Path) -> None:
    (folder / "app.py").write_text(APP)
    first, again = build(folder, "app.py", "-w", "small"), build(folder, "app.py", "-w", "small")
    assert (folder / "app.wasm").stat().st_size > 1_000_000
    assert "app.wasm: built" in first.stdout + first.stderr, first.stderr
    assert "nothing has changed" in again.stdout + again.stderr
    (folder / "app.py").write_text(APP + "# changed\n")
    changed = build(folder, "app.py", "-w", "small")
    assert "app.wasm: built" in changed.stdout + changed.stderr


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param(
            ("    def get(self)", "    def got(self)"),
            "must implement `test:build/kv: [method]store.get (get of Store)`",
            marks=pytest.mark.long,
        ),
        pytest.param(
            ("    def merge(self)", "    def merged(self)"),
            "error: Kv must implement `merge` of test:build/kv, which the world exports\n",
            marks=pytest.mark.long,
        ),
        pytest.param(
            ("Kv(1, spare=2)", "Kv"),
            "a class in place of an object: pass `Kv(…)` for test:build/kv",
            marks=pytest.mark.long,
        ),
        (("exports.serve", "# exports.serve"), "call `exports.serve(__name__, …)` at its end"),
        pytest.param(
            ("class Kv", "import nothing_like_it\nclass Kv"),
            "`import nothing_like_it` finds nothing",
            marks=pytest.mark.long,
        ),
        pytest.param(
            ("class Kv", "import small_bindings.host\nclass Kv"),
            "the application imports the bindings of hosts",
            marks=pytest.mark.long,
        ),
    ],
)
def test_failures_name_the_fix(folder: Path, change: tuple[str, str], told: str) -> None:
    (folder / "broken.py").write_text(APP.replace(*change))
    done = build(folder, "broken.py", "-w", "small")
    assert done.returncode == 2
    assert told in done.stderr, done.stderr
    assert "witgen_runtime/guest/exports.py" not in done.stderr


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("lambda: 1", "lambda seconds: 1"), "`run` is called with (), which `<lambda>(seconds)` does not accept"),
        (
            ("def merge(self)", "def merge(self, other)"),
            "test:build/kv: `merge` is called with (), which `merge(other)` does not accept",
        ),
        (("lambda: 1", "lambda seconds=1: 1"), None),
        (("lambda: 1", "lambda *all: 1"), None),
    ],
)
def test_functions_that_take_something_else(folder: Path, change: tuple[str, str], told: str | None) -> None:
    """Serving says so, when tests import the application as well as when it is built."""
    (folder / "taking.py").write_text(APP.replace(*change))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", "import taking"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)
    said = done.stderr.splitlines()[-1:]
    assert said == ([f"TypeError: taking: {told}"] if told else [])


def test_agents_without_a_release_of_golem(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text('"""A shop."""\n\nfrom witgen.golem.sdk import agent\n')
    done = build(tmp_path, "shop.py")
    assert done.returncode == 2
    assert done.stderr.startswith("error[W0010]: `wit` does not exist\n --> shop.py:3:1\n")
    assert "help: for agents of `witgen.golem.sdk`, pass --golem 1.5, whose WIT comes with witgen" in done.stderr


def test_a_component_in_place_of_the_application(folder: Path) -> None:
    done = build(folder, "shop.wasm")
    said = "error: shop.wasm is no application: give the Python file, such as shop.py"
    assert (done.returncode, done.stderr.strip()) == (2, said)


def test_a_file_that_is_not_there(folder: Path) -> None:
    done = build(folder, "absent.py")
    assert (done.returncode, done.stderr.strip()) == (2, "error: absent.py does not exist")


@pytest.mark.parametrize("app", ["json.py", "http/server.py", "string"])
def test_a_module_called_like_one_of_python_s(app: str, tmp_path: Path) -> None:
    (tmp_path / "apps" / "http").mkdir(parents=True)
    for name in ("json.py", "http/server.py", "string.py"):
        (tmp_path / "apps" / name).write_text(APP)
    done = build(tmp_path, f"apps/{app}" if app.endswith(".py") else app, "--path", "apps")
    name = app.partition(".")[0].partition("/")[0]
    message = (
        f"the module `{name}` has the name of a module of the standard library, which takes precedence in a component"
    )
    assert (done.returncode, done.stderr.strip()) == (2, f"error: {message}: rename it")


@pytest.mark.long
@pytest.mark.slow
def test_names_come_from_pyproject(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "pyproject.toml").write_text(
        f"[tool.witgen]\nwit = {str(folder / 'wit')!r}\nworld = 'small'\nout = 'small_bindings'\n"
        "full-names = true\nexport-names = { 'test:build/kv' = 'my-kv' }\nworld-module = 'my_world'\n"
    )
    generated = subprocess.run(
        [sys.executable, "-m", "witgen", "generate"], cwd=tmp_path, capture_output=True, text=True
    )
    assert generated.returncode == 0, generated.stderr
    assert "my_kv" in (tmp_path / "small_bindings" / "guest" / "_raw.py").read_text()
    done = build(tmp_path, "app.py")
    assert "app.wasm: built" in done.stdout + done.stderr, done.stderr
    other = build(tmp_path, "app.py", "--world-module", "other_world", "--force")
    assert "generate the bindings again" in other.stderr
