"""Every supported wasmtime on every supported Python: all tests of this folder, in an environment of their own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from witgen.runtime.host.ffi import SUPPORTED

ROOT = Path(__file__).parent.parent.parent
UV = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
PYTHONS = ("3.11", "3.12", "3.13")


def run(*command: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(list(map(str, command)), cwd=ROOT, capture_output=True, text=True)


@pytest.mark.long
@pytest.mark.skipif(UV is None, reason="needs uv")
@pytest.mark.parametrize("wasmtime", SUPPORTED)
@pytest.mark.parametrize("python", PYTHONS)
def test_the_host_runtime(python: str, wasmtime: int, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    made = run(UV, "venv", "--quiet", "--python", python, environment)
    assert made.returncode == 0, made.stderr
    own = environment / "bin" / "python"
    wanted = (f"wasmtime=={wasmtime}.*", "pytest>=8", "hypothesis>=6.100", ROOT)
    installed = run(UV, "pip", "install", "--quiet", "--python", own, *wanted)
    assert installed.returncode == 0, installed.stderr
    tested = run(own, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/host")
    assert tested.returncode == 0, tested.stdout
