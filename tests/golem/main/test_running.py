"""Agents built for Golem's main branch, on this machine."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from tests.golem.agents.machine import Machine
from tests.support.guests import once
from witgen.base.resources import AGENTS_WIT
from witgen.build.componentize import Build, build
from witgen.golem.agents.discovery import agents_of
from witgen.golem.worker.errors import WorkerError
from witgen.loading.bindings import generated

APP = Path(__file__).parent / "app" / "everything.py"

pytestmark = pytest.mark.long


@pytest.fixture(scope="session")
def component(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("componentize_py", reason="needs componentize-py")

    def make(folder: Path) -> None:
        shutil.copy(APP, folder)
        out = folder / "everything.wasm"
        build(Build(str(folder / "everything.py"), AGENTS_WIT["main"], "agents", out=out, golem="main"))

    return once(tmp_path_factory, "golem-main", make) / "everything.wasm"


@pytest.fixture
def machine(component: Path, tmp_path: Path) -> Machine:
    return Machine(component, tmp_path)


def test_types(component: Path) -> None:
    world, content, _ = generated(component)
    signatures = {each.name: each.signature for each in agents_of(world, content).find("Everything").methods}
    assert signatures["values"] == (
        "values(when: DateTime, long: Duration, prices: list<tuple<string, f64>>, rights: Rights) -> list<string>"
    )
    assert signatures["say"] == "say(text: text[en]) -> text"
    assert signatures["both"] == "both(multimodal Text: text | Binary: binary) -> string"
    assert signatures["fail"] == "fail()"


def test_values(machine: Machine) -> None:
    given = ('{timestamp: "2026-01-02T03:04:05+00:00"}', "{secs: 5, nanos: 0}", '[("pen", 1.5)]', "{READ, WRITE}")
    assert machine.run('Everything("a")', "values", *given, json=True).text == (
        '["2026-01-02T03:04:05+00:00", "0:00:05", "{\'pen\': 1.5}", "Rights.READ|WRITE"]'
    )
    assert machine.text('Everything("a", s(5))', "say", "hi") == '@t[en]"HI"'
    assert machine.names == ['Everything("a",n)', 'Everything("a",s(5))']


def test_types_that_contain_themselves(machine: Machine) -> None:
    tree = '{name: "root", children: [{name: "leaf", children: []}]}'
    assert machine.text('Everything("a")', "deepest", tree) == '{name: "leaf", children: []}'


def test_recorded_functions_are_called_once(machine: Machine, capfd: pytest.CaptureFixture[str]) -> None:
    """Each call in a process of its own, as it were, which replays the ones before."""
    for city in ("Rome", "Rome", "Oslo"):
        assert machine.text('Everything("a")', "temperature", city) == "21.5"
    calls = [each["kind"] for each in machine.oplog('Everything("a",n)')]
    assert calls.count("persisted-durable-function") == 3


def test_promises_and_other_agents(machine: Machine) -> None:
    assert machine.text('Everything("a")', "promise", "kept") == '"kept"'
    assert machine.text('Everything("a")', "of_another", "b") in {"1", "2"}
    assert machine.text('Everything("b")', "count") == "3"
    assert machine.text('Everything("a")', "count") == "1"


def test_timers(machine: Machine) -> None:
    assert 0.3 <= float(machine.text('Everything("a")', "sleep", "0.3")) < 5
    # The other agent is made first, which takes longer than its sleep.
    assert float(machine.text('Everything("a")', "side_by_side", "0.3")) >= 0.3
    waits = [each for each in machine.oplog('Everything("a",n)') if "wait-for" in each["name"]]
    assert len(waits) == 2


def test_a_sleep_goes_on_after_a_kill(machine: Machine) -> None:
    """The same call sleeps for the rest of its time, and returns the whole of it."""
    agent = 'Everything("a")'
    assert machine.text(agent, "count") == "1"

    def has_slept() -> bool:
        waits = any("wait-for" in each["name"] for each in machine.oplog('Everything("a",n)'))
        if waits:
            time.sleep(6)
        return waits

    machine.killed(has_slept, agent, "sleep", "12")
    begun = time.monotonic()
    slept = float(machine.text(agent, "sleep", "12"))
    assert time.monotonic() - begun < 12
    assert 12 <= slept < 24


def test_timeouts(machine: Machine) -> None:
    assert machine.text('Everything("other")', "count") == "1"
    assert machine.text('Everything("a")', "limited", "0.1", "15") == '"in time"'
    # The timer that was not needed ends in a later call.
    assert float(machine.text('Everything("a")', "sleep", "16")) >= 16
    assert machine.text('Everything("a")', "limited", "20", "0.5") == '"too late"'
    assert float(machine.text('Everything("a")', "sleep", "0.1")) >= 0.1


def test_a_fork(machine: Machine) -> None:
    assert machine.text('Everything("a")', "fork") == '"original"'
    assert len(machine.names) == 2


def test_snapshots(machine: Machine) -> None:
    for number in range(1, 8):
        assert machine.text('Everything("a")', "count") == str(number)
    assert any("snapshot" in each["name"] for each in machine.oplog('Everything("a",n)'))


def test_failures_are_tried_again(machine: Machine) -> None:
    with pytest.raises(WorkerError, match="no such luck"):
        machine.run('Everything("a")', "fail")
    assert len([each for each in machine.said if "attempt" in each]) == 3
