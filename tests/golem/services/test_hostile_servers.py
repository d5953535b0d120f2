"""Servers and values that mean no good, seen from the services alone."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from witgen.golem import WebSockets
from witgen.golem._bindings.types import golem_websocket_client as ws
from witgen.golem._bindings.types import wasi_http_types as wit
from witgen.golem.services.blobstore.folder import BlobFolder
from witgen.golem.services.budget import SpentError
from witgen.golem.services.http.exchange import Exchange, Request, Timeouts
from witgen.golem.services.http.fields import Fields
from witgen.golem.services.http.outgoing import OutgoingRequest
from witgen.golem.services.keyvalue.file import KeyValueFile, StoreError


@contextmanager
def _server(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """Run something for every connection; yield the port."""
    listening = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(65536)
            answer(connection)

    threading.Thread(target=run, daemon=True).start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.close()


def _slowly(*pieces: bytes) -> Callable[[socket.socket], None]:
    def answer(connection: socket.socket) -> None:
        for piece in pieces:
            connection.sendall(piece)
        while True:
            connection.sendall(pieces[-1])
            time.sleep(0.05)

    return answer


@pytest.mark.parametrize(
    "answer",
    [
        _slowly(b"HTTP/1.1 100 Continue\r\n\r\n"),
        _slowly(b"HTTP/1.1 200 OK\r\n", b"x"),
        _slowly(b"HTTP/1.1 200 OK\r\n", b"x: y\r\n"),
    ],
    ids=["informational responses", "a header without an end", "headers without an end"],
)
def test_the_beginning_of_a_response_has_a_time_as_a_whole(answer: Callable[[socket.socket], None]) -> None:
    with _server(answer) as port, closing(_exchange(port, Timeouts(5, 0.5, 60))) as exchange:
        exchange.send()
        begun = time.monotonic()
        with pytest.raises(wit.ErrorCodeConnectionReadTimeout):
            exchange.head()
        assert time.monotonic() - begun < 20


def test_a_chunk_that_never_begins_meets_the_timeout() -> None:
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    with _server(_slowly(head + b"5;", b"x")) as port, closing(_exchange(port, Timeouts(5, 60, 0.5))) as exchange:
        exchange.send()
        exchange.head()
        with pytest.raises(wit.ErrorCodeConnectionReadTimeout):
            exchange.read()


def _exchange(port: int, timeouts: Timeouts) -> Exchange:
    request = Request("GET", is_secure=False, host="127.0.0.1", port=port, authority=f"127.0.0.1:{port}", path="/")
    return Exchange(replace(request, timeouts=timeouts), pytest.fail)


@pytest.mark.parametrize("length", [b"9" * 5000, b"18446744073709551616", b"-1", b"", b"1e3", "٣".encode()])
def test_a_length_that_is_none(length: bytes) -> None:
    with pytest.raises(wit.HeaderErrorInvalidSyntax):
        Fields.from_list([("Content-Length", length)])
    with pytest.raises(wit.HeaderErrorInvalidSyntax):
        Fields().set("content-length", [b"3", length])
    # As a server may have sent it.
    OutgoingRequest(Fields.read_only([("content-length", length)])).body()


def test_a_servers_length_of_5000_digits_is_a_protocol_error() -> None:
    def answer(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: " + b"9" * 5000 + b"\r\n\r\nabc")

    with _server(answer) as port, closing(_exchange(port, Timeouts())) as exchange:
        exchange.send()
        with pytest.raises(wit.ErrorCodeHttpProtocolError):
            exchange.head()


@pytest.fixture
def websockets() -> Iterator[WebSockets]:
    made = WebSockets(open_timeout=20)
    yield made
    made.close()


@pytest.mark.parametrize(
    "url",
    [
        "ws://127.0.0.1:{port}/a b", "ws://127.0.0.1:{port}/\r\nx-more: b", "ws://127.0.0.1:{port}/\0",
        "ws://127.0.0.1:{port}/#part", "ws://127.0.0.1:{port}\\@example.org/", "ws:127.0.0.1:{port}", "ws:///path",
        "ws://127.0.0.1:99999/", "ws://user@127.0.0.1:{port}/", "http://127.0.0.1:{port}/", " ws://127.0.0.1:{port}/",
        "ws://127.0.0.1:{port}/\x85",
    ],
)  # fmt: skip
def test_what_is_not_the_url_of_a_websocket_is_not_connected_to(websockets: WebSockets, url: str) -> None:
    asked: list[int] = []
    with _server(lambda _: asked.append(1)) as port, pytest.raises(ws.ErrorConnectionFailure):
        websockets.connect(url.format(port=port), [])
    assert not asked


def test_a_handshake_is_not_redirected_to_another_server(websockets: WebSockets) -> None:
    asked: list[int] = []
    with _server(lambda _: asked.append(1)) as other:

        def redirect(connection: socket.socket) -> None:
            place = f"ws://127.0.0.1:{other}/".encode()
            connection.sendall(b"HTTP/1.1 302 Found\r\nlocation: " + place + b"\r\ncontent-length: 0\r\n\r\n")

        with _server(redirect) as port, pytest.raises(ws.ErrorConnectionFailure, match="another origin"):
            websockets.connect(f"ws://127.0.0.1:{port}/", [("authorization", "secret")])
    assert not asked


def test_stores_take_no_more_than_they_may(tmp_path: Path) -> None:
    blobs = BlobFolder(tmp_path / "blobs", limit=10_000)
    blobs.create("c")
    (tmp_path / "large").write_bytes(bytes(9_000))
    with (tmp_path / "large").open("rb") as content:
        blobs.write("c", "one", content)
    with (tmp_path / "large").open("rb") as content, pytest.raises(SpentError, match="the limit is 10000"):
        blobs.write("c", "two", content)
    assert blobs.objects("c") == ["one"]
    with closing(KeyValueFile(tmp_path / "kv.sqlite", 1, limit=200_000)) as values:
        values.set_many("b", [("one", bytes(50_000))])
        with pytest.raises(StoreError, match="full"):
            values.set_many("b", [("two", bytes(500_000))])
        assert values.get_many("b", ["one", "two"]) == [bytes(50_000), None]
