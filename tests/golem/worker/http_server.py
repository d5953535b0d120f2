"""The server that workers send their requests to."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["Server", "serving_http"]


class Server(ThreadingHTTPServer):
    """Answers with what it was asked, and counts.

    Attributes:
        asked: method, path and `x-number` of every request.
        hurry: what `/slow` and `/stuck` wait for, and `/stream` before it goes on; `/go` sets it.
    """

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []
        self.hurry = threading.Event()
        self.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{self.server_address[1]}"
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of connections that break off."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Any

    def _answer(self) -> None:
        content, trailers = self._content()
        self.server.asked.append(f"{self.command} {self.path} {self.headers['x-number']}")
        self.close_connection = True
        if self.path == "/slow":
            self.server.hurry.wait(30)
        if self.path == "/go":
            self.server.hurry.set()
        if self.path == "/stream":
            self._stream()
        elif self.path != "/gone":
            body = f"{self.command} {len(self.server.asked)} {content.decode()}{trailers}".encode()
            self._send(bytes(2000) if self.path == "/large" else body)

    def _content(self) -> tuple[bytes, str]:
        """Return the body of the request and its trailers."""
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0))), ""
        content = b""
        while size := int(self.rfile.readline(), 16):
            content += self.rfile.read(size + 2)[:-2]
        trailers = ""
        while (line := self.rfile.readline().decode().strip()) != "":
            trailers += f" {line}"
        return content, trailers

    def _send(self, body: bytes) -> None:
        self.send_response({"/missing": 404, "/moved": 302}.get(self.path, 200))
        self.send_header("Content-Type", "text/x-test")
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(body) + (self.path in {"/short", "/stuck"})))
        self.end_headers()
        self.wfile.write(body)
        if self.path == "/stuck":
            self.server.hurry.wait(30)

    def _stream(self) -> None:
        """Send a body in chunks, most of it only when there was another request, and trailers."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"3\r\none\r\n")
        self.server.hurry.wait(30)
        rest = b"two" * 100_000
        self.wfile.write(b"%x\r\n%b\r\n0\r\nX-Sum: 12\r\n\r\n" % (len(rest), rest))

    def __getattr__(self, name: str) -> Any:
        if name in {"do_GET", "do_POST", "do_SWAP"}:
            return self._answer
        raise AttributeError(name)

    def log_message(self, format: str, *args: Any) -> None:
        del format, args


@contextmanager
def serving_http(tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Run a server."""
    with Server(tls) as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.hurry.set()
        made.shutdown()
        thread.join()
