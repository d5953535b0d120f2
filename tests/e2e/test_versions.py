"""Supported releases of wasmtime and Python, each in an environment of its own, with the tests of the host runtime."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from witgen_runtime.host.capi.ffi import SUPPORTED

UV = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
PYTHONS = ("3.11", "3.12", "3.13")
OLDEST, NEWEST = SUPPORTED.start, SUPPORTED.stop - 1

CASES = [(PYTHONS[0], wasmtime) for wasmtime in SUPPORTED]
CASES += [(python, wasmtime) for python in PYTHONS[1:] for wasmtime in (OLDEST, NEWEST)]
"""Every wasmtime on the oldest Python; the oldest and the newest wasmtime on the other ones."""

pytestmark = pytest.mark.skipif(UV is None, reason="needs uv")


def run(*command: object) -> str:
    ran = subprocess.run(list(map(str, command)), cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def check(python: str, wasmtime: int, folder: Path, what: tuple[object, ...], *tests: str) -> None:
    """Run tests on one combination, in an environment with `what`."""
    run(UV, "venv", "--quiet", "--python", python, folder)
    own = folder / "bin" / "python"
    run(UV, "pip", "install", "--quiet", "--python", own, f"wasmtime=={wasmtime}.*", *what)
    run(own, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests)


def test_the_oldest_wasmtime_runs_adapters(tmp_path: Path) -> None:
    files = ("test_composing.py", "test_random_worlds.py", "test_waiting.py")
    needed = (ROOT, "pytest>=8", "hypothesis>=6.100", "filelock>=3.12", "h11>=0.14", "websockets>=15")
    check(sys.executable, OLDEST, tmp_path, needed, *(f"tests/adapters/{name}" for name in files))


@pytest.mark.long
@pytest.mark.parametrize(("python", "wasmtime"), CASES)
def test_the_host_runtime(python: str, wasmtime: int, tmp_path: Path) -> None:
    check(python, wasmtime, tmp_path, (f"{ROOT}[test]",), "tests/host", "tests/adapters")
