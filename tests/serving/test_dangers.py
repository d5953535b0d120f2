"""What servers of other people's components have been attacked with, by hand on sockets, and whether it works here."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.support.servers import Server, behind_uvicorn, raw, settled
from witgen.proxy import Proxy

pytestmark = pytest.mark.slow

on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


@pytest.fixture(scope="module", params=["h11", "httptools"])
def served(web: Path, request: pytest.FixtureRequest) -> Generator[Server]:
    if request.param == "httptools":
        pytest.importorskip("httptools")
    with behind_uvicorn(Proxy.asgi(web), http=request.param) as server:
        yield server


def _seen(answer: bytes) -> list[str]:
    """Return the first line and the headers that the guest saw."""
    assert answer.startswith(b"HTTP/1.1 200 ")
    return answer.partition(b"\r\n\r\n")[2].decode("latin-1").splitlines()


def test_a_length_beside_chunks_does_not_reach_the_guest(served: Server) -> None:
    """If a guest forwarded both, another server could read the rest of the body as a second request."""
    answer = raw(
        served,
        b"POST /x HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n"
        b"19\r\nGET /smuggled HTTP/1.1\r\n\r\n\r\n0\r\n\r\n",
    )
    if not answer.startswith(b"HTTP/1.1 400 "):
        assert not [line for line in _seen(answer) if line.startswith(("content-length", "transfer-encoding"))]
    assert b"/smuggled" not in answer


def test_headers_of_the_connection_do_not_reach_the_guest(served: Server) -> None:
    answer = raw(
        served,
        b"GET /x HTTP/1.1\r\nhost: x\r\nconnection: close, X-Internal\r\nx-internal: 1\r\nte: trailers\r\n"
        b"proxy-authorization: Basic eA==\r\nkeep-alive: timeout=5\r\nx-kept: 1\r\n\r\n",
    )
    names = {line.partition(":")[0] for line in _seen(answer)[1:]} - {"", "0", "5a"}
    assert "x-kept" in names
    assert names.isdisjoint({"x-internal", "connection", "te", "proxy-authorization", "keep-alive"})


def test_a_guest_cannot_send_more_than_it_announced(served: Server) -> None:
    """More would be the beginning of the next response on the connection."""
    answer = raw(
        served, b"GET /announce?5 HTTP/1.1\r\nhost: x\r\n\r\nGET /x HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    )
    first, _, rest = answer.partition(b"\r\n\r\n")
    assert b"content-length: 5" in first
    assert rest.startswith(b"01234HTTP/1.1 200 ") or rest == b"01234"


def test_a_client_sees_that_a_guest_sent_less_than_it_announced(served: Server) -> None:
    answer = raw(served, b"GET /announce?20 HTTP/1.1\r\nhost: x\r\n\r\n")
    assert b"content-length: 20" in answer
    assert len(answer.partition(b"\r\n\r\n")[2]) < 20  # and the server has closed the connection


def test_a_guest_cannot_split_headers(served: Server) -> None:
    answer = raw(served, b"GET /split HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    assert b"evil" not in answer
    refused = b"HeaderErrorInvalidSyntax HeaderErrorInvalidSyntax HeaderErrorForbidden HeaderErrorForbidden"
    assert refused in answer


def test_time_limits_hold_inside_wasmtime(web: Path) -> None:
    with behind_uvicorn(Proxy.asgi(web, deadline=1.0)) as server:
        begun = time.monotonic()
        assert raw(server, b"GET /sleep HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").startswith(b"HTTP/1.1 504 ")
        assert time.monotonic() - begun < 5


def test_the_authority_is_what_the_client_says(served: Server) -> None:
    answer = raw(served, b"GET /x HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n")
    assert any(line.endswith(" evil.example") for line in _seen(answer))
    two = raw(served, b"GET /x HTTP/1.1\r\nhost: a\r\nhost: b\r\nconnection: close\r\n\r\n")
    assert two.startswith(b"HTTP/1.1 400 ")


@on_linux
def test_a_request_takes_four_descriptors_while_it_runs(web: Path) -> None:
    def open_files() -> int:
        return len(os.listdir("/proc/self/fd"))

    with behind_uvicorn(Proxy.asgi(web, requests=100, ahead=0)) as server:
        raw(server, b"POST /pipe HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 1\r\n\r\nx")
        before = settled(open_files)
        with server.connect() as connection:
            connection.sendall(b"POST /pipe HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhello")
            while b"hello" not in connection.recv(4096):
                pass
            # Two connections of the process with itself, and the client's, whose ends are both in this process.
            assert open_files() - before == 4 + 2
        assert settled(open_files) <= before


def test_only_reused_instances_keep_secrets(web: Path) -> None:
    def told(server: Server) -> list[bytes]:
        requests = (
            b"GET /remember?%b HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n" % word for word in (b"a", b"b")
        )
        return [raw(server, request).partition(b"\r\n\r\n")[2] for request in requests]

    with behind_uvicorn(Proxy.asgi(web)) as server:
        assert b"a,b" not in told(server)[1]
    with behind_uvicorn(Proxy.asgi(web, requests=2, instances=1)) as server:
        assert b"a,b" in told(server)[1]
