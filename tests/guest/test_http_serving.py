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
from witgen.base.resources import GOLEM_WIT
from witgen.wasi.plugins import PLUGINS


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


def test_modules_follow_names_that_the_user_chose(tmp_path: Path) -> None:
    (tmp_path / "named.wit").write_text("package test:named;\nworld named { include wasi:http/proxy@0.2.3; }\n")
    names = {"wasi:http/types.method": "Verb", "wasi:http/types.fields": "Entries", "wasi:http/types": "http_parts"}
    out = tmp_path / "named_bindings"
    generate(Config(tmp_path / "named.wit", golem=True, world="named", host=False, names=names, out=out))
    importable(tmp_path)
    from named_bindings.guest import http, http_parts, http_server
    from named_bindings.types.http_parts import VerbGet

    for table in (http._REQUESTING, http_server._SERVING):
        assert table.methods["GET"] is VerbGet
        assert table.fields is http_parts.Entries.from_list


def test_sources_are_laid_out_as_the_output() -> None:
    import black

    texts = [source.text for plugin in PLUGINS for source in plugin.sources]
    assert [black.format_str(text, mode=black.Mode()) for text in texts] == texts


def test_other_releases_of_wasi_have_the_modules(tmp_path: Path) -> None:
    """In the first ones, names of headers are of the type `field-key`."""
    (tmp_path / "wit").mkdir()
    (tmp_path / "wit" / "other.wit").write_text("package test:other;\nworld other { include wasi:http/proxy@0.2.9; }\n")
    for package in "cli", "clocks", "filesystem", "http", "io", "random", "sockets":
        for file in (GOLEM_WIT / "1.5" / "deps" / package).glob("*.wit"):
            copy = tmp_path / "wit" / "deps" / package / file.name
            copy.parent.mkdir(parents=True, exist_ok=True)
            text = file.read_text().replace("@0.2.3", "@0.2.9")
            copy.write_text(text.replace("<field-name,", "<field-key,").replace("name: field-name", "name: field-key"))
    generate(Config(tmp_path / "wit", host=False, world="other", out=tmp_path / "other_bindings"))
    importable(tmp_path)
    from other_bindings.guest import http, http_server

    assert callable(http.get)
    assert callable(http_server.handler)
