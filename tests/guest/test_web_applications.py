"""Web applications in components: bare ASGI and WSGI, Starlette, FastAPI and Flask, served by `wasmtime serve`."""

from __future__ import annotations

import http.client
import json
import shutil
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.guests import once
from tests.support.http_server import http_server
from tests.support.wasmtime_serve import served
from witgen import Config, generate
from witgen.build.componentize import Build, build

pytestmark = [pytest.mark.slow, pytest.mark.long]

WEB = Path(__file__).parent / "web"
PACKAGES = ("fastapi==0.110.3", "pydantic==1.10.26", "python-multipart==0.0.20", "flask==3.1.3")


def built(factory: pytest.TempPathFactory, name: str) -> Path:
    """Return a component with web applications."""

    def make(folder: Path) -> None:
        app, wit = (Path(shutil.copy(WEB / each, folder)) for each in (f"{name}.py", "web.wit"))
        generate(Config(wit, golem=True, world="web", out=folder / "web_bindings", host=False))
        # The frameworks of both components in one folder, installed once.
        packages = once(factory, "web-packages", lambda _: None)
        out = folder / f"{name}.wasm"
        build(Build(str(app), wit, golem=True, world="web", out=out, requirements=PACKAGES, project=packages))

    return once(factory, f"web-{name}", make) / f"{name}.wasm"


@pytest.fixture(scope="module")
def asgi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(built(tmp_path_factory, "asgi_app")) as address:
        yield address


@pytest.fixture(scope="module")
def wsgi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(built(tmp_path_factory, "wsgi_app")) as address:
        yield address


class Answer:
    """A response that was read to its end; `times` are the seconds after which its parts came."""

    def __init__(self, url: str, method: str, path: str, body: Any, headers: dict[str, str]) -> None:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        began = time.monotonic()
        self.times: list[float] = []
        self.body = b""
        with closing(connection):
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            self.status, self.headers = response.status, response.headers
            while part := response.read1(65536):
                self.body += part
                self.times.append(time.monotonic() - began)
        if method != "HEAD" and len(self.body) < int(self.headers.get("content-length", 0)):
            raise http.client.IncompleteRead(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def fetch(url: str, path: str, method: str = "GET", body: Any = None, **headers: str) -> Answer:
    return Answer(url, method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})


# ---- ASGI


def test_a_scope(asgi: str) -> None:
    scope = fetch(asgi, "/bare/%C3%A9t%C3%A9?a=1&b=%20", x_one="1").json
    assert scope["path"] == "/bare/été"
    assert (scope["method"], scope["query"]) == ("GET", "a=1&b=%20")
    assert ["x-one", "1"] in scope["headers"]
    host = urlsplit(asgi)
    assert ["host", host.netloc] in scope["headers"]
    assert scope["server"] == [host.hostname, host.port]
    assert fetch(asgi, "/bare/who", method="PROPFIND").json["method"] == "PROPFIND"


def test_bodies_stream_both_ways(asgi: str) -> None:
    sent = bytes(range(256)) * 8192
    answer = fetch(asgi, "/bare/pipe", "POST", iter([sent[:100], sent[100:]]))
    assert answer.body == sent
    assert fetch(asgi, "/echo", "POST", sent).body == sent


def test_parts_arrive_when_they_are_sent(asgi: str) -> None:
    answer = fetch(asgi, "/stream")
    assert answer.text == "part 0\npart 1\npart 2\n"
    assert answer.times[-1] - answer.times[0] > 0.3


def test_trailers(asgi: str) -> None:
    # http.client reads trailers and throws them away.
    import socket

    with socket.create_connection((urlsplit(asgi).hostname, urlsplit(asgi).port), timeout=60) as raw:
        raw.sendall(b"GET /bare/trailers HTTP/1.1\r\nhost: x\r\nte: trailers\r\nconnection: close\r\n\r\n")
        received = b"".join(iter(lambda: raw.recv(65536), b""))
    assert b"summed" in received
    assert received.endswith(b"0\r\nx-sum: 6\r\n\r\n")


def test_an_application_that_does_not_answer_is_a_500(asgi: str) -> None:
    for path in "/bare/silent", "/fails", "/bare/wrong-header":
        answer = fetch(asgi, path)
        assert (answer.status, "set-cookie" in answer.headers) == (500, False)


def test_a_response_that_breaks_off_is_incomplete(asgi: str) -> None:
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        fetch(asgi, "/bare/broken")


