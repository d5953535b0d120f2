"""The conversation of the demo with a megabyte in it: through a lane, guest and services as they are without."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from websockets.sync.server import ServerConnection, serve

from witgen import golem
from witgen.runtime.host import lanes_of


@pytest.fixture
def url() -> Iterator[str]:
    def converse(connection: ServerConnection) -> None:
        connection.send(connection.recv())
        assert connection.recv() == b"\x00\x01\xff"
        connection.send(bytes(range(256)) * 4096)
        connection.close(1000, "bye")

    with serve(converse, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        server.shutdown()
        thread.join()


def test_a_megabyte(built: Callable[[str, str], Path], url: str) -> None:
    with golem.Services() as services, services.open(built("websocket", "chat")) as chat:
        laned = {name.rpartition(".")[2] for name in lanes_of(chat).text}
        assert {"send", "receive", "receive-with-timeout"} >= laned > {"send"}
        assert chat.run(url) == ["Hello, server!", f"{1 << 20} bytes", "closed: 1000 bye"]
