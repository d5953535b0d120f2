"""A call costs the same however many there were before."""

from __future__ import annotations

from pathlib import Path

from wasmtime import wat2wasm

from tests.golem.worker.conftest import ADD
from witgen.golem import Executor
from witgen.golem.worker.worker import Worker


class Counted:
    """Counts the instructions of SQLite's machine: a measure that does not depend on how busy this one is."""

    def __init__(self, executor: Executor) -> None:
        self.steps = 0
        executor.state._connection.set_progress_handler(self._step, 1)

    def _step(self) -> int:
        self.steps += 1
        return 0


def test_the_cost_of_a_call_does_not_grow(tmp_path: Path) -> None:
    (tmp_path / "calc.wasm").write_bytes(wat2wasm(ADD))
    with Executor(tmp_path / "state.db") as executor:
        component = executor.add_component(tmp_path / "calc.wasm")
        worker = executor.create(component.id, "one")
        _calls(executor, worker, 0, 10)
        few = _steps(executor, worker, "few")
        _calls(executor, worker, 10, 1500)
        many = _steps(executor, worker, "many")
    assert few[0] > 10
    assert many[0] < 1.5 * few[0]
    assert many[1] < 1.5 * few[1]


def _calls(executor: Executor, worker: Worker, first: int, last: int) -> None:
    export = executor.program(worker.record.component, 0).find("add")
    for number in range(first, last):
        executor.invoke(worker, export.name, export.request([number, 1]), f"key {number}")


def _steps(executor: Executor, worker: Worker, key: str) -> tuple[int, int]:
    """Return what a new call takes, and the same call once more, whose result is known."""
    export = executor.program(worker.record.component, 0).find("add")
    counted = Counted(executor)
    executor.invoke(worker, export.name, export.request([1, 2]), key)
    made, counted.steps = counted.steps, 0
    assert export.result(executor.invoke(worker, export.name, export.request([1, 2]), key)) == 3
    return made, counted.steps
