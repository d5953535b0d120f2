"""Waits for other workers and for the next attempt: they end with the call that they belong to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.golem.worker.conftest import Machine
from witgen.golem.worker.errors import Stopped, WorkerError
from witgen.golem.worker.managing import Manager, Reader
from witgen_runtime.host import DeadlineError


@pytest.fixture(scope="module", autouse=True)
def _warm(component: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Compile the component before anything has a deadline."""
    Machine(tmp_path_factory.mktemp("warm") / "state.db", component).call("w", "count")


def _wait_until(holds: Callable[[], object]) -> None:
    while not holds():
        time.sleep(0.05)


def _status(machine: Machine, worker: str) -> str:
    try:
        with Reader(machine.state) as reader:
            return reader.find(worker).status
    except WorkerError:
        return ""


@pytest.mark.slow
def test_an_answer_of_another_worker(machine: Machine) -> None:
    assert machine.call("one", "ask", "two", "count") == "[WitNodePrimU32(value=1)]"
    assert machine.call("one", "ask", "two", "count") == "[WitNodePrimU32(value=2)]"
    assert machine.call("two", "count") == 3


@pytest.mark.slow
def test_a_caller_ends_on_its_deadline_and_goes_on_later(machine: Machine) -> None:
    machine.call("one", "count")
    with pytest.raises(DeadlineError):
        machine.call("one", "ask", "two", "spin", key="k", deadline=3)
    assert _status(machine, "one") == _status(machine, "two") == "interrupted"
    # That the time was up is no answer: the caller asks again.
    with pytest.raises(DeadlineError):
        machine.call("one", "ask", "two", "spin", key="k", deadline=3)
    with Manager(machine.state) as manager:
        assert manager.abandon(manager.find("two")) == "spin"
        assert manager.abandon(manager.find("one")) == "ask"
    assert machine.call("one", "count") == 2
    assert machine.call("two", "count") == 1


@pytest.mark.slow
def test_a_caller_that_waits_can_be_interrupted(machine: Machine) -> None:
    outcome: list[Exception | Stopped] = []

    def ask() -> None:
        try:
            machine.call("one", "ask", "two", "spin", key="k")
        except (Exception, Stopped) as error:  # noqa: BLE001
            outcome.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    _wait_until(lambda: _status(machine, "two") == "running")
    with Reader(machine.state, read_only=False) as reader:
        assert reader.interrupt(reader.find("one"))
    asking.join()
    assert [type(each) for each in outcome] == [Stopped]
    assert _status(machine, "one") == _status(machine, "two") == "interrupted"


@pytest.mark.slow
def test_workers_that_wait_for_each_other_are_refused(machine: Machine) -> None:
    assert "calls itself" in machine.call("one", "ask", "one", "count")


@pytest.mark.slow
def test_the_next_attempt_is_not_waited_for_beyond_the_deadline(machine: Machine) -> None:
    with pytest.raises(DeadlineError, match="including the wait for its next attempt"):
        machine.call("one", "fail-slowly", key="k", deadline=3)
    assert _status(machine, "one") == "interrupted"
    with Manager(machine.state) as manager:
        manager.abandon(manager.find("one"))
    assert machine.call("one", "count") == 1


@pytest.mark.slow
def test_who_waits_for_the_next_attempt_can_be_interrupted(machine: Machine) -> None:
    outcome: list[Exception | Stopped] = []

    def fail() -> None:
        try:
            machine.call("one", "fail-slowly", key="k")
        except (Exception, Stopped) as error:  # noqa: BLE001
            outcome.append(error)

    failing = threading.Thread(target=fail)
    failing.start()
    _wait_until(lambda: _status(machine, "one") == "retrying")
    with Reader(machine.state, read_only=False) as reader:
        assert "witgen workers interrupt one" in reader.shown(reader.find("one"))["ways"][0]
        assert reader.interrupt(reader.find("one"))
    failing.join()
    assert [type(each) for each in outcome] == [Stopped]
    assert _status(machine, "one") == "interrupted"
