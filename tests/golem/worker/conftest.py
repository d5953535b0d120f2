from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from wasmtime import wat2wasm

from tests.golem.guests import built
from witgen.golem.worker.executor import Executor
from witgen.golem.worker.instance import Surroundings

ADD = """
(component
  (core module $m
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "fail") (result i32) unreachable)
    (func (export "spin") (loop $again (br $again)))
    (func (export "refuse") (param i32) (result i32) (local.get 0)))
  (core instance $i (instantiate $m))
  (func (export "add") (param "left" s32) (param "right" s32) (result s32) (canon lift (core func $i "add")))
  (func (export "fail") (result u32) (canon lift (core func $i "fail")))
  (func (export "spin") (canon lift (core func $i "spin")))
  (func (export "refuse") (param "is" bool) (result (result)) (canon lift (core func $i "refuse"))))
"""


@pytest.fixture(scope="session")
def component(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("componentize_py", reason="needs componentize-py")
    return built(Path(__file__).parent / "app", "worker", tmp_path_factory)


class Machine:
    """A state file, used by one process after the other: every call has an executor of its own."""

    def __init__(self, state: Path, component: Path) -> None:
        self.state = state
        self.component = component
        self.output = b""
        self.errors = ""
        self.said: list[str] = []

    def _write(self, stream: str, data: bytes) -> None:
        if stream == "stdout":
            self.output += data
        else:
            self.errors += data.decode()

    def executor(self, **surroundings: Any) -> Executor:
        seen = Surroundings(output=self._write, **surroundings)
        return Executor(self.state, surroundings=seen, say=self.said.append)

    def call(self, worker: str, function: str, *arguments: object, key: str = "", **surroundings: Any) -> Any:
        """Call a function of a worker that is loaded for this."""
        with self.executor(**surroundings) as executor:
            component = executor.add_component(self.component)
            made = executor.find_or_create(component.id, worker)
            export = executor.program(component.id, made.record.version).find(function)
            self.count = getattr(self, "count", 0) + 1
            response = executor.invoke(made, export.name, export.request(arguments), key or f"key {self.count}")
            executor.settle()
            return export.result(response)


@pytest.fixture
def machine(tmp_path: Path, component: Path) -> Machine:
    return Machine(tmp_path / "state.db", component)


@pytest.fixture(scope="session")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the component that runs Python on its files."""
    pytest.importorskip("componentize_py", reason="needs componentize-py")
    return built(Path(__file__).parent / "files", "files", tmp_path_factory)


@pytest.fixture
def files(tmp_path: Path, writer: Path) -> Machine:
    return Machine(tmp_path / "state.db", writer)


class Folder:
    """Where somebody works."""

    def __init__(self, path: Path) -> None:
        self.path = path
        (path / "calc.wasm").write_bytes(wat2wasm(ADD))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "witgen", *arguments]
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        return subprocess.Popen(
            command, cwd=self.path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Return exit code, stdout and stderr of a command."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=120)
        assert "Traceback" not in err, err
        return process.returncode, out, err


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)
