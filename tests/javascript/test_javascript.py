"""Components in JavaScript: called from Python, served over HTTP, and sending requests of their own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving.test_serve_command import serving
from tests.support.guests import once
from tests.support.http_server import http_server
from tests.support.javascript import EXAMPLE, build_javascript
from tests.support.servers import behind_hypercorn, behind_uvicorn
from witgen.golem import WIT
from witgen.proxy import Proxy
from witgen_runtime.host import Http, PythonHttp

pytestmark = pytest.mark.long

GUEST = Path(__file__).parent / "guest"


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the path of the component that answers HTTP requests."""

    def make(folder: Path) -> None:
        shutil.copytree(GUEST, folder, dirs_exist_ok=True)
        shutil.copytree(WIT / "deps", folder / "wit" / "deps")
        shutil.move(folder / "web.wit", folder / "wit")
        build_javascript(tmp_path_factory, folder)

    return once(tmp_path_factory, "javascript-web", make) / "web.wasm"


@pytest.fixture(scope="module")
def upstream() -> Iterator[str]:
    """Return the authority of a server that the component sends requests to."""
    with http_server() as url:
        yield url.removeprefix("http://")


def test_the_example(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    shutil.copytree(EXAMPLE, tmp_path, dirs_exist_ok=True)
    build_javascript(tmp_path_factory, tmp_path)
    for command in (["-m", "witgen", "generate", "-q"], ["host.py"]):
        done = subprocess.run([sys.executable, *command], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "Ann takes 3 x Darjeeling",
        "Ann takes 7 x Darjeeling",
        "[(Item(name='Darjeeling', cents=1250), 10)] 11250",
        "ProblemTooMany 1000",
        "ProblemUnknown there is no wine",
    ]


@pytest.mark.parametrize("behind", [behind_uvicorn, behind_hypercorn], ids=["uvicorn", "hypercorn"])
def test_it_is_served(behind: object, web: Path) -> None:
    with behind(Proxy.asgi(web)) as server, server.client() as client:  # type: ignore[operator]
        assert client.get("/a/b?c=d", headers={"x-kind": "test"}).text == "GET /a/b?c=d test"
        assert client.post("/echo", content=bytes(100_000)).content == bytes(100_000)
        with client.stream("GET", "/slowly") as answer:
            times = [(time.monotonic(), part) for part in answer.iter_text() if part]
        assert "".join(part for _, part in times) == "part 0\npart 1\npart 2\n"
        assert times[-1][0] - times[0][0] > 0.3


def test_the_command_serves_it(web: Path, upstream: str) -> None:
    with serving(web, "--allow", upstream) as running, running.client() as client:
        assert client.get("/x").text == "GET /x null"
        assert client.get("/get", params={"from": upstream}).text == "200 hello"
        assert client.get("/get", params={"from": "127.0.0.1:1"}).status_code == 502


@pytest.mark.parametrize(
    "http", [True, Http(allow=["127.0.0.1:*"]), PythonHttp(private=["127.0.0.0/8"])], ids=["all", "allowed", "python"]
)
def test_it_sends_requests(http: Http | bool, web: Path, upstream: str) -> None:
    with behind_uvicorn(Proxy.asgi(web, http=http)) as server, server.client() as client:
        assert client.get("/get", params={"from": upstream}).text == "200 hello"
        seen = json.loads(client.post("/post", params={"to": upstream}, content="some text").text)
        assert (seen["method"], seen["path"], seen["body"]) == ("POST", "/echo?q=1", "some text")
        assert (seen["headers"]["x-one"], seen["headers"]["host"]) == ("1", upstream)
        with client.stream("GET", "/parts", params={"from": upstream}) as answer:
            parts = [part for part in answer.iter_text() if part]
        assert "".join(parts) == "part 0part 1part 2"
        assert client.get("/get", params={"from": "127.0.0.1:1"}).status_code == 502


@pytest.mark.parametrize("http", [False, Http(allow=["example.org"]), PythonHttp()], ids=["no", "others", "public"])
def test_it_sends_none_where_it_must_not(http: Http | bool, web: Path, upstream: str) -> None:
    with behind_uvicorn(Proxy.asgi(web, http=http)) as server, server.client() as client:
        assert client.get("/get", params={"from": upstream}).status_code == 502
