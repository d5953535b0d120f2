"""The chat example as its authors wrote it, where it is beside the checkout: guest and host run unchanged."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.sync.server import ServerConnection

from tests.support.loopback import websocket_server
from tests.support.paths import SHARED
from witgen import Config, generate
from witgen.build.componentize import Build, build
from witgen.golem import WIT

EXAMPLE = SHARED / "examples" / "chat"
pytestmark = pytest.mark.skipif(not EXAMPLE.is_dir(), reason="the example is not beside this checkout")


@pytest.fixture
def url() -> Iterator[str]:
    def converse(connection: ServerConnection) -> None:
        greeting, data = connection.recv(), connection.recv()
        connection.send(greeting)
        connection.send(data)
        connection.close(1000, "bye")

    with websocket_server(converse) as url:
        yield url


def test_guest_and_host_run(url: str, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE / "wit", tmp_path / "wit")
    shutil.copytree(WIT / "deps", tmp_path / "wit" / "deps")
    shutil.copy(EXAMPLE / "guest.py", tmp_path)
    lines = (EXAMPLE / "host.py").read_text().splitlines()
    # How a host makes a pollable is open there; the conversation does not ask for one.
    kept = ["        raise NotImplementedError" if "when_readable" in line else line for line in lines]
    (tmp_path / "host.py").write_text("\n".join(kept) + "\n")
    generate(Config(tmp_path / "wit", world="chat", out=tmp_path / "chat_bindings"))
    build(Build(str(tmp_path / "guest.py"), tmp_path / "wit", world="chat", out=tmp_path / "chat.wasm"))
    run = subprocess.run([sys.executable, "host.py", url], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines() == ["Connected", "Text: Hello, server!", "Binary: 3 bytes", 'Closed [1000] "bye"']
    assert f"info chat: talking to {url}" in run.stderr
