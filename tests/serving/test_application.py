"""Applications made of a component: options, errors, instances. Its guest is a text that compiles in no time."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import AsyncIterator
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serving.tiny import answering, asking, silent
from tests.support.servers import behind_uvicorn, raw
from witgen import Config, generate
from witgen.proxy import Proxy
from witgen_runtime.host import ComponentError, LinkError


@contextlib.asynccontextmanager
async def _client(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client
    await app.close()


def test_a_component_answers() -> None:
    with behind_uvicorn(Proxy.asgi(answering(418))) as server, server.client() as client:
        assert [client.get("/").status_code for _ in range(5)] == [418] * 5


def test_a_response_that_is_not_sent_is_an_error() -> None:
    with behind_uvicorn(Proxy.asgi(silent())) as server, server.client() as client:
        assert client.get("/").status_code == 500


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"request": 1}, TypeError, "unexpected keyword argument 'request'; it takes requests, instances"),
        ({"requests": 0}, ValueError, "requests: expected at least 1, got 0"),
        ({"instances": "many"}, TypeError, "instances: expected a whole number, got str"),
        ({"ahead": -1}, ValueError, "ahead: expected at least 0"),
        ({"body_limit": 1.5}, TypeError, "body_limit: expected a whole number"),
        ({"deadline": 0}, ValueError, "deadline: expected seconds"),
        ({"http": "yes"}, TypeError, "http: expected True, False or an Http"),
        ({"wasi": {}}, TypeError, "wasi: expected a Wasi, which many instances can use, got dict"),
    ],
)
def test_options_are_checked(options: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        Proxy.asgi(answering(200), **options)


def test_components_are_checked_at_once() -> None:
    with pytest.raises(LinkError, match="does not fit world wasi:http/proxy"):
        Proxy.asgi("(component)")
    with pytest.raises(ComponentError):
        Proxy.asgi(b"no component")


def test_a_component_is_replaced_without_a_failed_request() -> None:
    app = Proxy.asgi(answering(201))
    seen: list[int] = []
    ended = threading.Event()

    def ask(client: httpx.Client) -> None:
        while not ended.is_set():
            seen.append(client.get("/").status_code)

    with behind_uvicorn(app) as server, server.client() as client:
        loop = app._instances.loop
        assert loop is not None
        asking = threading.Thread(target=ask, args=(client,))
        asking.start()
        asyncio.run_coroutine_threadsafe(app.replace(answering(202)), loop).result()
        with pytest.raises(ComponentError):
            asyncio.run_coroutine_threadsafe(app.replace(b"damaged"), loop).result()
        time.sleep(0.2)
        ended.set()
        asking.join()
    assert set(seen) <= {201, 202}
    assert seen[-1] == 202


def test_requests_wait_for_an_instance_until_their_deadline() -> None:
    """The limit of one instance holds: another request waits, and is told so at its deadline."""
    app = Proxy.asgi(answering(200), instances=1, deadline=0.5)

    async def main() -> tuple[int, int]:
        async with _client(app) as client:
            taken = await app._pool().take()
            waiting = (await client.get("/")).status_code
            await app._pool().release(taken, intact=True)
            return waiting, (await client.get("/")).status_code

    assert asyncio.run(main()) == (503, 200)


def test_a_server_is_told_why_it_cannot_start(tmp_path: Path) -> None:
    def broken() -> object:
        raise RuntimeError("no implementations today")

    app = Proxy.asgi(answering(200), broken)  # type: ignore[arg-type]

    async def start() -> list[dict[str, Any]]:
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "lifespan.startup"}

        async def send(message: Any) -> None:
            sent.append(message)

        await app({"type": "lifespan"}, receive, send)
        return sent

    told = "RuntimeError: no implementations today"
    assert asyncio.run(start()) == [{"type": "lifespan.startup.failed", "message": told}]


def test_websockets_are_refused() -> None:
    async def connect() -> list[Any]:
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "websocket.connect"}

        async def send(message: Any) -> None:
            sent.append(message)

        await app({"type": "websocket"}, receive, send)
        return sent

    app = Proxy.asgi(answering(200))
    assert asyncio.run(connect()) == [{"type": "websocket.close", "code": 1000}]


@pytest.mark.parametrize(
    "head",
    [
        b"content-length: 5\r\ncontent-length: 6\r\n",
        b"content-length: +5\r\n",
        b"content-length: 0x5\r\n",
        b"content-length: 5, 6\r\n",
        b"content-length : 5\r\n",
        b"transfer-encoding: gzip, chunked\r\n",
        b"host: other\r\n",
        b"content-length: 99999999999999999999\r\n",
        b"x-control: a\x01b\r\n",
        b"x-null: a\0b\r\n",
    ],
)
def test_ambiguous_requests_do_not_reach_the_guest(head: bytes) -> None:
    with behind_uvicorn(Proxy.asgi(answering(200))) as server:
        request = b"POST / HTTP/1.1\r\nhost: x\r\n" + head + b"\r\nhello"
        assert raw(server, request).split()[1] in {b"400", b"501"}  # and the server closes the connection


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"CONNECT other:80 HTTP/1.1\r\nhost: other:80\r\n", b"501"),
        (b"GET / HTTP/1.1\r\nhost: a@b\r\n", b"400"),
        (b"GET http://a@b/ HTTP/1.1\r\nhost: x\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999\r\n", b"413"),
    ],
)
def test_a_connection_ends_with_a_request_that_is_refused(head: bytes, status: bytes) -> None:
    with behind_uvicorn(Proxy.asgi(answering(200))) as server:
        assert raw(server, head + b"\r\n").split()[1] == status


def test_a_client_that_leaves_is_no_error() -> None:
    with behind_uvicorn(Proxy.asgi(answering(200))) as server, server.client() as client:
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", server.port)) as connection:
                connection.sendall(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc")
        assert client.get("/").status_code == 200


_OWN_WIT = """
package tests:web;

interface status {
    next: func() -> u16;
}

world site {
    import status;
    include wasi:http/proxy@0.2.3;
}
"""


def test_a_world_of_ones_own_is_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With implementations for all instances, or for each; with plain methods, or with coroutines."""
    (tmp_path / "site.wit").write_text(_OWN_WIT)
    generate(Config(tmp_path / "site.wit", golem=True, guest=False, out=tmp_path / "site_bindings"))
    monkeypatch.syspath_prepend(tmp_path)
    site, status = import_module("site_bindings.host.site"), import_module("site_bindings.host.tests_web_status")

    class Counting(status.Status):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            self.last = 200

        def next(self) -> int:
            self.last += 1
            return self.last

    class Slow(status.AsyncStatus):  # type: ignore[misc,name-defined]
        async def next(self) -> int:
            await asyncio.sleep(0)
            return 299

    def seen(imports: object) -> list[int]:
        with behind_uvicorn(site.Site.asgi(asking(), imports)) as server, server.client() as client:
            return [client.get("/").status_code for _ in range(3)]

    assert seen(site.SiteImports(tests_web_status=Counting())) == [201, 202, 203]
    assert seen(lambda: site.SiteImports(tests_web_status=Counting())) == [201] * 3
    assert seen(site.AsyncSiteImports(tests_web_status=Slow())) == [299] * 3
    with pytest.raises(AttributeError, match="asgi"):
        site.AsyncSite.asgi  # noqa: B018
