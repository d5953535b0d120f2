"""A FastAPI application that mounts a component, in which a Starlette application runs, with one of FastAPI below."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import AbstractContextManager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.guest.test_web_applications import built
from tests.support.http_server import http_server
from tests.support.servers import Server, behind_hypercorn, behind_uvicorn
from witgen.proxy import Proxy
from witgen_runtime.host import PythonHttp

pytestmark = pytest.mark.slow

BEHIND: dict[str, Callable[[Any], AbstractContextManager[Server]]] = {
    "uvicorn": behind_uvicorn, "hypercorn": behind_hypercorn,
}  # fmt: skip


def site(component: Any, events: list[str]) -> FastAPI:
    """Return the outer application."""
    wasm = Proxy.asgi(component, http=PythonHttp(private=True))

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        events.append("begun")
        yield
        await wasm.close()
        events.append("ended")

    app = FastAPI(lifespan=lifespan)

    @app.get("/own/{number}")
    async def own(number: int) -> dict[str, int]:
        return {"own": number}

    app.mount("/wasm", wasm)
    return app


@pytest.fixture(scope="module", params=BEHIND)
def client(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[httpx.Client]:
    events = list[str]()
    app = site(built(tmp_path_factory, "asgi_app"), events)
    with BEHIND[request.param](app) as server, server.client() as client:
        yield client
        assert events == ["begun"]
    assert events == ["begun", "ended"]
    due = time.monotonic() + 10
    while left := [each.name for each in threading.enumerate() if each.name.startswith(("store_", "witgen-http"))]:
        assert time.monotonic() < due, left
        time.sleep(0.05)


def test_both_applications_answer(client: httpx.Client) -> None:
    assert client.get("/own/7").json() == {"own": 7}
    assert client.get("/own/x").status_code == 422
    answer = client.get("/wasm/")
    # The greeting comes out of the lifespan of the application in the component, the header out of its middleware.
    assert (answer.text, answer.headers["x-stamp"]) == ("starlette hello\n", "stamped")
    assert client.get("/wasm/api/items/7?q=x").json() == {"number": 7, "q": "x"}
    assert client.get("/wasm/api/items/x").status_code == 422
    assert client.get("/wasm/nothing").status_code == client.get("/nothing").status_code == 404


def test_the_component_sees_the_path_below_the_mount(client: httpx.Client) -> None:
    seen = client.get("/wasm/bare/%C3%A9t%C3%A9?a=1").json()
    assert (seen["path"], seen["query"]) == ("/bare/été", "a=1")


def test_bodies_stream_in_both_directions(client: httpx.Client) -> None:
    data = bytes(range(256)) * 4000
    parts = iter([data[:1000], data[1000:500_000], data[500_000:]])
    assert client.post("/wasm/echo", content=parts).content == data
    with client.stream("GET", "/wasm/stream") as answer:
        came = [(time.monotonic(), part) for part in answer.iter_text() if part]
    assert "".join(part for _, part in came) == "part 0\npart 1\npart 2\n"
    assert came[-1][0] - came[0][0] > 0.3


def test_failures_stay_in_the_component(client: httpx.Client) -> None:
    assert client.get("/wasm/fails").status_code == 500
    assert client.get("/wasm/").text == "starlette hello\n"


def test_the_component_sends_requests_while_it_answers(client: httpx.Client) -> None:
    with http_server() as url:
        paused, echoed = client.get("/wasm/far", params={"url": url}).json()
    assert (paused, echoed) == ("paused", "[1]")
