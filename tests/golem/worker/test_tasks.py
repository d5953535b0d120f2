"""Workers with async functions: what they are told first, they are told first in replay."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from websockets.sync.server import ServerConnection

from tests.golem.guests import built
from tests.golem.worker.conftest import Machine
from tests.support.loopback import websocket_server
from witgen.golem.worker.errors import WorkerError
from witgen_runtime.host import DeadlineError, EngineError, Trap
from witgen_runtime.host.capi.engine import Settings, default_engine, lends_two

pytestmark = [pytest.mark.slow, pytest.mark.long]

_CHANCE = random.Random(11)


@pytest.fixture(scope="session")
def component(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("componentize_py", reason="needs componentize-py")
    return built(Path(__file__).parent / "tasks", "tasks", tmp_path_factory)


def _hesitant(connection: ServerConnection) -> None:
    """Answer each question after a while, now sooner, now later."""
    for question in connection:
        time.sleep(_CHANCE.random() * 0.01)
        connection.send(f"re:{question}")


def _expected(n: int) -> list[str]:
    return sorted(f"re:{name}{number}" for name in "ab" for number in range(n))


def test_answers_come_in_the_same_order_again(machine: Machine) -> None:
    with websocket_server(_hesitant) as url:
        first = machine.call("one", "converse", url, 20)
        second = machine.call("one", "converse", url, 20)
    assert sorted(first) == sorted(second) == _expected(20)
    assert machine.call("one", "heard") == first + second
    assert len(machine.output.splitlines()) == 80


def test_a_declared_error_and_a_crash(machine: Machine) -> None:
    with websocket_server(_hesitant) as url:
        answer = machine.call("one", "fail", url)
        assert answer.value == "re:a0 re:b0"
        with pytest.raises(Trap):
            machine.call("two", "crash", url)
    assert sorted(machine.call("one", "heard")) == _expected(1)
    assert "attempt 3 of 3" in machine.said[-1]
    with pytest.raises(WorkerError, match="has failed and takes no more calls: Trap"):
        machine.call("two", "heard")


def test_a_deadline_ends_what_waits_and_it_goes_on(machine: Machine) -> None:
    speaks = threading.Event()

    def silent(connection: ServerConnection) -> None:
        for question in connection:
            if speaks.is_set():
                connection.send(f"re:{question}")

    with websocket_server(silent) as url:
        with pytest.raises(DeadlineError):
            machine.call("one", "converse", url, 3, key="k", deadline=1)
        speaks.set()
        assert sorted(machine.call("one", "converse", url, 3, key="k")) == _expected(3)


def _start(machine: Machine, url: str, n: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "witgen", "run", str(machine.component), "converse", json.dumps(url), str(n)]
    options = [
        "--json",
        "--worker",
        "one",
        "--state",
        str(machine.state),
        "--key",
        "the call",
        "--guest-stdout",
        "stdout",
    ]
    return subprocess.Popen([*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.long
@pytest.mark.skipif(os.name != "posix", reason="sends signals as Unix does")
def test_kills_and_interrupts_lose_nothing(machine: Machine) -> None:
    machine.call("warm", "heard")
    output, n = "", 200
    with websocket_server(_hesitant) as url:
        for number in (signal.SIGKILL, signal.SIGINT, signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
            process = _start(machine, url, n)
            time.sleep(_CHANCE.uniform(2.5, 4))
            process.send_signal(number)
            text, errors = process.communicate(timeout=60)
            # The last two: it had its result, and the signal came when it was about to exit.
            assert process.returncode in {-9, 130, 143, 0, -signal.SIGINT, -signal.SIGTERM}, errors
            output += text
        text, errors = _start(machine, url, n).communicate(timeout=300)
    *lines, result = text.splitlines()
    transcript = json.loads(result)
    assert sorted(transcript) == _expected(n), errors
    assert machine.call("one", "heard") == transcript
    printed = [*output.splitlines(), *lines]
    # Only what was just being printed when the process died may come twice.
    assert list(dict.fromkeys(line for line in printed if line.startswith("re:"))) == transcript
    assert len(printed) - len(transcript) <= 5


def test_pollables_where_they_work(machine: Machine) -> None:
    assert machine.call("one", "first", 1) == [0]
    assert machine.call("one", "heard") == []
    if lends_two(default_engine(Settings(concurrent=True, interruptible=True))):
        assert machine.call("one", "first", 2) == [0]
    else:
        with pytest.raises(EngineError, match="lends two handles"):
            machine.call("one", "first", 2)


def test_sleeping_inside_an_async_function_is_refused(machine: Machine) -> None:
    with pytest.raises(EngineError, match="return no Pollable, Timer or stream"):
        machine.call("one", "nap")
    assert machine.said == []
