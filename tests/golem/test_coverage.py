"""Every function of every package of Golem's table, called by workers against the local services."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.server import ServerConnection

from tests.golem.coverage_report import declared, reason, report
from tests.golem.guests import built
from tests.support.loopback import websocket_server
from witgen.golem.worker.command import Run, run
from witgen.golem.worker.errors import WorkerError

pytestmark = [pytest.mark.slow, pytest.mark.long]

APP = Path(__file__).parent / "coverage"


@pytest.fixture(scope="module")
def component(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("componentize_py", reason="needs componentize-py")
    return built(APP, "coverage", tmp_path_factory)


class _Answer(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        # Less than was promised where a body shall break.
        self.send_header("content-length", "100" if self.path == "/broken" else "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def authority() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def _echo(connection: ServerConnection) -> None:
    for message in connection:
        connection.send(message)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with websocket_server(_echo) as url:
        yield url


class Workers:
    """Calls functions of workers, as `witgen run` does."""

    def __init__(self, component: Path, folder: Path) -> None:
        self.component = component
        self.folder = folder
        (folder / "data").mkdir()

    def call(self, worker: str, function: str, *arguments: str, update: str | None = None) -> Any:
        answer = run(
            Run(
                component=f"coverage={self.component}", function=function, arguments=[*map(json.dumps, arguments)],
                worker=worker, state=self.folder / "state.db", env=("COLOUR=blue",),
                folders=(f"{self.folder / 'data'}::/data",), update=update, json=True, say=lambda _: None,
            )
        )  # fmt: skip
        return json.loads(answer.text) if answer.text else None

    def cover(self, package: str, argument: str) -> set[str]:
        """Return the functions that the guest calls for a package, without versions."""
        called = self.call(package.replace(":", "-"), "cover", package, argument)
        plain = {re.sub("@[^#]*", "", name) for name in called}
        return {name for name in plain if name.startswith(f"{package}/")}

    def exit(self) -> set[str]:
        """Run the component as a program, which it ends by itself."""
        with pytest.raises(WorkerError, match="exited"):
            self.call("program", "wasi:cli/run@0.2.3.{run}")
        return {"wasi:cli/run#run", "wasi:cli/exit#exit"}

    def update(self, capfd: pytest.CaptureFixture[str]) -> set[str]:
        """Bring a worker to another version with a snapshot, which the guest saves and loads."""
        newer = self.folder / "newer.wasm"
        newer.write_bytes(self.component.read_bytes() + b"\x00\x05\x04note")
        self.component = newer
        self.call("neighbour", "answer", "who", update="snapshot-based")
        assert "loaded b'everything'" in capfd.readouterr().err
        return {"golem:api/save-snapshot#save", "golem:api/load-snapshot#load"}


def test_every_function_of_every_package_is_called(
    component: Path, url: str, authority: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    workers = Workers(component, tmp_path)
    for question in ("who", "what"):
        workers.call("neighbour", "answer", question)
    arguments = {
        "golem:websocket": url,
        "wasi:http": authority,
        "golem:api": "neighbour",
        "golem:rpc": "neighbour",
    }
    called = {package: workers.cover(package, arguments.get(package, "")) for package in declared()}
    called["wasi:cli"] |= workers.exit()
    called["golem:api"] |= workers.update(capfd)
    text = report(called)
    with capfd.disabled():
        print(f"\nFunctions called, of those declared:\n{text}")
    assert "MISSING" not in text
    needless = {name for names in called.values() for name in names if reason(name)}
    assert not needless, "these can be called"
