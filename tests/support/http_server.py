"""An HTTP server on the loopback interface, with the answers that clients have to cope with."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["http_server"]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._body = self._read()
        _PATHS.get(self.path.partition("?")[0], _Handler.missing)(self)

    do_POST = do_PUT = do_GET  # noqa: N815 - the names are http.server's

    def _read(self) -> bytes:
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def answer(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"content-length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def hello(self) -> None:
        self.answer(b"hello")

    def echo(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen = {"method": self.command, "path": self.path, "headers": headers, "body": self._body.decode()}
        self.answer(json.dumps(seen).encode(), content_type="application/json")

    def moved(self) -> None:
        self.answer(b"", 302, location="/hello")

    def see_other(self) -> None:
        self.answer(b"", 303, location="/echo")

    def kept(self) -> None:
        self.answer(b"", 307, location="/echo")

    def round(self) -> None:
        self.answer(b"", 302, location="/round")

    def parts(self) -> None:
        self.send_response(200)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for number in range(3):
            self.wfile.write(b"6\r\npart %d\r\n" % number)
            self.wfile.flush()
            time.sleep(0.1)
        self.wfile.write(b"0\r\n\r\n")

    def large(self) -> None:
        self.answer(bytes(3_000_000))

    def pause(self) -> None:
        time.sleep(0.4)
        self.answer(b"paused")

    def slow(self) -> None:
        time.sleep(2)
        self.close_connection = True

    def breaks_off(self) -> None:
        self.send_response(200)
        self.send_header("content-length", "10")
        self.end_headers()
        self.wfile.write(b"12345")
        self.close_connection = True

    def cookie(self) -> None:
        self.answer(b"", set_cookie="taste=sweet")

    def gzip(self) -> None:
        self.answer(gzip.compress(b"packed"), content_encoding="gzip")

    def missing(self) -> None:
        self.answer(b"no such path", 404)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


_PATHS: dict[str, Callable[[_Handler], None]] = {
    "/hello": _Handler.hello,
    "/echo": _Handler.echo,
    "/moved": _Handler.moved,
    "/see-other": _Handler.see_other,
    "/kept": _Handler.kept,
    "/round": _Handler.round,
    "/parts": _Handler.parts,
    "/large": _Handler.large,
    "/pause": _Handler.pause,
    "/slow": _Handler.slow,
    "/breaks-off": _Handler.breaks_off,
    "/cookie": _Handler.cookie,
    "/gzip": _Handler.gzip,
}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Print nothing: clients leave in the middle of a request."""


@contextmanager
def http_server() -> Iterator[str]:
    """Run the server; yield its address."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
