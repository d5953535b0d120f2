"""The relay guest, built once per test run with its bindings on the import path, and a server for it to talk to."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from websockets.sync.server import ServerConnection, serve

from witgen import Config, generate
from witgen.build import Build, build

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def relay(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Return the path of the guest; `relay_bindings` can be imported."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "relay"
    folder.mkdir(exist_ok=True)
    component = folder / "relay.wasm"
    with FileLock(folder / "lock"):
        if not component.exists():
            generate(Config(HERE / "wit", world="relay", out=folder / "relay_bindings", guest=False))
            tool = Path(sys.executable).parent / "componentize-py"
            command = [tool, "-d", HERE / "wit", "-w", "relay", "componentize", "relay", "-p", HERE / "guests"]
            run = subprocess.run([*command, "-o", component], capture_output=True, text=True)
            assert run.returncode == 0, run.stdout + run.stderr
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    return component


@pytest.fixture(scope="session")
def flows(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Return the path of the guest with streams and futures; `flows_bindings` can be imported."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "flows"
    folder.mkdir(exist_ok=True)
    component = folder / "flows.wasm"
    with FileLock(folder / "lock"):
        if not component.exists():
            wit, app = (shutil.copy(HERE / "flows" / name, folder) for name in ("flows.wit", "app.py"))
            generate(Config(Path(wit), out=folder / "flows_bindings"))
            built = build(Build(str(app), Path(wit), out=folder / "built.wasm")).path
            built.rename(component)
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    return component


def _talk(connection: ServerConnection) -> None:
    """Echo; or what the path says: `/ticks/NAME/SECONDS/COUNT`, `/silent`, `/bye`."""
    _, kind, *rest = connection.request.path.split("/") if connection.request else ("", "")
    if kind == "ticks":
        name, seconds, count = rest
        for number in range(int(count)):
            time.sleep(float(seconds))
            connection.send(f"{name}{number}")
    if kind == "bye":
        connection.close(1001, "do widzenia, żegnaj")
        return
    for message in connection:
        if kind != "silent":
            connection.send(message)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """Return the URL of a WebSocket server."""
    with serve(_talk, "127.0.0.1", 0, max_size=None) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"ws://127.0.0.1:{running.socket.getsockname()[1]}"
        running.shutdown()
