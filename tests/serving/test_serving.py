"""Components that answer HTTP requests, behind real servers."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import hashlib
import logging
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.support.servers import Server, behind_hypercorn, behind_uvicorn
from witgen.proxy import Proxy
from witgen_runtime.host import Http

pytestmark = pytest.mark.slow

on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


@pytest.fixture(scope="module")
def served(web: Path) -> Generator[Server]:
    """Serve the guest with an instance per request, as is the default."""
    with behind_uvicorn(Proxy.asgi(web)) as server:
        yield server


@pytest.fixture(scope="module")
def client(served: Server) -> Generator[httpx.Client]:
    with served.client() as client:
        yield client


def test_a_guest_sees_the_request(client: httpx.Client) -> None:
    answer = client.get("/hello%20there?x=1&y=%2F", headers={"x-kind": "test", "user-agent": "tests"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain"
    first, *headers = answer.text.splitlines()
    assert first == f"GET /hello%20there?x=1&y=%2F SchemeHttp 127.0.0.1:{client.base_url.port}"
    assert {"x-kind: test", "user-agent: tests", "accept: */*"} <= set(headers)
    assert not [each for each in headers if each.startswith(("connection", "host"))]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"])
def test_every_method_arrives(client: httpx.Client, method: str) -> None:
    assert client.request(method, "/x").text.startswith(f"{method} /x ")


def test_each_request_has_an_instance(client: httpx.Client) -> None:
    assert [client.get(f"/remember?{word}").text for word in "abc"] == ["a", "b", "c"]


def test_bodies_pass_both_ways(client: httpx.Client) -> None:
    data = os.urandom(3_000_000)
    answer = client.post("/echo", content=data)
    assert answer.content == data
    assert answer.headers["x-length"] == "3000000"
    parts = client.post("/echo", content=iter([b"one ", b"two ", b"three"]))  # in chunked coding
    assert parts.content == b"one two three"
    assert client.post("/echo", content=b"").content == b""
    assert client.get("/echo").content == b""


def test_a_response_is_sent_while_it_is_made(client: httpx.Client) -> None:
    with client.stream("GET", "/slowly") as answer:
        times = [time.monotonic() for _ in answer.iter_raw()]
    assert len(times) == 3
    assert times[2] - times[0] > 0.3


def test_both_directions_stream_at_once(served: Server) -> None:
    with served.connect() as connection:
        connection.sendall(b"POST /pipe HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
        got = b""
        for number in range(3):
            connection.sendall(b"5\r\npart%d\r\n" % number)
            while b"part%d" % number not in got:
                got += connection.recv(4096)
        connection.sendall(b"0\r\n\r\n")
        while not got.endswith(b"0\r\n\r\n"):
            got += connection.recv(4096)


@on_linux
def test_a_large_body_is_not_buffered(web: Path) -> None:
    with behind_uvicorn(Proxy.asgi(web, body_limit=None, deadline=120)) as server:
        _upload(server, 1)
        before = _peak()
        _upload(server, 100)
        assert _peak() - before < 30 << 20


def _upload(server: Server, mebibytes: int) -> None:
    """Have the guest count the bytes of a body."""
    with server.connect() as connection:
        connection.sendall(b"POST /count HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % (mebibytes << 20))
        for _ in range(mebibytes):
            connection.sendall(bytes(1 << 20))
        assert b"200 OK" in connection.recv(1 << 16)


def _peak() -> int:
    """Return the most memory that this process had, in bytes."""
    lines = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
    return int(lines["VmHWM"].split()[0]) << 10


@on_linux
def test_a_response_that_nobody_reads_is_not_buffered(served: Server) -> None:
    with served.connect() as connection:
        connection.sendall(b"GET /flood HTTP/1.1\r\nhost: x\r\n\r\n")
        time.sleep(0.5)
        before = _resident()
        time.sleep(1.0)
        assert _resident() - before < 30 << 20


def test_a_guest_that_fails_breaks_its_response_off(web: Path, caplog: pytest.LogCaptureFixture) -> None:
    with behind_uvicorn(Proxy.asgi(web, memory=60 << 20, deadline=60)) as server, server.client() as client:
        begun = time.monotonic()
        with pytest.raises(httpx.RemoteProtocolError), client.stream("GET", "/hoard") as answer:
            answer.read()
        assert time.monotonic() - begun < 50
    assert "left its response unfinished: " in caplog.text


def test_a_long_response_costs_a_guest_no_memory(web: Path) -> None:
    """100 MiB, more than once, of an instance that has 60."""
    with behind_uvicorn(Proxy.asgi(web, memory=60 << 20, requests=2, deadline=60)) as server, server.client() as client:
        for _ in range(2):
            with client.stream("GET", "/flood") as answer:
                assert sum(map(len, answer.iter_raw())) == 100 << 20


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_head_and_bodiless_statuses_have_no_body(client: httpx.Client) -> None:
    answer = client.head("/announce?10")
    assert (answer.headers["content-length"], answer.content) == ("10", b"")
    for status in (204, 304):
        assert client.get(f"/status?{status}").content == b""
    assert client.get("/status?404").content == b"a body"
    assert client.get("/status?199").status_code == 500
    assert client.get("/status?700").status_code == 500


@pytest.mark.parametrize(
    ("path", "status", "logged"),
    [
        ("/fail", 500, "Trap"),
        ("/silent", 500, "without a response"),
        ("/error", 504, "ErrorCodeDnsTimeout"),
        ("/status?199", 500, "not the status of a final response"),
    ],
)
def test_failures_are_told(
    client: httpx.Client, path: str, status: int, logged: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "witgen.http"):
        assert client.get(path).status_code == status
    assert logged in caplog.text


def test_a_body_can_be_taken_once(client: httpx.Client) -> None:
    assert client.post("/twice", content=b"x").text == "IncomingRequestConsumeError"


def test_requests_of_the_guest_are_refused_unless_allowed(web: Path, served: Server, client: httpx.Client) -> None:
    address = f"127.0.0.1:{served.port}"
    for http in (True, Http(allow=[address])):
        with behind_uvicorn(Proxy.asgi(web, http=http)) as server, server.client() as allowed:
            assert allowed.get(f"/fetch?{address}").status_code == 200
    denied = client.get(f"/fetch?{address}")
    assert (denied.status_code, denied.text) == (502, "ErrorCodeHttpRequestDenied")


def test_many_clients_at_once(client: httpx.Client) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda number: client.get(f"/remember?{number}").text, range(100)))
    assert answers == [str(number) for number in range(100)]


def test_it_is_mounted_in_another_application(web: Path) -> None:
    app = Proxy.asgi(web)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await app.close()

    outer = Starlette(routes=[Mount("/wasm", app)], lifespan=lifespan)
    with behind_uvicorn(outer) as server, server.client() as client:
        assert client.get("/wasm/a/b?c=d").text.startswith("GET /a/b?c=d ")
        assert client.get("/wasm/").text.startswith("GET / ")
        assert client.get("/other").status_code == 404


def test_hypercorn_serves_it_too(web: Path) -> None:
    with behind_hypercorn(Proxy.asgi(web)) as server, server.client() as client:
        assert client.get("/x").text.startswith("GET /x ")
        assert client.post("/echo", content=bytes(100_000)).content == bytes(100_000)
        with contextlib.suppress(httpx.RemoteProtocolError), client.stream("GET", "/unfinished") as answer:
            answer.read()
            pytest.fail("the client takes half a response for a whole one")


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_http2_carries_bodies_and_trailers(web: Path) -> None:
    def curl(path: str, *arguments: str) -> str:
        address = f"http://127.0.0.1:{server.port}{path}"
        command = ["curl", "-s", "-i", "--noproxy", "*", "--http2-prior-knowledge", *arguments, address]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    with behind_hypercorn(Proxy.asgi(web)) as server:
        assert curl("/echo", "-d", "hello").endswith("\n\nhello")
        assert curl("/trailers", "-H", "te: trailers").rstrip().endswith("contentx-sum: 42")


def test_event_loops_may_change(web: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Clients for tests run each request on a separate loop, which ends while the instance is closed."""
    app = Proxy.asgi(web, deadline=10)

    async def get() -> str:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            return (await client.get("/")).text

    for _ in range(5):
        assert asyncio.run(get()).startswith("GET / ")
        gc.collect()
    asyncio.run(app.close())
    assert caplog.messages == []  # such as "Task was destroyed but it is pending!"


@on_linux
def test_nothing_is_left_behind(web: Path) -> None:
    threads, files = threading.active_count(), len(os.listdir("/proc/self/fd"))
    digests = set()
    with behind_uvicorn(Proxy.asgi(web)) as server, server.client() as client:
        for _ in range(20):
            digests.add(hashlib.sha256(client.post("/echo", content=b"x" * 10_000).content).hexdigest())
    assert len(digests) == 1
    _until(lambda: threading.active_count() <= threads)
    _until(lambda: len(os.listdir("/proc/self/fd")) <= files + 2)


def _until(condition: object) -> None:
    due = time.monotonic() + 10
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < due
        time.sleep(0.05)
