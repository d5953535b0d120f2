"""Ctrl-C and SIGTERM: whatever a worker does, its process ends, and the next one goes on from there."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection

from tests.golem.worker.conftest import Folder, Machine
from tests.support.loopback import websocket_server

pytestmark = [pytest.mark.skipif(os.name != "posix", reason="sends signals as Unix does"), pytest.mark.slow]


def _until(state: Path, kind: str, count: int = 1) -> None:
    """Wait until an oplog has so many entries of a kind."""
    _counted(state, "oplog WHERE kind", kind, count)


def _counted(state: Path, where: str, value: str, count: int = 1) -> None:
    due = time.monotonic() + 60
    while time.monotonic() < due:
        with contextlib.suppress(sqlite3.OperationalError):
            # Not there yet, or without tables.
            with contextlib.closing(sqlite3.connect(f"file:{state}?mode=ro", uri=True)) as looked:
                [found] = looked.execute(f"SELECT count(*) FROM {where} = ?", (value,)).fetchone()
            if found >= count:
                return
        time.sleep(0.02)
    raise TimeoutError(value)


def _ended(process: subprocess.Popen[str], number: int) -> tuple[int, str]:
    """Send a signal; return exit code and stderr."""
    begun = time.monotonic()
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert time.monotonic() - begun < 10
    assert "Traceback" not in said
    return process.returncode, said


@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_an_endless_loop_ends(folder: Folder, number: int, code: int, word: str) -> None:
    state = folder.path / ".witgen" / "state.db"
    folder.run("run", "calc.wasm", "add", "1", "2", "--worker", "before")
    process = folder.start("run", "calc.wasm", "spin", "--worker", "w")
    _until(state, "exported-function-invoked", 2)
    given, said = _ended(process, number)
    assert given == code
    assert said == (
        f"witgen: {word}\nworker `w`: interrupted, version 0, 3 oplog entries\n"
        "in the middle of `spin`, which its next call resumes first; `witgen workers abandon w` abandons it\n"
    )
    assert ["calc/w", "interrupted"] in [line.split()[:2] for line in folder.run("workers")[1].splitlines()]
    # Others are not concerned; it itself goes on with its loop.
    assert folder.run("run", "calc.wasm", "add", "1", "2", "--worker", "other")[1] == "3\n"
    process = folder.start("run", "calc.wasm", "add", "1", "2", "--worker", "w")
    _counted(state, "workers WHERE status", "running", 1)
    assert _ended(process, number)[0] == code


def test_an_endless_loop_of_another_worker_ends(folder: Folder) -> None:
    """The call itself is over; one that was due is not."""
    state = folder.path / ".witgen" / "state.db"
    folder.run("run", "calc.wasm", "add", "1", "2", "--worker", "w")
    with sqlite3.connect(state) as made:
        made.execute("INSERT INTO invocations VALUES (1, 'k', 'spin', '[]', x'', 0, 'pending')")
    process = folder.start("run", "calc.wasm", "add", "1", "2", "--worker", "other")
    _until(state, "exported-function-invoked", 3)
    assert _ended(process, signal.SIGINT)[0] == 130


def test_watching_ends(folder: Folder) -> None:
    pytest.importorskip("watchfiles", reason="needs watchfiles")
    folder.run("run", "calc.wasm", "add", "1", "2")
    process = folder.start("run", "calc.wasm", "spin", "--watch")
    _until(folder.path / ".witgen" / "state.db", "exported-function-invoked", 2)
    assert _ended(process, signal.SIGINT)[0] == 130
    process = folder.start("run", "calc.wasm", "add", "3", "4", "--watch", "-q")
    assert process.stdout is not None
    assert process.stdout.readline() == "7\n"
    code, said = _ended(process, signal.SIGINT)
    assert (code, said.strip()) == (130, "witgen: interrupted")


def _conversation(machine: Machine, function: str, *arguments: object) -> Callable[[], subprocess.Popen[str]]:
    command = [sys.executable, "-m", "witgen", "run", str(machine.component), function, *map(json.dumps, arguments)]
    options = ["--json", "--worker", "one", "--state", str(machine.state), "--key", "k", "--guest-stdout", "stdout"]
    return lambda: subprocess.Popen([*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("function", ["after-close", "hear"])
def test_waiting_for_a_server_ends(machine: Machine, function: str) -> None:
    """In a call of the host, and for a pollable. That the connection went is not what the component is told."""
    visits: list[ServerConnection] = []

    def speak(connection: ServerConnection) -> None:
        visits.append(connection)
        if len(visits) == 3:
            connection.send("at last")
            connection.close(4000)
        with contextlib.suppress(ConnectionClosed):
            connection.recv()

    with websocket_server(speak) as url:
        start = _conversation(machine, function, url, *([1] if function == "hear" else []))
        for times, number in enumerate((signal.SIGINT, signal.SIGTERM), 1):
            process = start()
            while len(visits) < times:
                time.sleep(0.02)
            time.sleep(0.3)
            assert _ended(process, number)[0] == 128 + number
        out, _ = start().communicate(timeout=60)
    assert "at last" in json.loads(out)[0]
    assert len(visits) == 3


def test_waiting_for_a_promise_ends(machine: Machine) -> None:
    start = _conversation(machine, "promised")
    process = start()
    assert process.stdout is not None
    position = int(process.stdout.readline().split()[-1])
    _counted(machine.state, "workers WHERE status", "suspended")
    assert _ended(process, signal.SIGINT)[0] == 130
    with contextlib.closing(sqlite3.connect(machine.state)) as state, state:
        # What it is now, it is again when it waits: another status makes that seen.
        state.execute("UPDATE workers SET status = 'interrupted'")
    process = start()
    _counted(machine.state, "workers WHERE status", "suspended")
    assert _ended(process, signal.SIGTERM)[0] == 143
    with machine.executor() as executor:
        [record] = executor.records.workers()
        assert record.status == "suspended"
        assert executor.promises.complete(record.number, position, b"x")
    out, _ = start().communicate(timeout=60)
    assert json.loads(out) == [120]
