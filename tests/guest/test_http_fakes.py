"""HTTP without a network: guests that serve and send requests, on plain CPython."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.guests import importable
from tests.support.paths import ROOT
from witgen import Config, generate
from witgen.build.componentize import Build, build
from witgen_runtime.testing import FakeHttp, HttpRequest, HttpResponse

APP = """\
import asyncio, json
from front_bindings.guest import exports, http

async def body_of(receive):
    parts = []
    while True:
        event = await receive()
        parts.append(event["body"])
        if not event["more_body"]:
            return parts

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        scope["state"]["started"] = True
        await send({"type": "lifespan.startup.complete"})
        return
    if scope["path"] == "/fails":
        raise LookupError("no such thing")
    if scope["path"] == "/far":
        answered = await http.AsyncClient(base_url="https://api.example.org").get("/v1", params={"q": 1})
        found = {"status": answered.status_code, "far": answered.json(), "server": answered.headers["Server"]}
    elif scope["path"] == "/near":
        found = http.post("http://near.example.org/", data={"a": "b"}).text
    elif scope["path"] == "/refused":
        try:
            http.get("http://nowhere.example.org/")
        except http.ConnectError as error:
            found = [type(error.code).__name__, type(error).__name__]
    else:
        body = [each.decode() for each in await body_of(receive)]
        found = [scope["method"], scope["path"], scope["query_string"].decode(), body, scope["state"]["started"]]
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-one", b"1")]})
    await send({"type": "http.response.body", "body": json.dumps(found).encode()})

exports.serve(__name__, asgi=app, warm=["/"])
"""


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    folder: Path = importable(tmp_path_factory.mktemp("front"))
    (folder / "front.wit").write_text("package test:front;\nworld front { include wasi:http/proxy@0.2.3; }\n")
    (folder / "front_app.py").write_text(APP)
    generate(Config(folder / "front.wit", golem=True, world="front", host=False, out=folder / "front_bindings"))
    from front_bindings.guest import testing
    from front_bindings.types import wasi_http_types as types

    return SimpleNamespace(testing=testing, types=types)


@pytest.fixture
def fakes(front: SimpleNamespace) -> Iterator[Any]:
    yield from front.testing.installed()


def test_a_guest_that_serves(front: SimpleNamespace, fakes: Any) -> None:
    http = FakeHttp(fakes)
    with front.testing.opened("front_app", fakes) as guest:
        answer = http.fetch(guest, "/a%20b?c=d", "PUT", body=[b"one", b"two"], headers={"x": "y"})
        assert json.loads(answer.content) == ["PUT", "/a b", "c=d", ["one", "two", ""], True]
        assert (answer.status, answer.headers) == (200, {"x-one": "1"})
        assert http.fetch(guest, "/fails").status == 500
        assert http.fetch(guest, "/", "BREW").status == 200


def test_a_guest_that_sends(front: SimpleNamespace, fakes: Any) -> None:
    http = FakeHttp(fakes)

    def answer(request: HttpRequest) -> HttpResponse:
        if "nowhere" in request.url:
            raise front.types.ErrorCodeConnectionRefused
        return HttpResponse(201, {"server": "fake"}, [b'{"so":', b' "far"}'])

    http.answers(answer)
    with front.testing.opened("front_app", fakes) as guest:
        far = json.loads(http.fetch(guest, "/far").content)
        assert far == {"status": 201, "far": {"so": "far"}, "server": "fake"}
        assert json.loads(http.fetch(guest, "/near").content) == '{"so": "far"}'
        assert json.loads(http.fetch(guest, "/refused").content) == ["ErrorCodeConnectionRefused", "ConnectError"]
    first, second, _ = http.requests
    assert (first.method, first.url, first.body) == ("GET", "https://api.example.org/v1?q=1", b"")
    assert (second.method, second.url, second.body) == ("POST", "http://near.example.org/", b"a=b")
    assert second.headers == {"content-type": "application/x-www-form-urlencoded", "content-length": "3"}


def test_a_request_that_nothing_answers_ends_the_guest(front: SimpleNamespace, fakes: Any) -> None:
    http = FakeHttp(fakes)
    with (
        front.testing.opened("front_app", fakes) as guest,
        pytest.raises(front.testing.Trap, match=r"nothing answers POST http://near\.example\.org/; use answers\(\)"),
    ):
        http.fetch(guest, "/near")


def example(folder: Path) -> Path:
    """Return a copy of the example with its bindings."""
    made = Path(shutil.copytree(ROOT / "examples" / "http", folder / "http"))
    generate(Config(made / "wit", world="front", golem=True, out=made / "front_bindings"))
    return made


def run_tests(project: Path, *arguments: str) -> str:
    """Run the tests of a project; return what pytest prints."""
    settings = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "witgen_runtime.testing.plugin", *arguments]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, env=settings).stdout


def test_the_example_passes_its_tests(tmp_path: Path) -> None:
    said = run_tests(example(tmp_path))
    assert "3 passed" in said, said
    page = (ROOT / "docs" / "guest-http.md").read_text()
    shown = page.partition("def test_the_page")[2].partition("```")[0].splitlines()
    assert {*shown[1:]} <= {*(ROOT / "examples" / "http" / "test_app.py").read_text().splitlines()}


@pytest.mark.long
@pytest.mark.slow
def test_the_component_of_the_example_passes_them(tmp_path: Path) -> None:
    project = example(tmp_path)
    build(Build(str(project / "app.py"), project / "wit", "front", golem=True, out=project / "app.wasm"))
    said = run_tests(project, "--witgen-component", "app.wasm")
    assert "3 passed" in said, said
