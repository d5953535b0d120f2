"""The conversation of the demo with a megabyte in it: through an adapter, guest and services as they are without."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from websockets.sync.server import ServerConnection

from tests.support.loopback import websocket_server
from witgen import golem
from witgen_runtime.host import adapters_of

pytestmark = pytest.mark.slow


@pytest.fixture
def url() -> Iterator[str]:
    def converse(connection: ServerConnection) -> None:
        connection.send(connection.recv())
        assert connection.recv() == b"\x00\x01\xff"
        connection.send(bytes(range(256)) * 4096)
        connection.close(1000, "bye")

    with websocket_server(converse) as url:
        yield url


@pytest.mark.long
def test_a_megabyte(built: Callable[[str, str], Path], url: str) -> None:
    with golem.Services() as services, services.open(built("websocket", "chat")) as chat:
        adapted = {name.rpartition(".")[2] for name in adapters_of(chat).text}
        assert {"send", "receive", "receive-with-timeout"} >= adapted > {"send"}
        assert chat.run(url) == ["Hello, server!", f"{1 << 20} bytes", "closed: 1000 bye"]