def test_starlette(asgi: str) -> None:
    home = fetch(asgi, "/")
    assert (home.status, home.text, home.headers["x-stamp"]) == (200, "starlette hello\n", "stamped")
    assert fetch(asgi, "/missing").status == 404
    assert fetch(asgi, "/not-async").text == "not async\n"
    assert fetch(asgi, "/groups").json == ["a", "b", True]
    form = fetch(asgi, "/form", "POST", "a=1&b=%C3%A9", content_type="application/x-www-form-urlencoded")
    assert form.json == {"a": "1", "b": "é"}
    head = fetch(asgi, "/", "HEAD")
    assert (head.status, head.body) == (200, b"")


def test_a_background_task_runs_after_the_response(asgi: str) -> None:
    assert fetch(asgi, "/background").text == "at once\n"
    assert fetch(asgi, "/bare/after").text == "first"


def test_an_application_sends_requests(asgi: str) -> None:
    with http_server() as url:
        assert fetch(asgi, f"/far?url={url}").json == ["paused", "[1]"]


def test_fastapi(asgi: str) -> None:
    assert fetch(asgi, "/api/items/3?q=x").json == {"number": 3, "q": "x"}
    wrong = fetch(asgi, "/api/items/three")
    assert (wrong.status, wrong.json["detail"][0]["loc"]) == (422, ["path", "number"])
    item = json.dumps({"name": "pear", "price": "2.5"})
    made = fetch(asgi, "/api/items", "POST", item, content_type="application/json")
    assert made.json == {"name": "PEAR", "price": 2.5, "unit": "EUR"}
    assert "/items/{number}" in fetch(asgi, "/api/openapi.json").json["paths"]


@pytest.mark.long
def test_warm_requests_are_in_the_component(asgi: str, wsgi: str) -> None:
    assert fetch(asgi, "/warmed").json["warmed"] == ["/warm-up"]
    assert fetch(wsgi, "/warmed").json["warmed"] == ["/warm-up"]


# ---- WSGI


@pytest.mark.long
def test_an_environment(wsgi: str) -> None:
    environ = fetch(wsgi, "/bare/%C3%A9?a=%20", x_one="1", x_a_b="2", cookie="a=1").json
    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == ("/bare", "/é".encode().decode("latin-1"))
    assert (environ["REQUEST_METHOD"], environ["QUERY_STRING"]) == ("GET", "a=%20")
    host = urlsplit(wsgi)
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"], environ["HTTP_HOST"]) == (
        host.hostname, str(host.port), host.netloc
    )  # fmt: skip
    assert (environ["HTTP_X_ONE"], environ["HTTP_COOKIE"], environ["wsgi.input_terminated"]) == ("1", "a=1", True)


def test_parts_of_wsgi(wsgi: str) -> None:
    written = fetch(wsgi, "/bare/written")
    assert (written.status, written.text) == (201, "written, returned")
    assert fetch(wsgi, "/bare/closing").text == "first second"
    replaced = fetch(wsgi, "/bare/replaced")
    assert (replaced.status, replaced.text) == (409, "replaced")
    assert fetch(wsgi, "/bare/silent").status == 500
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        fetch(wsgi, "/bare/broken")


def test_flask(wsgi: str) -> None:
    assert fetch(wsgi, "/?name=Ann").text == "flask Ann"
    decoded = fetch(wsgi, "/%C3%A9/a/b", cookie="a=1; b=2").json
    assert (decoded["rest"], decoded["cookie"]) == ("a/b", {"a": "1", "b": "2"})
    assert decoded["url"].startswith(wsgi)
    sent = bytes(range(256)) * 4096
    assert fetch(wsgi, "/echo", "POST", iter([sent])).body == sent
    assert fetch(wsgi, "/missing").status == 404
    assert fetch(wsgi, "/fails").status == 500
    head = fetch(wsgi, "/", "HEAD")
    assert (head.status, head.body) == (200, b"")
    first = fetch(wsgi, "/session")
    cookie = first.headers["set-cookie"].partition(";")[0]
    assert fetch(wsgi, "/session", cookie=cookie).json == {"seen": 2}


def test_a_multipart_form(wsgi: str, asgi: str) -> None:
    body = (
        '--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n1\r\n'
        '--x\r\ncontent-disposition: form-data; name="f"; filename="f.txt"\r\n\r\ntext\r\n--x--\r\n'
    )
    assert fetch(wsgi, "/form", "POST", body, content_type="multipart/form-data; boundary=x").json == {
        "a": "1", "f": "text"
    }  # fmt: skip


def test_parts_of_flask_arrive_when_they_are_sent(wsgi: str) -> None:
    answer = fetch(wsgi, "/stream")
    assert answer.text == "part 0\npart 1\npart 2\n"
    assert answer.times[-1] - answer.times[0] > 0.3
