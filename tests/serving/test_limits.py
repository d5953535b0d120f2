"""Limits of served components: time, memory, bodies; clients that leave; what instances keep."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.servers import Server, behind_uvicorn, raw, settled
from witgen.proxy import Proxy
from witgen_runtime.host import store_thread

pytestmark = pytest.mark.slow

DEADLINE = 2.0


@pytest.fixture(scope="module")
def served(web: Path) -> Generator[Server]:
    with behind_uvicorn(Proxy.asgi(web, deadline=DEADLINE, memory=64 << 20, body_limit=100_000)) as server:
        yield server


@pytest.fixture(scope="module")
def client(served: Server) -> Generator[httpx.Client]:
    with served.client() as client:
        yield client


@pytest.mark.parametrize("path", ["/spin", "/sleep"])
def test_a_deadline_holds(client: httpx.Client, path: str) -> None:
    """For code without end, and for a wait inside wasmtime, where nothing of the guest runs."""
    begun = time.monotonic()
    assert client.get(path).status_code == 504
    assert DEADLINE - 0.1 < time.monotonic() - begun < DEADLINE + 3


def test_a_deadline_holds_for_a_body_that_does_not_come(served: Server) -> None:
    begun = time.monotonic()
    answer = raw(served, b"POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc")
    assert answer.startswith(b"HTTP/1.1 504 ")  # and the server closes the connection
    assert time.monotonic() - begun < DEADLINE + 3


def test_memory_is_limited(client: httpx.Client) -> None:
    assert client.get("/hog").status_code == 500


def test_bodies_are_limited(client: httpx.Client) -> None:
    assert client.post("/echo", content=bytes(100_000)).status_code == 200
    assert client.post("/echo", content=bytes(100_001)).status_code == 413
    assert client.post("/echo", content=iter([bytes(60_000)] * 2)).status_code == 413  # without an announced length


def test_a_client_gets_100_continue_when_the_guest_wants_the_body(served: Server) -> None:
    head = b"POST %b HTTP/1.1\r\nhost: x\r\nconnection: close\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n"
    with served.connect() as connection:
        connection.sendall(head % b"/echo")
        assert connection.recv(4096).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"hello")
        answer = b""
        while part := connection.recv(4096):
            answer += part
        assert b"hello" in answer
    with served.connect() as connection:
        connection.sendall(head % b"/read-none")
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")


def test_a_guest_is_stopped_when_its_client_leaves(web: Path) -> None:
    with behind_uvicorn(Proxy.asgi(web, deadline=None, ahead=0)) as server:
        raw(server, b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        before = settled(_stores)
        with server.connect() as connection:
            connection.sendall(b"GET /tick HTTP/1.1\r\nhost: x\r\n\r\n")
            assert b"200 OK" in connection.recv(4096)
            assert _stores() == before + 1
        due = time.monotonic() + 10
        while _stores() > before:
            assert time.monotonic() < due
            time.sleep(0.05)


def _stores() -> int:
    """Return how many stores are open."""
    return sum(not thread._ended for thread in store_thread._living())


def test_instances_answer_as_many_requests_as_they_may(web: Path) -> None:
    with behind_uvicorn(Proxy.asgi(web, requests=3, instances=1)) as server, server.client() as client:
        answers = [client.get(f"/remember?{word}").text for word in "abcd"]
        assert answers == ["a", "a,b", "a,b,c", "d"]
        assert client.get("/fail").status_code == 500
        assert client.get("/remember?e").text == "e"


def test_a_guest_may_go_on_after_its_response(web: Path) -> None:
    with behind_uvicorn(Proxy.asgi(web, requests=2, instances=1)) as server, server.client() as client:
        begun = time.monotonic()
        assert client.get("/keep-on").text == "answered"
        assert time.monotonic() - begun < 5
        assert client.get("/remember?x").text == "kept on,x"


@pytest.mark.long
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("requests", [1, 1000])
def test_memory_and_descriptors_stay_flat(web: Path, requests: int) -> None:
    def measured() -> tuple[int, int]:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE"), len(os.listdir("/proc/self/fd"))

    app = Proxy.asgi(web, requests=requests, instances=2, ahead=1)
    with behind_uvicorn(app) as server, server.client() as client:
        for number in range(500):
            if number == 150:
                memory, files = measured()
            assert client.post("/echo", content=bytes(2000)).status_code == 200
        grown = measured()
    assert grown[0] - memory < 8 << 20
    assert grown[1] - files < 8


def test_trailers_are_sent_where_the_server_takes_them(web: Path) -> None:
    app = Proxy.asgi(web)
    scope = {
        "type": "http", "http_version": "2", "method": "GET", "path": "/trailers", "query_string": b"", "headers": [],
        "extensions": {"http.response.trailers": {}},
    }  # fmt: skip

    async def main() -> list[Any]:
        sent: list[Any] = []
        done = asyncio.Event()

        async def receive() -> dict[str, Any]:
            if not sent:
                return {"type": "http.request", "body": b"", "more_body": False}
            await done.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        await app(scope, receive, send)
        await app.close()
        return sent

    start, *bodies, end = asyncio.run(main())
    assert start["trailers"] is True
    assert b"".join(each["body"] for each in bodies) == b"content"
    # Of two trailers, the announced one.
    assert (end["type"], end["headers"]) == ("http.response.trailers", [(b"x-sum", b"42")])
