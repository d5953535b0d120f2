"""What servers of WSGI and ASGI applications have in common: the head of a request, and its response."""

from __future__ import annotations

import sys
import traceback
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from ...values import Ok
from . import bodies
from .wasi import OutputStream, Serving

__all__ = ["Head", "Response", "head_of"]

_HOP_BY_HOP = frozenset(
    {
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te"),
        *("transfer-encoding", "upgrade", "http2-settings", "host"),
    }
)
"""Headers of a connection, not of a response: the host sets them, and refuses those of a guest."""


class Head(NamedTuple):
    """A request without its body. Names of headers are in lower case, and `host` is among them."""

    method: str
    scheme: str
    target: str
    headers: list[tuple[str, bytes]]

    @property
    def host(self) -> str:
        """The host and port that the client asked for."""
        return next((value.decode("latin-1") for name, value in self.headers if name == "host"), "")

    @property
    def raw_path(self) -> str:
        """The path as the client sent it."""
        return self.target.partition("?")[0]

    @property
    def path(self) -> bytes:
        """The path with `%xx` decoded."""
        return unquote_to_bytes(self.raw_path)

    @property
    def query(self) -> str:
        """What follows the first `?`."""
        return self.target.partition("?")[2]

    @property
    def server(self) -> tuple[str, int]:
        """The name and port of the host."""
        name, port = self.host, ""
        if not name.endswith("]") and ":" in name:
            name, _, port = name.rpartition(":")
        default = 443 if self.scheme == "https" else 80
        return name, int(port) if port.isdecimal() and port.isascii() else default


def head_of(wasi: Serving, request: Any) -> Head:
    """Return the head of an `incoming-request`."""
    asked = request.method()
    method = asked.value if isinstance(asked, wasi.other_method) else _name_of(wasi, asked)
    with request.headers() as fields:
        headers = [(name.lower(), value) for name, value in fields.entries()]
    authority = request.authority()
    if authority is not None and not any(name == "host" for name, _ in headers):
        headers.insert(0, ("host", authority.encode("latin-1")))
    scheme = "https" if isinstance(request.scheme(), wasi.https) else "http"
    return Head(method, scheme, request.path_with_query() or "/", headers)


def _name_of(wasi: Serving, asked: object) -> str:
    return next(name for name, cls in wasi.methods.items() if type(asked) is cls)


class Response:
    """The response to one request; for each step there are a blocking and an asyncio variant.

    Args:
        wasi: the bindings.
        out: the `response-outparam`.
        head: the request's.
    """

    def __init__(self, wasi: Serving, out: Any, head: Head) -> None:
        self._wasi = wasi
        self._out = out
        self._without_body = head.method == "HEAD"
        self._body: Any = None
        self._stream: OutputStream | None = None
        self.has_begun = False
        """Whether the status and the headers were sent."""

    def begin(self, status: int, headers: list[tuple[str, bytes]]) -> None:
        """Send the status and the headers.

        Raises:
            ValueError: HTTP does not allow the status or a header.
        """
        without_body = self._without_body or status in {204, 304} or status < 200
        fields = [
            (name, value)
            for name, value in headers
            # The host compares the length with what is written.
            if name.lower() not in _HOP_BY_HOP and not (without_body and name.lower() == "content-length")
        ]
        try:
            made = self._wasi.response(self._wasi.fields(fields))
            made.set_status_code(status)
        except Exception as error:
            raise ValueError(f"the application answered with status {status} and headers {fields}: {error}") from error
        self._without_body = without_body
        self._body = made.body()
        self._stream = self._body.write()
        self.has_begun = True
        self._wasi.respond(self._out, Ok(made))

    def write(self, data: bytes) -> None:
        """Write a part of the body, and pass it on.

        Raises:
            BrokenPipeError: the client is gone.
        """
        if data and self._stream is not None and not self._without_body:
            try:
                bodies.write(self._stream, data)
                self._stream.flush()
            except self._wasi.stream_error as error:
                raise _gone(error) from error

    async def write_async(self, data: bytes) -> None:
        """Write a part of the body, and pass it on.

        Raises:
            BrokenPipeError: the client is gone.
        """
        if data and self._stream is not None and not self._without_body:
            try:
                await bodies.write_async(self._stream, data)
                self._stream.flush()
            except self._wasi.stream_error as error:
                raise _gone(error) from error

    def finish(self) -> None:
        """End the body.

        Raises:
            BrokenPipeError: the client is gone.
        """
        if self._stream is not None:
            try:
                bodies.drain(self._stream)
            except self._wasi.stream_error as error:
                raise _gone(error) from error
            self._end(None)

    async def finish_async(self, trailers: list[tuple[str, bytes]] | None = None) -> None:
        """End the body, with trailers if there are any.

        Raises:
            BrokenPipeError: the client is gone.
        """
        if self._stream is not None:
            try:
                await bodies.drain_async(self._stream)
            except self._wasi.stream_error as error:
                raise _gone(error) from error
            self._end(trailers)

    def _end(self, trailers: list[tuple[str, bytes]] | None) -> None:
        self._drop_stream()
        body, self._body = self._body, None
        self._wasi.finish(body, self._wasi.fields(trailers) if trailers else None)

    def _drop_stream(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.drop()

    def fail(self, error: BaseException) -> None:
        """Print an error, and answer with 500, or, if the response has begun, break it off.

        A client that is gone is no error of the application: nothing is printed.
        """
        if not isinstance(error, BrokenPipeError):
            traceback.print_exception(error, file=sys.stderr)
        if not self.has_begun:
            self.begin(500, [("content-type", b"text/plain; charset=utf-8")])
            try:
                self.write(b"Internal Server Error")
                self.finish()
            except BrokenPipeError:
                self.abandon()
        else:
            self.abandon()

    def abandon(self) -> None:
        """Leave the body unfinished, which its client can see; nothing happens if it is complete."""
        self._drop_stream()
        body, self._body = self._body, None
        if body is not None:
            body.drop()


def _gone(error: Exception) -> BrokenPipeError:
    return BrokenPipeError(f"the client is gone: {error}")
