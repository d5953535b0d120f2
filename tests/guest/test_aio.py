"""One guest that waits for two WebSockets and a timer: with fakes on CPython, and as a component with real servers."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.sync.server import ServerConnection

from tests.support.loopback import websocket_server

pytestmark = [pytest.mark.slow, pytest.mark.long]


@contextmanager
def server(pause: float) -> Iterator[str]:
    """Run a server that greets by name three times, with pauses, and closes; a second caller hears nothing."""
    calls = iter(range(100))

    def converse(connection: ServerConnection) -> None:
        name = connection.recv() if next(calls) == 0 else None
        for number in range(3 if name else 0):
            time.sleep(pause)
            connection.send(f"{name}{number}")
        if name is None:
            time.sleep(1)

    with websocket_server(converse) as url:
        yield url


def connections() -> type[Any]:
    """Return the host's class of connections: a thread each, which makes the pollable ready."""
    from duo_bindings.host import golem_websocket_client as client
    from duo_bindings.types.golem_websocket_client import ErrorClosed, MessageText

    class Connection(client.WebsocketConnection):
        def __init__(self, url: str) -> None:
            self._resources = ExitStack()
            self._socket = self._resources.enter_context(connect(url, close_timeout=1))
            self._arrived: deque[Any] = deque()
            self._readable = client.Pollable()
            # What has arrived and the flag change together, or a message that comes in between is not announced.
            self._lock = threading.Lock()
            threading.Thread(target=self._listen, daemon=True).start()

        @classmethod
        def connect(cls, url: str, headers: object) -> Any:
            return cls(url)

        def _listen(self) -> None:
            try:
                for text in self._socket:
                    self._arrive(MessageText(str(text)))
            except ConnectionClosed:
                pass
            self._arrive(ErrorClosed(None))

        def _arrive(self, message: Any) -> None:
            with self._lock:
                self._arrived.append(message)
                self._readable.set()

        def send(self, message: Any) -> None:
            self._socket.send(message.value)

        def receive(self) -> Any:
            with self._lock:
                message = self._arrived.popleft()
                if not self._arrived:
                    self._readable.clear()
            if isinstance(message, ErrorClosed):
                raise message
            return message

        def receive_with_timeout(self, timeout_ms: int) -> Any:
            raise NotImplementedError

        def close(self, code: int | None, reason: str | None) -> None:
            raise NotImplementedError

        def subscribe(self) -> Any:
            return self._readable

        def dropped(self) -> None:
            self._resources.close()

    return Connection


@pytest.fixture(params=["fakes", "component"])
def run(request: pytest.FixtureRequest, duo: Path) -> Iterator[Callable[[], list[str]]]:
    with ExitStack() as stack:
        yield (
            with_fakes(stack) if request.param == "fakes" else as_component(stack, request.getfixturevalue("component"))
        )


def with_fakes(stack: ExitStack) -> Callable[[], list[str]]:
    from duo_bindings.guest.testing import Fakes, opened
    from duo_bindings.types.golem_websocket_client import ErrorClosed

    fakes = stack.enter_context(Fakes())
    client = fakes.golem_websocket_client.WebsocketConnection
    readable: dict[Any, Any] = {}
    heard: dict[Any, deque[str]] = {}

    def connect(url: str, headers: object) -> Any:
        connection = client()
        readable[connection], heard[connection] = fakes.wasi_io_poll.Pollable(), deque()
        return connection

    def send(connection: Any, message: Any) -> None:
        def talk() -> None:
            for number in range(3):
                time.sleep(0.2 if message.value == "a" else 0.3)
                heard[connection].append(f"{message.value}{number}")
                readable[connection].set()

        threading.Thread(target=talk, daemon=True).start()

    def receive(connection: Any) -> str:
        text = heard[connection].popleft()
        if text.endswith("2"):
            heard[connection].append("")
        elif not text:
            raise ErrorClosed(None)
        else:
            readable[connection].clear()
        return text

    for name, answer in {"connect": connect, "send": send, "receive": receive, "subscribe": readable.get}.items():
        getattr(client, name).answers(answer)
    guest = stack.enter_context(opened("duo_app", fakes))
    return lambda: list(guest.run("ws://first", "ws://second"))


def as_component(stack: ExitStack, component: Path) -> Callable[[], list[str]]:
    from duo_bindings.host import Duo, DuoImports

    first, second = stack.enter_context(server(0.2)), stack.enter_context(server(0.3))
    world = stack.enter_context(Duo.open(component, DuoImports(golem_websocket_client=connections())))
    return lambda: list(world.run(first, second))


def test_two_connections_and_a_timer_interleave(run: Callable[[], list[str]]) -> None:
    said = run()
    for name in ("a", "b"):
        assert [line for line in said if line.startswith(name)] == [f"{name}: {name}{number}" for number in range(3)]
    assert said.index("b: b0") < said.index("a: a2"), said
    assert said.index("tick") < said.index("a: a2"), said
    assert said[-1] == "timeout"
