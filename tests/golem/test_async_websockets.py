"""`AsyncWebSocket` where WIT has `receive: async func`: in a component with async imports, on a host of the test."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import Any

import pytest

from tests.golem.test_conveniences_cpython import P3
from tests.support.guests import importable, once
from witgen import Config, generate
from witgen.build.componentize import Build, build

# The same on fakes takes a second: tests/golem/test_conveniences_cpython.py.
pytestmark = pytest.mark.long

WORLD = "world later { import golem:websocket/client@1.5.0; export run: async func() -> list<string>; }\n"
APP = """\
from later_agent.guest import exports
from later_agent.guest.websockets import AsyncWebSocket

async def run() -> list[str]:
    async with AsyncWebSocket.connect("ws://x", headers={"A": "b"}) as ws:
        await ws.send("hello")
        lines = [repr(await ws.receive(timeout=0.5)), repr(await ws.receive())]
        return [*lines, *[repr(message) async for message in ws]]

exports.serve(__name__, run=run)
"""


@pytest.fixture(scope="module")
def component(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("componentize_py", reason="needs componentize-py")
    return importable(once(tmp_path_factory, "later", _build)) / "later.wasm"


def _build(folder: Path) -> None:
    (folder / "wit" / "deps").mkdir(parents=True)
    (folder / "wit" / "world.wit").write_text(f"package test:later;\n{WORLD}")
    (folder / "wit" / "deps" / "websocket.wit").write_text("package test:nothing;\n" + P3)
    (folder / "later_app.py").write_text(APP)
    generate(Config(folder / "wit", out=folder / "later_agent"))
    build(Build(str(folder / "later_app.py"), folder / "wit", out=folder / "later.wasm"))


def test_messages_are_awaited(component: Path) -> None:
    from later_agent.host import Later, LaterImports  # type: ignore[import-not-found]
    from later_agent.host import golem_websocket_client as client
    from later_agent.types import golem_websocket_client as types  # type: ignore[import-not-found]

    said: list[Any] = []

    class Connection(client.WebsocketConnection):  # type: ignore[misc]
        def __init__(self) -> None:
            self.messages: deque[Any] = deque([types.MessageText("one"), types.MessageBinary(b"2")])

        @classmethod
        def connect(cls, url: str, headers: list[tuple[str, str]] | None) -> Connection:
            said.append((url, headers))
            return cls()

        def send(self, message: Any) -> None:
            said.append(message)

        def receive(self) -> Any:
            if not self.messages:
                raise types.ErrorClosed(types.CloseInfo(1000, ""))
            return self.messages.popleft()

        def receive_with_timeout(self, timeout_ms: int) -> Any:
            said.append(timeout_ms)

        def close(self, code: int | None, reason: str | None) -> None:
            said.append((code, reason))

    with Later.open(component, LaterImports(golem_websocket_client=Connection)) as world:
        assert world.run() == ["None", "'one'", "b'2'"]
    assert said == [("ws://x", [("A", "b")]), types.MessageText("hello"), 500, (1000, "")]
