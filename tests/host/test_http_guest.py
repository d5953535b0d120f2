"""A guest in Python that calls out, within the limits of an `Http`."""

from __future__ import annotations

import asyncio
import importlib
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.host.test_http import served
from tests.support.guests import once
from witgen import Config, generate
from witgen.build.componentize import Build, build
from witgen.golem import WIT
from witgen_runtime.host import EngineError, Http

HERE = Path(__file__).parent / "calling"
DENIED, REFUSED = "ErrorCodeHttpRequestDenied", "ErrorCodeConnectionRefused"
pytestmark = [pytest.mark.slow, pytest.mark.long]


def make(folder: Path) -> None:
    shutil.copytree(WIT / "deps", folder / "wit" / "deps")
    shutil.copy(HERE / "calling.wit", folder / "wit")
    shutil.copy(HERE / "app.py", folder)
    generate(Config(folder / "wit", world="calling", out=folder / "calling"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        build(Build("app.py", "wit", world="calling", out="app.wasm"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("componentize_py", reason="needs componentize-py")
    return once(tmp_path_factory, "calling", make)


@pytest.fixture
def host(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(folder)
    return importlib.import_module("calling.host")


def test_it_is_denied_what_is_not_allowed(host: Any, folder: Path) -> None:
    with served() as authority:
        asked = (authority, "127.0.0.1:1")
        with host.Calling.open(folder / "app.wasm", host.CallingImports(), http=Http(allow=[authority])) as world:
            assert [world.plain(each) for each in asked] == ["204", DENIED]
        with host.Calling.open(folder / "app.wasm", host.CallingImports(), http=True) as world:
            assert [world.plain(each) for each in asked] == ["204", REFUSED]
            assert [world.later(each) for each in asked] == ["204", REFUSED]

        async def main() -> list[str]:
            http = Http(allow=[authority])
            async with host.AsyncCalling.open(folder / "app.wasm", host.AsyncCallingImports(), http=http) as world:
                return [await world.plain(each) for each in asked]

        assert asyncio.run(main()) == ["204", DENIED]


def test_async_functions_of_guests_cannot_send_where_there_are_limits(host: Any, folder: Path) -> None:
    """wasmtime lets no host function look at a request there, so none is sent."""
    world = host.Calling.open(folder / "app.wasm", host.CallingImports(), http=Http(allow=["*:*"]))
    with world, pytest.raises(EngineError, match="an `Http` cannot look at requests"):
        world.later("127.0.0.1:1")
