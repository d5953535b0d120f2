"""The relay guest of componentize-py with its bindings, servers for it to talk to, and hosts on both faces."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import websockets.asyncio.client as websockets_asyncio
import websockets.sync.client as websockets_sync
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection

from tests.support.loopback import websocket_server
from witgen import Config, generate

HERE = Path(__file__).parent
CROWD = 100
"""How many connections have to be there before the first message of `/stamps` is sent."""


def build_relay(folder: Path) -> Path:
    """Build the guest into a folder, with its bindings beside it; return its path."""
    component = folder / "relay.wasm"
    generate(Config(HERE / "wit", world="relay", out=folder / "relay_bindings", guest=False))
    tool = Path(sys.executable).parent / "componentize-py"
    command = [tool, "-d", HERE / "wit", "-w", "relay", "componentize", "relay", "-p", HERE / "guests"]
    run = subprocess.run([*command, "-o", component], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    return component


class _Server:
    """Answers as the path of a connection says.

    `/ticks/NAME/SECONDS/COUNT`, `/silent`, `/bye`, and `/stamps/COUNT/SECONDS`: once a crowd is connected, so many
    messages that say when they were sent, about so many seconds apart on each connection, each after the one before
    has come back. Everything else is echoed.
    """

    def __init__(self) -> None:
        self._crowds: defaultdict[str, threading.Barrier] = defaultdict(lambda: threading.Barrier(CROWD, timeout=60))
        self._lock = threading.Lock()

    def talk(self, connection: ServerConnection) -> None:
        path = connection.request.path if connection.request else ""
        _, kind, *rest = path.split("/")
        if kind == "ticks":
            name, seconds, count = rest
            for number in range(int(count)):
                time.sleep(float(seconds))
                connection.send(f"{name}{number}")
        if kind == "stamps":
            self._stamp(connection, path, int(rest[0]), float(rest[1]))
        if kind == "bye":
            connection.close(1001, "do widzenia, żegnaj")
            return
        for message in connection:
            if kind != "silent":
                connection.send(message)

    def _stamp(self, connection: ServerConnection, path: str, count: int, seconds: float) -> None:
        with self._lock:
            crowd = self._crowds[path]
        crowd.wait()
        for _ in range(count):
            time.sleep(random.uniform(0, 2 * seconds))
            stamp = f"{time.perf_counter_ns()}"
            connection.send(stamp)
            assert connection.recv() == stamp


def serving() -> AbstractContextManager[str]:
    """Run the server; its URL is what comes of it."""
    return websocket_server(_Server().talk)


def threaded(sent: Callable[[Any], None] = lambda _: None) -> Any:
    """Return imports whose functions are plain: those that wait do so in threads. `sent` is told what guests send."""
    from relay_bindings.host import RelayImports
    from relay_bindings.host.golem_websocket_client import WebsocketConnection
    from relay_bindings.types import golem_websocket_client as types

    class Connection(WebsocketConnection):
        def __init__(self, url: str) -> None:
            self._socket = websockets_sync.connect(url, max_size=None, legacy=True)

        @classmethod
        def connect(cls, url: str, headers: object) -> Connection:
            return cls(url)

        def send(self, message: Any) -> None:
            sent(message.value)
            self._socket.send(message.value)

        def receive(self, seconds: float | None = None) -> Any:
            try:
                message = self._socket.recv(seconds)
            except ConnectionClosed as closed:
                raise _closed(types, closed) from None
            return types.MessageText(message) if isinstance(message, str) else types.MessageBinary(message)

        def receive_with_timeout(self, timeout_ms: int) -> Any:
            try:
                return self.receive(timeout_ms / 1000)
            except TimeoutError:
                return None

        def close(self, code: int | None, reason: str | None) -> None:
            self._socket.close()

        def dropped(self) -> None:
            self._socket.close()

    return RelayImports(golem_websocket_client=Connection)


def awaited(log: list[str] | None = None, sent: Callable[[Any], None] = lambda _: None) -> Any:
    """Return imports whose functions are coroutines; `log` gets cancellations and drops, `sent` what guests send."""
    from relay_bindings.host import AsyncRelayImports
    from relay_bindings.host.golem_websocket_client import AsyncWebsocketConnection
    from relay_bindings.types import golem_websocket_client as types

    events = [] if log is None else log

    class Connection(AsyncWebsocketConnection):
        @classmethod
        async def connect(cls, url: str, headers: object) -> Connection:
            self = cls()
            self._socket = await websockets_asyncio.connect(url, max_size=None)
            return self

        async def send(self, message: Any) -> None:
            sent(message.value)
            await self._socket.send(message.value)

        async def receive(self) -> Any:
            try:
                message = await self._socket.recv()
            except (ConnectionClosed, asyncio.CancelledError) as ended:
                events.append("cancelled" if isinstance(ended, asyncio.CancelledError) else "closed")
                raise _closed(types, ended) from None
            return types.MessageText(message) if isinstance(message, str) else types.MessageBinary(message)

        async def receive_with_timeout(self, timeout_ms: int) -> Any:
            try:
                return await asyncio.wait_for(self.receive(), timeout_ms / 1000)
            except TimeoutError:
                return None

        async def close(self, code: int | None, reason: str | None) -> None:
            await self._socket.close()

        async def dropped(self) -> None:
            events.append("dropped")
            self._socket.transport.abort()

    return AsyncRelayImports(golem_websocket_client=Connection)


def _closed(types: Any, ended: BaseException) -> BaseException:
    if not isinstance(ended, ConnectionClosed):
        return ended
    frame = ended.rcvd
    made: Exception = types.ErrorClosed(types.CloseInfo(frame.code, frame.reason) if frame else None)
    return made
