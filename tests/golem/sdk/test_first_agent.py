"""The first agent of docs/quickstart.md and docs/golem-agents.md, and the output that they show."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from websockets.sync.server import ServerConnection, serve

from tests.support.paths import DOCS

PAGES = [DOCS / "quickstart.md", DOCS / "golem-agents.md"]
PROGRAM = re.compile(r"^```python\n# chat\.py\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SESSION = re.compile(
    r"^```console\n\$ witgen build chat\.py --golem 1\.5\n\$ witgen (.*?)\n(.*?)^```$", re.DOTALL | re.MULTILINE
)

TEST = """\
from chat import ExampleAgent
from witgen.golem.sdk.testing import Agents
from witgen.golem.sdk._bindings.types.golem_websocket_client import CloseInfo
from witgen.golem.sdk.websocket import ErrorClosed


async def test_it(witgen_agents: Agents) -> None:
    receive = witgen_agents.fakes.golem_websocket_client.WebsocketConnection.receive
    receive.returns("you said Hello, server!")
    receive.raises(ErrorClosed(CloseInfo(1001, "going away")))
    print(await witgen_agents.get(ExampleAgent).run("ws://localhost:8080"))
"""


def parts(page: Path) -> tuple[str, list[str], str]:
    """Return the program, the words of the command that runs it, and its output."""
    text = page.read_text(encoding="utf-8")
    program, session = PROGRAM.search(text), SESSION.search(text)
    assert program is not None
    assert session is not None
    return program[1], session[1].replace("'", "").split(), session[2]


def test_both_pages_show_the_same() -> None:
    assert parts(PAGES[0]) == parts(PAGES[1])


@pytest.mark.slow
def test_its_output_on_cpython(tmp_path: Path) -> None:
    program, _, output = parts(PAGES[0])
    (tmp_path / "chat.py").write_text(program)
    (tmp_path / "test_chat.py").write_text(TEST)
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "test_chat.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert output.replace('["', "['").replace('"]', "']") in done.stdout


@pytest.mark.long
def test_its_output_in_a_component(tmp_path: Path) -> None:
    program, words, output = parts(PAGES[0])
    (tmp_path / "chat.py").write_text(program)

    def answer(connection: ServerConnection) -> None:
        connection.send(f"you said {connection.recv(decode=True)}")
        connection.close(1001, "going away")

    def witgen(*given: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "witgen", *given], cwd=tmp_path, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        return done.stdout

    with serve(answer, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever).start()
        witgen("build", "chat.py", "--golem", "1.5")
        url = f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        assert witgen(*(word.replace("ws://localhost:8080", url) for word in words)) == output
        server.shutdown()
