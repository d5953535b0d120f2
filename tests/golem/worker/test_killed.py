"""kill -9 at random moments of a conversation and of writes, and the same command again until it is through."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from threading import Lock
from typing import Any

import pytest
from websockets.sync.server import ServerConnection

from tests.golem.worker.conftest import Machine
from tests.support.loopback import websocket_server
from witgen.golem.services.blobstore.store import BlobStore

pytestmark = pytest.mark.slow

_LONGEST = 2.5
"""Seconds until a kill: enough to load, replay and go on for a while."""

_CHANCE = random.Random(7)


class Server:
    """Answers questions, and remembers who asked what."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.connections: list[str] = []
        self.questions: list[str] = []

    def __call__(self, connection: ServerConnection) -> None:
        request = connection.request
        assert request is not None
        with self._lock:
            self.connections.append(f"{request.path} {request.headers['x-key']}")
        for question in connection:
            with self._lock:
                self.questions.append(str(question))
            connection.send(f"re:{question}")


def _command(machine: Machine, worker: str, url: str, questions: int) -> list[str]:
    command = [
        sys.executable,
        "-m",
        "witgen",
        "run",
        str(machine.component),
        "converse",
        json.dumps(url),
        str(questions),
    ]
    return [
        *command,
        "--worker",
        worker,
        "--state",
        str(machine.state),
        "--key",
        "the call",
        "--json",
        "--guest-stdout",
        "stdout",
    ]


def _converse(machine: Machine, worker: str, kills: int, questions: int) -> tuple[Server, dict[str, object], str, int]:
    """Run a conversation that is killed so often; return the server, result, all output before it, and the kills."""
    server, output, killed = Server(), "", 0
    with websocket_server(server) as url:
        command = _command(machine, worker, f"{url}/talk", questions)
        while True:
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
                try:
                    text, errors = process.communicate(
                        timeout=_CHANCE.uniform(0.3, _LONGEST) if killed < kills else None
                    )
                    break
                except subprocess.TimeoutExpired:
                    process.kill()
                    text, _ = process.communicate()
                    output += text
                    killed += 1
    assert process.returncode == 0, errors
    *lines, result = text.splitlines()
    return server, json.loads(result), output + "\n".join(lines), killed


def _check(machine: Machine, worker: str, kills: int, questions: int) -> int:
    """Check a conversation and what it leaves behind; return how often it was killed."""
    server, transcript, output, killed = _converse(machine, worker, kills, questions)
    key = transcript["key"]
    assert transcript["answers"] == [f"re:{number}" for number in range(questions)]
    assert transcript["stored"] == questions
    # One key, in every life of the worker, and every connection with the same URL and headers.
    assert set(server.connections) == {f"/talk {key}"}
    # In order; only what was under way when the process died may have been asked or printed again.
    asked = [int(question) for question in server.questions]
    assert asked == sorted(asked)
    assert set(asked) == set(range(questions))
    assert len(asked) - questions <= killed
    printed = _printed(output)
    assert printed == sorted(printed)
    assert set(printed) == set(range(0, questions, 7))
    assert len(printed) - len(set(printed)) <= killed
    folder = machine.state.with_name(f"{machine.state.name}.d")
    assert _contents(folder / "blobs", f"answers-{key}") == sorted(f"re:{number}" for number in range(questions))
    return killed


def _contents(folder: Path, container: str) -> list[str]:
    """Return the content of every object of a container, as the service itself reads it."""
    blobs = BlobStore(folder)
    made: Any = blobs.implementations()["wasi_blobstore_blobstore"]
    opened = made.get_container(container)
    names, _ = opened.list_objects().read_stream_object_names(1 << 40)
    values = [opened.get_data(name, 0, 1 << 20) for name in names]
    contents = sorted(value.incoming_value_consume_sync().decode() for value in values)
    for value in values:
        value.dropped()
    return contents


def _printed(output: str) -> list[int]:
    return [int(line.removeprefix("answer ")) for line in output.splitlines() if line.startswith("answer ")]


@pytest.fixture
def warm(machine: Machine) -> Machine:
    """Compile the component before anything is killed."""
    machine.call("warm", "count")
    return machine


def test_a_conversation_survives_kills(warm: Machine) -> None:
    assert _check(warm, "one", kills=6, questions=600) > 0


@pytest.mark.long
def test_conversations_survive_a_hundred_kills(warm: Machine) -> None:
    killed = conversations = 0
    while killed < 100:
        conversations += 1
        killed += _check(warm, f"worker {conversations}", kills=20, questions=1500)
    print(f"{killed} kills in {conversations} conversations")
