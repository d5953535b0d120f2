"""Components with the async handler of `wasi:http` 0.3, whose futures carry trailers: served like those of 0.2."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serving.tiny import answering
from tests.support.servers import Server, behind_hypercorn, behind_uvicorn, raw
from witgen.proxy import Proxy, Service
from witgen_runtime.host import LinkError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def served(async_web: Path) -> Generator[Server]:
    with behind_uvicorn(Service.asgi(async_web, requests=5)) as server:
        yield server


@pytest.fixture(scope="module")
def client(served: Server) -> Generator[httpx.Client]:
    with served.client() as client:
        yield client


def test_requests_are_answered(client: httpx.Client) -> None:
    answer = client.post("/created", content=b"hello", headers={"x-kind": "test"})
    assert (answer.status_code, answer.headers["x-kind"]) == (201, "test")
    assert answer.text == "Method_Post /created\nhello"
    assert client.get("/a?b").text == "Method_Get /a?b\n"
    assert client.head("/").content == b""


def test_instances_are_replaced_and_errors_told(client: httpx.Client) -> None:
    assert [client.get("/").status_code for _ in range(8)] == [200] * 8
    assert client.get("/error").status_code == 504
    assert client.get("/trap").status_code == 500
    assert client.get("/").status_code == 200


def test_large_bodies_pass(client: httpx.Client) -> None:
    data = bytes(range(256)) * 10_000
    assert client.post("/", content=data).content == b"Method_Post /\n" + data


def test_both_directions_stream_at_once(served: Server) -> None:
    with served.connect() as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
        got = b""
        for number in range(3):
            connection.sendall(b"5\r\npart%d\r\n" % number)
            while b"part%d" % number not in got:
                got += connection.recv(4096)
        connection.sendall(b"0\r\n\r\n")
        while not got.endswith(b"0\r\n\r\n"):
            got += connection.recv(4096)


def test_deadlines_hold(async_web: Path) -> None:
    with behind_uvicorn(Service.asgi(async_web, deadline=2.0)) as server:
        begun = time.monotonic()
        head = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc"
        assert len(raw(server, head).partition(b"\r\n\r\n")[2]) < 40  # it has begun, and is broken off
        assert time.monotonic() - begun < 20


def test_trailers_are_sent(async_web: Path) -> None:
    app = Service.asgi(async_web)
    scope: dict[str, Any] = {
        "type": "http", "http_version": "2", "method": "POST", "path": "/", "query_string": b"", "headers": [],
        "extensions": {"http.response.trailers": {}},
    }  # fmt: skip

    async def main() -> list[Any]:
        sent: list[Any] = []
        given = [{"type": "http.request", "body": b"hello", "more_body": False}]
        done = asyncio.Event()

        async def receive() -> dict[str, Any]:
            if given:
                return given.pop()
            await done.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        await app(scope, receive, send)
        await app.close()
        return sent

    start, *bodies, end = asyncio.run(main())
    assert start["trailers"] is True
    assert b"".join(each["body"] for each in bodies) == b"Method_Post /\nhello"
    # Of two trailers, the announced one.
    assert (end["type"], end["headers"]) == ("http.response.trailers", [(b"x-sum", b"5")])


def test_hypercorn_serves_it_too(async_web: Path) -> None:
    with behind_hypercorn(Service.asgi(async_web)) as server, server.client() as client:
        assert client.post("/", content=b"hello").text == "Method_Post /\nhello"


def test_each_world_names_the_other() -> None:
    text = '(component (instance $none) (export "wasi:http/handler@0.3.0" (instance $none)))'
    with pytest.raises(LinkError, match=r"it exports wasi:http/handler@0.3.0, which `witgen.proxy.Service` serves"):
        Proxy.asgi(text)
    with pytest.raises(LinkError, match=r"which `witgen.proxy.Proxy` serves"):
        Service.asgi(answering(200))
