"""What a worker finds when it is loaded again: all that it had, and nothing done twice."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import time

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection

from tests.golem.worker.conftest import Machine
from tests.support.loopback import websocket_server
from witgen.golem.worker.errors import DivergenceError, WorkerError
from witgen_runtime.host import DeadlineError, Trap

pytestmark = pytest.mark.slow


def _silent(connection: ServerConnection) -> None:
    for _ in connection:
        pass


def test_memory_is_there_again(machine: Machine) -> None:
    assert [machine.call("one", "count") for _ in range(3)] == [1, 2, 3]
    assert machine.call("two", "count") == 1


def test_output_comes_once(machine: Machine) -> None:
    for _ in range(3):
        machine.call("one", "count")
    assert machine.output.decode().split() == ["counted", "1", "counted", "2", "counted", "3"]


def test_a_call_under_the_same_key_is_made_once(machine: Machine) -> None:
    assert [machine.call("one", "count", key="same") for _ in range(2)] == [1, 1]
    assert machine.call("one", "count") == 2


def test_clocks_and_random_numbers_are_replayed(machine: Machine) -> None:
    """What was read stands in the memory that is made again; a divergence would end the call."""
    seen = machine.call("one", "look")
    before = time.monotonic()
    assert machine.call("one", "count") == 1
    # The fifty milliseconds that the guest slept are not slept again.
    assert time.monotonic() - before < 5
    assert machine.call("two", "look") != seen


def test_the_monotonic_clock_does_not_go_back(machine: Machine) -> None:
    def reading() -> int:
        return int(machine.call("one", "look")[4])

    assert reading() < reading() < reading()


def test_polls_are_replayed(machine: Machine) -> None:
    with websocket_server(_silent) as url:
        before = time.monotonic()
        assert machine.call("one", "wait", url, 400) == [1]
        assert time.monotonic() - before >= 0.4
    # Nobody serves any more, and nothing is waited for.
    assert machine.call("one", "count") == 1


def test_a_pollable_of_before_follows_the_new_connection(machine: Machine) -> None:
    """The guest has subscribed before its process ended, and never does so again."""
    visits: list[str] = []

    def speak(connection: ServerConnection) -> None:
        visits.append("visit")
        connection.send(f"message {len(visits)}")
        with contextlib.suppress(ConnectionClosed):
            connection.recv()

    with websocket_server(speak) as url:
        for _ in range(2):
            with pytest.raises(DeadlineError):
                machine.call("one", "hear", url, 3, key="k", deadline=1)
        assert machine.call("one", "hear", url, 3, key="k") == ["message 1", "message 2", "message 3"]
    assert len(visits) == 3


def test_a_call_that_goes_on_is_running(machine: Machine) -> None:
    statuses: list[str] = []

    def speak(connection: ServerConnection) -> None:
        with contextlib.closing(sqlite3.connect(machine.state)) as looked:
            statuses.extend(looked.execute("SELECT status FROM workers").fetchone())
        if len(statuses) == 2:
            connection.send("hello")
        connection.recv()

    with websocket_server(speak) as url:
        with pytest.raises(DeadlineError):
            machine.call("one", "hear", url, 1, key="k", deadline=1)
        assert machine.call("one", "hear", url, 1, key="k") == ["hello"]
    assert statuses == ["running", "running"]


def test_a_connection_that_cannot_be_made_again_is_an_error_for_the_guest(machine: Machine) -> None:
    def speak(connection: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            connection.recv()

    with websocket_server(speak) as url, pytest.raises(DeadlineError):
        machine.call("one", "hear", url, 1, key="k", deadline=1)
    with pytest.raises(Trap) as caught:
        machine.call("one", "hear", url, 1, key="k")
    assert "ErrorConnectionFailure" in machine.errors
    assert "Traceback (most recent call last)" in caught.value.stderr
    assert "ErrorConnectionFailure" in caught.value.__notes__[-1]


def test_a_closed_connection_stays_closed(machine: Machine) -> None:
    connections = []

    def once(connection: ServerConnection) -> None:
        connections.append(connection)
        connection.send("only")
        connection.close(4000, "enough")

    with websocket_server(once) as url:
        said = machine.call("one", "after-close", url, key="k")
        assert said[0] == "MessageText(value='only')"
        assert all("4000" in each and "enough" in each for each in said[1:3])
        assert machine.call("one", "after-close", url, key="k") == said
    assert len(connections) == 1


def test_a_failing_worker_is_tried_again_as_it_wants(machine: Machine) -> None:
    assert machine.call("one", "stubborn", "a", 3) == 3
    assert len(machine.said) == 2
    assert "attempt 3 of 5" in machine.said[-1]


def test_a_worker_that_always_fails_is_failed_for_good(machine: Machine) -> None:
    with pytest.raises(Trap) as caught:
        machine.call("one", "stubborn", "b", 100)
    assert "SystemError: only " in caught.value.stderr
    with pytest.raises(WorkerError, match="has failed and takes no more calls: Trap"):
        machine.call("one", "count")


def test_a_region_is_done_as_a_whole(machine: Machine) -> None:
    # Once in vain, and then from its beginning: two more.
    assert machine.call("one", "region", "r") == 3
    assert machine.call("one", "count") == 1


def test_what_is_not_recorded_is_done_again(machine: Machine) -> None:
    first, keys = machine.call("one", "unrecorded", "n")
    assert first == 1
    assert len(set(keys)) == 2
    # Loading the worker again counts on; that it returns another number than recorded is what it asked for.
    with pytest.raises(DivergenceError, match="unrecorded returns"):
        machine.call("one", "count")


def test_functions_that_a_library_records_are_made_once(machine: Machine) -> None:
    assert machine.call("one", "measure", "n", 0) == (1, 2)
    assert machine.call("one", "measure", "n", 0) == (3, 4)
    # The first attempt ends before there is a result: that function is called again, and those before are not.
    assert machine.call("one", "measure", "n", 6) == (6, 7)
    assert machine.call("one", "count") == 1
    assert machine.call("one", "measure", "other", 0) == (1, 2)


def test_a_function_of_a_library_that_never_succeeds_is_given_up(machine: Machine) -> None:
    with pytest.raises(Trap, match="in the middle"):
        machine.call("one", "measure", "n", 100)
    with machine.executor() as executor:
        [record] = executor.records.workers()
    assert (record.status, record.retries) == ("failed", 2)


def test_databases_fail_where_they_are_called(machine: Machine) -> None:
    assert machine.call("one", "count") == 1
    with pytest.raises(NotImplementedError, match=r"golem:rdbms/postgres@0\.0\.1"):
        machine.call("one", "database")


def test_a_worker_that_loops_forever_is_stopped(machine: Machine) -> None:
    with pytest.raises(DeadlineError):
        machine.call("one", "spin", deadline=0.3)
    with machine.executor() as executor:
        [record] = executor.records.workers()
    assert record.status == "interrupted"


def test_waiting_ends_with_the_deadline(machine: Machine) -> None:
    with pytest.raises(DeadlineError):
        machine.call("one", "promised", key="p", deadline=3)
    with machine.executor() as executor:
        [record] = executor.records.workers()
        position = int(re.findall(rb"promise (\d+)", machine.output)[0])
        assert executor.promises.complete(record.number, position, b"kept")
    assert machine.call("one", "promised", key="p") == b"kept"
    assert machine.output.count(b"promise") == 1


def test_receiving_ends_with_the_deadline(machine: Machine) -> None:
    with websocket_server(_silent) as url, pytest.raises(DeadlineError):
        machine.call("one", "after-close", url, deadline=1)


def test_a_copy_waits_for_a_promise_while_its_process_ends(machine: Machine) -> None:
    assert machine.call("one", "part", "copy") == b"original"
    with machine.executor() as executor:
        assert {record.name: record.status for record in executor.records.workers()} == {
            "one": "idle",
            "copy": "suspended",
        }
    position = int(re.findall(rb"promise (\d+)", machine.output)[0])
    assert machine.call("one", "complete", "copy", position, b"at last")
    assert not machine.call("one", "complete", "copy", position, b"too late")
    with machine.executor() as executor:
        [copy] = [record for record in executor.records.workers() if record.name == "copy"]
        last = executor.state.entries(copy.number)[-1]
    assert (copy.status, last.kind) == ("idle", "exported-function-completed")
    assert last.response is not None
    assert last.response.data == b"at last"


def test_two_processes_do_not_share_a_state_file(machine: Machine) -> None:
    with machine.executor(), pytest.raises(WorkerError, match=f"is locked by process {os.getpid()} "):
        machine.executor()
