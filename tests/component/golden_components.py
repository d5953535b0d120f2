"""Golden worlds as components."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import witgen

__all__ = ["BIN", "CASES", "GOLDEN", "World", "documented", "run", "world_of"]

GOLDEN = Path(__file__).parent.parent.parent / "golden"
# Other tools read these worlds too, so all of their WIT has to be there: no package that witgen brings.
CASES = sorted(
    path.parent.name for path in GOLDEN.glob("*/witgen.toml") if "golem" not in tomllib.loads(path.read_text())
)
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
