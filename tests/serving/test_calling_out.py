"""Components that are served, and send requests of their own while they answer."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h11
import pytest

from tests.support.servers import behind_uvicorn
from witgen.proxy import Proxy
from witgen_runtime.host import Http, PythonHttp

pytestmark = pytest.mark.slow


class Upstream:
    """A server that answers each part of a body at once, or sends without end."""

    def __init__(self) -> None:
        self.trailers: list[tuple[bytes, bytes]] = []
        self.sent = self.received = 0
        self.gone = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.authority = f"127.0.0.1:{self._listener.getsockname()[1]}"

    def run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                with connection, contextlib.suppress(OSError):
                    self._answer(connection, h11.Connection(h11.SERVER))

    def _answer(self, connection: socket.socket, state: h11.Connection) -> None:
        def event() -> object:
            while (found := state.next_event()) is h11.NEED_DATA:
                state.receive_data(connection.recv(1 << 16))
            return found

        request = event()
        assert isinstance(request, h11.Request)
        if request.target == b"/early":
            head = h11.Response(status_code=413, headers=[("content-length", "9")])
            for each in (head, h11.Data(data=b"too large"), h11.EndOfMessage()):
                connection.sendall(state.send(each) or b"")
            while isinstance(part := event(), h11.Data):
                self.received += len(part.data)
            return
        connection.sendall(state.send(h11.Response(status_code=200, headers=[("trailer", "x-heard")])) or b"")
        if request.target == b"/endless":
            self._send_without_end(connection, state)
            return
        while isinstance(part := event(), h11.Data):
            connection.sendall(state.send(h11.Data(data=part.data)) or b"")
            if part.data == b"3":
                connection.sendall(state.send(h11.EndOfMessage(headers=[("x-heard", "all")])) or b"")
        if isinstance(part, h11.EndOfMessage):
            self.trailers += part.headers

    def _send_without_end(self, connection: socket.socket, state: h11.Connection) -> None:
        try:
            while True:
                connection.sendall(state.send(h11.Data(data=bytes(1 << 16))) or b"")
                self.sent += 1 << 16
        finally:
            self.gone.set()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@contextmanager
def upstream() -> Iterator[Upstream]:
    server = Upstream()
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join()


@pytest.mark.parametrize("http", [True, PythonHttp(private=True)], ids=["wasmtime", "python"])
def test_both_directions_stream_at_once_and_have_trailers(web: Path, http: Http | bool) -> None:
    with upstream() as server, behind_uvicorn(Proxy.asgi(web, http=http)) as served, served.client() as client:
        heard = client.get(f"/converse?{server.authority}").text
    assert heard == "([b'0', b'1', b'2', b'3'], [('x-heard', b'all')])"
    assert server.trailers in ([(b"x-sent", b"all")], [])  # a response may end before the request


def test_a_response_may_end_before_its_request(web: Path) -> None:
    http = PythonHttp(private=True)
    with upstream() as server, behind_uvicorn(Proxy.asgi(web, http=http)) as served, served.client() as client:
        assert client.get(f"/insist?{server.authority}").text == "b'too large'"
    assert server.received == 1_000_001


@pytest.mark.parametrize("http", [True, PythonHttp(private=True)], ids=["wasmtime", "python"])
def test_a_guest_that_does_not_read_stops_the_server(web: Path, http: Http | bool) -> None:
    with upstream() as server, behind_uvicorn(Proxy.asgi(web, http=http)) as served, served.client() as client:
        reading = threading.Thread(target=client.get, args=(f"/sip?{server.authority}",))
        reading.start()
        time.sleep(1)
        before = server.sent
        reading.join()
        assert server.gone.wait(5), "the connection ends with the guest's body"
        assert 0 < before < 32 << 20


def test_requests_of_served_components_go_to_public_addresses(web: Path) -> None:
    with upstream() as server, behind_uvicorn(Proxy.asgi(web, http=PythonHttp())) as served, served.client() as client:
        assert client.get(f"/fetch?{server.authority}").text == "Ok"  # and in it an error
        assert server.sent == 0
