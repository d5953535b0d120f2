"""One request to a server and its response, over HTTP/1.1 on a separate connection."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import h11

from ..._bindings.types import wasi_http_types as wit
from .errors import declared
from .fields import FORBIDDEN, Entry

__all__ = ["Exchange", "Head", "Request", "Timeouts"]

_CHUNK: Final = 1 << 16

_HEAD_LIMIT: Final = 1 << 18
"""The size limit of a response's status and headers, in bytes."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Time limits, in seconds, of connecting, of the response's head, and of each further piece."""

    connect: float = 600.0
    first_byte: float = 600.0
    between_bytes: float = 600.0


@dataclass(frozen=True, slots=True)
class Request:
    """A request. `body` is None if it has none, `port` if it is the scheme's default."""

    method: str
    is_secure: bool
    host: str
    port: int | None
    authority: str
    path: str
    headers: list[Entry] = field(default_factory=list[Entry])
    body: bytes | None = None
    trailers: list[Entry] = field(default_factory=list[Entry])
    timeouts: Timeouts = field(default_factory=Timeouts)

    def head(self) -> h11.Request:
        """Return the request without its body."""
        headers = _fields([("Host", self.authority.encode()), *self.headers])
        if self.trailers:
            headers.append((b"Transfer-Encoding", b"chunked"))
        elif self.body is not None and not any(name.lower() == "content-length" for name, _ in self.headers):
            headers.append((b"Content-Length", b"%d" % len(self.body)))
        return h11.Request(method=self.method, target=self.path, headers=headers)


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a response: its status and headers. Header names are in lower case."""

    status: int
    headers: list[Entry]


class Exchange:
    """A request and its response: call `send`, `head`, then `read` until it returns nothing; then read `trailers`.

    Redirects are not followed. All methods except `abandon` belong to one thread.

    Args:
        request: the request.
        tls: returns the TLS context, which decides whether to trust a server.
    """

    def __init__(self, request: Request, tls: Callable[[], ssl.SSLContext]) -> None:
        self._request = request
        self._tls = tls
        self._protocol = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD_LIMIT)
        self._socket: socket.socket | None = None
        self._is_abandoned = False
        self.trailers: list[Entry] = []
        """The trailers, once the body has ended."""

    def send(self) -> None:
        """Send the request.

        Raises:
            ErrorCode: the request cannot be sent.
        """
        with declared(wit.ErrorCodeConnectionTimeout()):
            channel = self._connect()
        channel.settimeout(self._request.timeouts.first_byte)
        with declared(wit.ErrorCodeConnectionWriteTimeout()):
            self._send(channel)

    def head(self) -> Head:
        """Wait for the head of the response and return it.

        Raises:
            ErrorCode: there is none.
        """
        channel = self._connected()
        # The time limit is for the whole head, however slowly it arrives.
        due = time.monotonic() + self._request.timeouts.first_byte
        with declared(wit.ErrorCodeConnectionReadTimeout()):
            event = self._next(channel, due)
            while isinstance(event, h11.InformationalResponse):
                event = self._next(channel, due)
            return Head(event.status_code, _entries(event.headers))

    def read(self) -> bytes:
        """Return the next piece of the content, empty at the end.

        Raises:
            ErrorCode: the response is cut off.
        """
        with declared(wit.ErrorCodeConnectionReadTimeout()):
            event = self._next(self._connected(), time.monotonic() + self._request.timeouts.between_bytes)
            if isinstance(event, h11.Data):
                return bytes(event.data)
            # After an upgrade, the bytes that follow are not HTTP.
            if isinstance(event, h11.EndOfMessage):
                self.trailers = _entries(event.headers)
            return b""

    def abandon(self) -> None:
        """End all waits for the server. Any thread may call this, more than once."""
        self._is_abandoned = True
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()

    def _connected(self) -> socket.socket:
        if self._socket is None or self._is_abandoned:
            raise wit.ErrorCodeConnectionTerminated
        return self._socket

    def _connect(self) -> socket.socket:
        request = self._request
        port = request.port if request.port is not None else 443 if request.is_secure else 80
        channel = socket.create_connection((request.host, port), request.timeouts.connect)
        channel.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Closes the connection if the handshake fails.
        self._socket = self._tls().wrap_socket(channel, server_hostname=request.host) if request.is_secure else channel
        return self._connected()

    def _send(self, channel: socket.socket) -> None:
        request, protocol = self._request, self._protocol
        channel.sendall(_bytes(protocol.send(request.head())))
        body = request.body or b""
        try:
            for start in range(0, len(body), _CHUNK):
                channel.sendall(_bytes(protocol.send(h11.Data(data=body[start : start + _CHUNK]))))
            channel.sendall(_bytes(protocol.send(h11.EndOfMessage(headers=_fields(request.trailers)))))
        except ConnectionError:
            # A server may have answered and closed the connection before it received everything. If not, reading fails.
            return

    def _next(self, channel: socket.socket, due: float) -> Any:
        """Return the next event of h11; it is due at a time of the monotonic clock."""
        while (event := self._protocol.next_event()) is h11.NEED_DATA:
            rest = due - time.monotonic()
            if rest <= 0:
                raise TimeoutError
            channel.settimeout(rest)
            data = channel.recv(_CHUNK)
            is_in_body = self._protocol.their_state is h11.SEND_BODY
            self._protocol.receive_data(data)
            if not data and (self._is_abandoned or not is_in_body):
                raise wit.ErrorCodeConnectionTerminated
            if not data:
                return self._end_of_body()
        return event

    def _end_of_body(self) -> Any:
        """Return the end of a body that is delimited by the end of the connection; other bodies are incomplete."""
        try:
            return self._protocol.next_event()
        except h11.RemoteProtocolError as error:
            raise wit.ErrorCodeHttpResponseIncomplete from error


def _bytes(data: bytes | None) -> bytes:
    return data or b""


def _fields(entries: Iterable[Entry]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value) for name, value in entries]


def _entries(headers: Iterable[tuple[bytes, bytes]]) -> list[Entry]:
    return [(name.decode("ascii"), value) for name, value in headers if name.decode("ascii") not in FORBIDDEN]
