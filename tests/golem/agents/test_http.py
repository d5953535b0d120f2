"""Agents behind HTTP: one test for each rule, with a client over a socket."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from witgen.golem import Executor
from witgen.golem.worker.agent_command import configure
from witgen.golem.worker.agent_site import AgentSite
from witgen.golem.worker.errors import WorkerError

pytestmark = pytest.mark.slow

PEN = {"name": "pen", "price": 1.5, "quantity": 2}
ONE, TWO = "https://one.example", "https://two.example"


@pytest.fixture(scope="module")
def http(agents_component: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    state = tmp_path_factory.mktemp("site") / "state.db"
    with Executor(state, say=lambda _: None) as executor, socket.create_server(("127.0.0.1", 0)) as listener:
        component = executor.add_component(agents_component)
        configure(executor, executor.program(component.id, 0).agents, {"max_items": "5"}, {})
        site = AgentSite(executor, component, session_header="X-Session", body_limit=1000)
        server = uvicorn.Server(uvicorn.Config(site, log_level="warning", lifespan="on"))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=60) as client:
            yield client
        server.should_exit = True
        thread.join()
        site.close()


def put(http: httpx.Client, user: str, **changed: Any) -> httpx.Response:
    return http.post(f"/carts/{user}/items", json={"item": {**PEN, **changed}})


# Bodies


def test_a_body_has_the_parameters(http: httpx.Client) -> None:
    """An object, even for one parameter; unknown keys do not count."""
    made = http.post("/carts/ann/items", json={"item": {**PEN, "colour": "red"}, "more": 1})
    assert (made.status_code, made.json(), made.headers["content-type"]) == (200, 1, "application/json")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "REQUEST_BODY_INVALID_JSON"),
        (b"[1]", "REQUEST_JSON_BODY_PARSING_FAILED"),
        (b"{}", "REQUEST_JSON_BODY_PARSING_FAILED"),
        (b'{"item": {"name": "pen", "price": "x", "quantity": 1}}', "REQUEST_JSON_BODY_PARSING_FAILED"),
    ],
)
def test_bodies_that_do_not_fit(http: httpx.Client, body: bytes, code: str) -> None:
    made = http.post("/carts/ann/items", content=body)
    assert (made.status_code, made.json()["code"]) == (400, code)
    assert made.json()["errors"]


def test_a_body_that_is_too_large(http: httpx.Client) -> None:
    assert http.post("/carts/ann/items", content=b" " * 1001).status_code == 413


def test_binary_bodies(http: httpx.Client) -> None:
    made = http.put("/carts/ann/picture", content=b"\x89", headers={"content-type": "image/png"})
    assert (made.status_code, made.content, made.headers["content-type"]) == (200, b"\x89", "image/png")
    refused = http.put("/carts/ann/picture", content=b"x", headers={"content-type": "image/jpeg"})
    assert (refused.status_code, refused.json()["code"]) == (400, "REQUEST_UNSUPPORTED_MIME_TYPE")
    assert http.put("/carts/ann/picture", content=b"x").status_code == 400  # application/octet-stream


def test_text_bodies(http: httpx.Client) -> None:
    made = http.put("/carts/ann/note", content="grüß", headers={"content-language": "DE"})
    assert (made.text, made.headers["content-type"]) == ("grüß", "text/plain; charset=utf-8")
    assert made.headers["content-language"] == "de"
    for headers in ({"content-type": "text/html"}, {"content-language": "fr"}, {"content-language": "de, en"}):
        assert http.put("/carts/ann/note", content="x", headers=headers).status_code == 415


# Paths, queries, headers


def test_queries(http: httpx.Client) -> None:
    put(http, "query")
    assert http.get("/carts/query/total").json() == 3.0
    assert http.get("/carts/query/total?currency=usd&tag=a&tag=b").json() == 8.0
    twice = http.get("/carts/query/total?currency=usd&currency=eur")
    assert (twice.status_code, twice.json()["code"]) == (400, "REQUEST_VALUE_PARSING_FAILED_TOO_MANY_VALUES")


def test_headers(http: httpx.Client) -> None:
    missing = http.post("/carts/ann/pay")
    assert (missing.status_code, missing.json()["code"]) == (400, "REQUEST_MISSING_VALUE")
    wrong = http.post("/carts/ann/pay", headers={"X-Good": "maybe"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "REQUEST_VALUE_PARSING_FAILED")


def test_paths(http: httpx.Client) -> None:
    """Decoded before they are split; trailing slashes do not count; the rest of a path is one value."""
    assert http.get("/carts/p%20q/who/x").json()["agent"] == 'Cart("p q")'
    assert http.get("/carts/ann/files/a/b%2Fc/").json() == "a/b/c"
    assert http.get("/carts/ann/cart/0/file").json() == "file"  # the type's name and the component's revision
    for path in ("/", "/carts", "/carts/ann", "/carts/ann/files", "/carts/ann/cart/1/file", "/carts/ann/who/a/b"):
        made = http.get(path)
        assert (made.status_code, made.json()["code"]) == (404, "ROUTE_NOT_FOUND")
    other = http.patch("/carts/ann/items")
    assert other.status_code == 404
    assert other.json()["error"] == "there is no route PATCH /carts/ann/items, but DELETE and POST of this path"


# Answers


def test_answers(http: httpx.Client) -> None:
    put(http, "answers")
    assert http.get("/carts/answers/items/pen").json() == PEN
    none = http.get("/carts/answers/items/ink")
    assert (none.status_code, none.content) == (404, b"")
    paid = http.post("/carts/answers/pay", headers={"X-Good": "true"})
    assert (paid.status_code, paid.json()) == (200, "paid")
    refused = http.post("/carts/answers/pay", headers={"X-Good": "false"})
    assert (refused.status_code, refused.json()["name"]) == (500, "card")
    assert http.delete("/carts/answers/items").status_code == 204


def test_failures(http: httpx.Client) -> None:
    for _ in range(2):
        made = http.post("/carts/broken/break")
        assert (made.status_code, made.json()["code"]) == (500, "INTERNAL_AGENT_EXECUTION_FAILED")


def test_each_request_is_a_call_of_its_own(http: httpx.Client) -> None:
    keys = {"Idempotency-Key": "same"}
    made = [http.post("/carts/keys/items", json={"item": PEN}, headers=keys).json() for _ in range(2)]
    assert made == [1, 2]


# Agents and users


def test_phantoms(http: httpx.Client) -> None:
    assert [http.get("/once/x/next").json() for _ in range(2)] == [1, 1]


def test_users(http: httpx.Client) -> None:
    assert http.get("/once/x/who").status_code == 401
    assert http.get("/once/x/who", headers={"X-Session": "ann"}).status_code == 401
    made = http.get("/once/x/who", headers={"X-Session": '{"subject": "ann"}'}).json()
    assert made["principal"] == "ann of http://test-idp.com"
    assert http.get("/carts/ann/who/x").json()["principal"] == "Anonymous"


def test_endpoints_that_need_users_need_a_header(agents_component: Path, tmp_path: Path) -> None:
    with Executor(tmp_path / "state.db") as executor:
        component = executor.add_component(agents_component)
        with pytest.raises(WorkerError, match=r"Once\.who: these endpoints need a user: pass --session-header NAME"):
            AgentSite(executor, component)


# CORS


def test_origins(http: httpx.Client) -> None:
    """Patterns of mount and endpoint are joined; answers name the origin."""
    for origin in (ONE, TWO):
        made = http.get("/carts/ann/total", headers={"Origin": origin})
        assert made.headers["access-control-allow-origin"] == origin
        assert (made.headers["access-control-allow-credentials"], made.headers["vary"]) == ("true", "Origin")
    assert "access-control-allow-origin" not in http.get("/carts/ann/total", headers={"Origin": "https://x"}).headers
    assert "access-control-allow-origin" not in put(http, "ann").headers
    assert (
        http.get("/once/a/next", headers={"Origin": "https://x"}).headers["access-control-allow-origin"] == "https://x"
    )


def test_preflights(http: httpx.Client) -> None:
    def ask(path: str, verb: str, origin: str) -> httpx.Response:
        return http.options(path, headers={"Origin": origin, "Access-Control-Request-Method": verb})

    made = ask("/carts/ann/pay", "POST", ONE)
    assert (made.status_code, made.headers["access-control-max-age"]) == (204, "3600")
    assert made.headers["access-control-allow-headers"] == "x-good"
    assert made.headers["access-control-allow-methods"] == "POST"
    assert ask("/carts/ann/items", "POST", ONE).headers["access-control-allow-headers"] == "content-type"
    assert ask("/carts/ann/pay", "POST", TWO).status_code == 403


# Webhooks and descriptions


def test_webhooks(http: httpx.Client) -> None:
    url = http.post("/carts/ann/hook").json()
    assert url.startswith(f"{str(http.base_url).rstrip('/')}/webhooks/cart/")
    assert http.post(url, content=b"come").status_code == 204
    assert http.post(url[:-2] + "xx").status_code == 404
    assert http.get(url).status_code == 404


def test_descriptions(http: httpx.Client) -> None:
    made = http.get("/openapi.json").json()
    assert made["paths"]["/carts/{user}/items"]["post"]["requestBody"]["content"].keys() == {"application/json"}
    assert http.get("/openapi.yaml").text.startswith('"openapi": "3.0.0"')
    assert json.dumps(made)
