"""`witgen workers prune`: what it removes, and that workers are afterwards what they were."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.golem.worker.conftest import Machine
from tests.golem.worker.test_updates import CLOCK, RANDOM, _component
from witgen.golem.worker.errors import StateError, WorkerError
from witgen.golem.worker.managing import Manager, Reader
from witgen.golem.worker.snapshots import take_snapshots


@pytest.fixture
def component(tmp_path: Path) -> Path:
    path = tmp_path / "stepper.wasm"
    path.write_bytes(_component(RANDOM))
    return path


def _entries(machine: Machine, worker: str = "one") -> list[str]:
    with Reader(machine.state) as reader:
        return [entry["kind"] for entry in reader.oplog(reader.find(worker))]


def _step(machine: Machine, worker: str = "one", key: str = "") -> int:
    reached: int = machine.call(worker, "step", key=key)
    return reached


@pytest.mark.slow
def test_workers_begin_anew_with_a_snapshot(machine: Machine) -> None:
    assert [_step(machine, key=f"k{number}") for number in range(3)] == [1, 2, 3]
    assert take_snapshots(machine.state, machine.said.append) == 1
    assert machine.said == []
    with Manager(machine.state) as manager:
        pruned = manager.prune()
    assert (pruned.workers, pruned.entries) == ([], 3)
    # The component multiplies what it loads.
    assert _step(machine) == 301
    # Results stay known by their keys.
    assert _step(machine, key="k1") == 2
    assert _entries(machine).count("imported-function-invoked") == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"saving": "unreachable"}, "unreachable"),
        ({"loading": "unreachable"}, "unreachable"),
        ({"refuses": True}, "does not load the snapshot: no!"),
    ],
)
def test_a_worker_that_cannot_stays_what_it_was(
    machine: Machine, component: Path, change: dict[str, str], reason: str
) -> None:
    component.write_bytes(_component(RANDOM, **change))  # type: ignore[arg-type]
    assert [_step(machine) for _ in range(3)] == [1, 2, 3]
    assert take_snapshots(machine.state, machine.said.append) == 0
    [said] = machine.said
    assert said.startswith("worker `one` keeps its oplog as it is: ")
    assert reason in said
    with Manager(machine.state) as manager:
        manager.prune()
    assert _step(machine) == 4


@pytest.mark.slow
def test_a_snapshot_that_was_not_loaded_counts_for_nothing(machine: Machine) -> None:
    """The process was killed between writing a snapshot down and loading it."""
    assert [_step(machine) for _ in range(3)] == [1, 2, 3]
    take_snapshots(machine.state, machine.said.append)
    with closing(sqlite3.connect(machine.state)) as connection, connection:
        connection.execute("UPDATE oplog SET request = '[0, null, \"tried\"]' WHERE name = 'snapshot-based'")
    with Manager(machine.state) as manager:
        assert manager.prune().entries == 0
    assert _step(machine) == 4


@pytest.mark.slow
def test_only_idle_workers_with_snapshots_begin_anew(machine: Machine, component: Path) -> None:
    _step(machine)
    component.write_bytes(_component(RANDOM + "unreachable"))
    with pytest.raises(Exception, match="unreachable"):
        _step(machine, "failed")
    assert take_snapshots(machine.state, machine.said.append) == 1
    assert "successful-update" not in _entries(machine, "failed")
    component.write_bytes(_component(CLOCK))
    assert _step(machine) == 101
    with pytest.raises(WorkerError, match="there is no state file"):
        take_snapshots(machine.state.with_name("none.db"), print)
    with Reader(machine.state), machine.executor(), pytest.raises(StateError, match="locked"):
        take_snapshots(machine.state, print)


@pytest.mark.slow
def test_calls_that_wait_are_not_made_for_a_snapshot(machine: Machine) -> None:
    _step(machine)
    with closing(sqlite3.connect(machine.state)) as connection, connection:
        connection.execute("INSERT INTO invocations VALUES (1, 'later', 'step', '[]', x'', 1, 'pending')")
    assert take_snapshots(machine.state, machine.said.append) == 1
    with Reader(machine.state) as reader:
        assert json.dumps(reader.shown(reader.find("one"))["waiting-calls"]).count("later") == 1
