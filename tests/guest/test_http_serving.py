"""`serve` with web applications: its parameters, and what it refuses, on plain CPython."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.guests import importable
from witgen import Config, generate


def generated(folder: Path, name: str, items: str) -> Path:
    """Generate the guest bindings of a world; return their folder."""
    (folder / f"{name}.wit").write_text(f"package test:{name};\nworld {name} {{ {items} }}\n")
    generate(Config(folder / f"{name}.wit", golem=True, host=False, out=folder / f"{name}_bindings"))
    return folder / f"{name}_bindings"


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., None]:
    folder = importable(tmp_path_factory.mktemp("handler"))
    items = "export wasi:http/incoming-handler@0.2.3; export asgi: func();"
    generated(folder, "handler", items)
    from handler_bindings.guest.exports import serve

    found: Callable[..., None] = serve
    return found


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answer nothing."""


def test_parameters_give_way_to_names_of_wit(serve: Callable[..., None]) -> None:
    assert [*inspect.signature(serve).parameters] == [
        *("module", "asgi", "wasi_http_incoming_handler", "asgi_", "wsgi", "warm")
    ]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "is implemented by one application, not by none: give `asgi` or `wsgi`"),
        ({"asgi_": application, "wsgi": application}, "not by asgi and wsgi"),
        (
            {"asgi_": application, "wasi_http_incoming_handler": SimpleNamespace(handle=print)},
            "not by asgi and an object with `handle`",
        ),
        ({"wasi_http_incoming_handler": SimpleNamespace(handle=print), "warm": ["/"]}, "`warm` needs an application"),
        ({"asgi_": application, "warm": "/"}, r"`warm` is a list of paths, such as \['/'\]"),
    ],
)
def test_what_serve_refuses(serve: Callable[..., None], given: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        serve(__name__, asgi=print, **given)
    with pytest.raises(ValueError, match=r"`warm` has 'a': paths begin with `/`"):
        serve(__name__, asgi=print, asgi_=application, warm=["a"])


def test_worlds_without_a_handler_have_no_such_parameters(tmp_path: Path) -> None:
    client = generated(tmp_path, "client", "import wasi:http/outgoing-handler@0.2.3; export run: func();")
    assert not (client / "guest" / "http_server.py").exists()
    assert "warm" not in (client / "guest" / "exports" / "__init__.py").read_text()
