"""The files of workers: a `/` of their own, made again by replay."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from guests import built

from .conftest import Machine


@pytest.fixture(scope="session")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("componentize_py", reason="needs componentize-py")
    return built(Path(__file__).parent / "files", "files", tmp_path_factory)


@pytest.fixture
def files(tmp_path: Path, writer: Path) -> Machine:
    return Machine(tmp_path / "state.db", writer)


def _run(machine: Machine, code: str, worker: str = "ann", **more: Any) -> Any:
    return json.loads(machine.call(worker, "run", code, **more))


def test_a_file_is_there_in_the_next_run_and_for_its_worker_only(files: Machine) -> None:
    _run(files, "with open('/notes.txt', 'a') as file: print('one', file=file)")
    _run(files, "with open('notes.txt', 'a') as file: print('two', file=file)")
    assert _run(files, "result = open('/notes.txt').read()") == "one\ntwo\n"
    assert _run(files, "result = os.listdir('/')", "bob") == []
