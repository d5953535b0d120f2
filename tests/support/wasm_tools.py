"""wasm-tools for the tests: components from a WIT world and a core module."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

WASM_TOOLS = shutil.which("wasm-tools") or shutil.which("wasm-tools", path=str(Path(sys.executable).parent))


def component(wit: Path, world: str | None, core: Path, out: Path) -> None:
    """Make a component of `world`, or of the only one that there is, from a core module in text."""
    embedded = out.with_suffix(".core.wasm")
    _run("component", "embed", *_option(world), wit, core, "-o", embedded)
    _run("component", "new", embedded, "-o", out)


def dummy(wit: Path, world: str | None, out: Path) -> None:
    """Make a component of `world`, or of the only one that there is, whose functions trap."""
    embedded = out.with_suffix(".core.wasm")
    _run("component", "embed", "--dummy-names", "legacy", *_option(world), wit, "-o", embedded)
    _run("component", "new", embedded, "-o", out)


def _option(world: str | None) -> tuple[str, ...]:
    return () if world is None else ("--world", world)


def _run(*arguments: object) -> None:
    run = subprocess.run([str(WASM_TOOLS), *map(str, arguments)], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
