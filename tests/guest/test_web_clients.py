"""Requests from a component: witgen's clients, httpx, requests and urllib, to a real server."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.guests import importable, once
from tests.support.http_server import http_server
from witgen import Config, generate
from witgen.build.componentize import Build, build
from witgen_runtime.host import PythonHttp

pytestmark = pytest.mark.slow

WEB = Path(__file__).parent / "web"
PACKAGES = ("httpx==0.28.1", "requests==2.34.2")


def make(folder: Path) -> None:
    """Build the guest and its bindings into a folder."""
    app, wit = (Path(shutil.copy(WEB / each, folder)) for each in ("client_app.py", "client.wit"))
    generate(Config(wit, golem=True, out=folder / "client_bindings"))
    build(Build(str(app), wit, golem=True, out=folder / "client.wasm", requirements=PACKAGES, project=folder))


@pytest.fixture(scope="module", params=["wasmtime", "python"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Any]]:
    """Return a function that runs a job of the guest, whose requests wasmtime sends, or Python."""
    folder = importable(once(tmp_path_factory, "web-client", make))
    from client_bindings.host import Client, ClientImports

    http = True if request.param == "wasmtime" else PythonHttp(private=True)
    with http_server() as url, Client.open(folder / "client.wasm", ClientImports(), http=http) as world:
        yield lambda job: json.loads(world.run(job, url).replace(url, "URL"))


PARTS = ["part 0", "part 1", "part 2"]


def test_the_client_of_witgen(run: Callable[[str], Any]) -> None:
    hello, posted, put = run("own")
    assert (hello, put) == ("hello", "\0\1")
    assert (posted["method"], posted["path"], posted["body"]) == ("POST", "/echo?q=%C3%A9", '{"a": 1}')
    sent = posted["headers"]
    assert (sent["x-one"], sent["content-type"], sent["content-length"]) == ("1", "application/json", "8")
    assert sent["authorization"] == "Basic QW5uOnNlY3JldA=="


def test_redirects(run: Callable[[str], Any]) -> None:
    assert run("redirects") == [
        ["hello", 1], ["GET", ""], ["POST", "a=b"], [302, "/hello"], "redirected more than 20 times"
    ]  # fmt: skip


def test_bodies_in_parts(run: Callable[[str], Any]) -> None:
    assert run("streamed") == [PARTS, "0,1,2,3,4,", False, 3_000_000]


def test_errors(run: Callable[[str], Any]) -> None:
    assert run("failures") == [
        ["ReadTimeout", True],
        ["RequestError", False],
        ["ConnectError", False],
        404,
        "'ftp://example.org/' is not an address of http or https",
        "'no address' is not an address of http or https",
    ]


def test_requests_that_are_given_up_leave_nothing_behind(run: Callable[[str], Any]) -> None:
    assert run("given_up") == ["no more", "timeout", True, "hello"]


def test_the_client_for_asyncio(run: Callable[[str], Any]) -> None:
    assert run("own_async") == [True, "hello", "0,1,2,", "yes", [*PARTS, "timeout"]]


def test_httpx(run: Callable[[str], Any]) -> None:
    assert run("with_httpx") == ["hello", "ab", "taste=sweet", PARTS, "packed", "ReadTimeout", "ConnectError"]
    assert run("with_async_httpx") == ["paused", '{"a":1}', PARTS]


def test_requests(run: Callable[[str], Any]) -> None:
    assert run("with_requests") == [
        *("hello", 302, "a=b", "taste=sweet", "".join(PARTS), "packed", "ReadTimeout", "ConnectionError")
    ]


def test_urllib(run: Callable[[str], Any]) -> None:
    assert run("with_urllib") == ["hello", 200, "/hello", "POST", "a=b", "taste=sweet", 404, "ConnectError"]
