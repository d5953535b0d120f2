"""WSGI applications as `wasi:http/incoming-handler`."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from .bodies import CHUNK, Reader
from .server import Head, Response, head_of
from .wasi import Serving

__all__ = ["WsgiApplication", "WsgiHandler", "environ_of"]

WsgiApplication: TypeAlias = Callable[..., Iterable[bytes]]
"""A WSGI application (PEP 3333): Flask's, Django's, a function."""


class WsgiHandler:
    """Implements `wasi:http/incoming-handler` with a WSGI application."""

    def __init__(self, wasi: Serving, application: WsgiApplication) -> None:
        self._wasi = wasi
        self._application = application

    def handle(self, request: Any, response_out: Any) -> None:
        """Answer a request."""
        head = head_of(self._wasi, request)
        response = Response(self._wasi, response_out, head)
        with request, io.BufferedReader(Reader(self._wasi, request.consume()), CHUNK) as body:
            try:
                _Exchange(response).run(self._application, environ_of(head, body))
            except Exception as error:  # noqa: BLE001 - what the application raises ends this request, not the component
                response.fail(error)


class _Exchange:
    """One call of an application. The head is sent with the first part of the body that is not empty."""

    def __init__(self, response: Response) -> None:
        self._response = response
        self._head: tuple[int, list[tuple[str, bytes]]] | None = None

    def run(self, application: WsgiApplication, environ: dict[str, Any]) -> None:
        parts = application(environ, self._start)
        try:
            for part in parts:
                self._write(part)
            self._begin()
            self._response.finish()
        finally:
            getattr(parts, "close", _nothing)()

    def _start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], None]:
        if exc_info is not None and self._response.has_begun:
            raise exc_info[1]
        if exc_info is None and self._head is not None:
            raise RuntimeError("the application has called start_response twice")
        self._head = int(status.split(maxsplit=1)[0]), [(name, value.encode("latin-1")) for name, value in headers]
        return self._write

    def _write(self, part: bytes) -> None:
        if part:
            self._begin()
            self._response.write(part)

    def _begin(self) -> None:
        if self._head is None:
            raise RuntimeError("the application has not called start_response")
        if not self._response.has_begun:
            self._response.begin(*self._head)


def _nothing() -> None:
    """Stand in for the method `close` of iterables that have none."""


def environ_of(head: Head, body: io.BufferedIOBase) -> dict[str, Any]:
    """Return the environment of one call of a WSGI application."""
    name, port = head.server
    environ: dict[str, Any] = {
        "REQUEST_METHOD": head.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": head.path.decode("latin-1"),
        "QUERY_STRING": head.query,
        "RAW_URI": head.target,
        "REQUEST_URI": head.target,
        "SERVER_NAME": name,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": head.scheme,
        "wsgi.input": body,
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for field, value in head.headers:
        # In an environment, `a_b` could not be told from `a-b`, which proxies may have checked.
        if "_" not in field:
            key, text = field.upper().replace("-", "_"), value.decode("latin-1")
            key = key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"
            separator = "; " if key == "HTTP_COOKIE" else ","
            environ[key] = f"{environ[key]}{separator}{text}" if key in environ else text
    return environ
