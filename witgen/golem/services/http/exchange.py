"""One request to a server and its response, over HTTP/1.1 on a connection of its own."""

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
"""Bytes that status and headers of a response may have."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds that connecting, the beginning of the response, and each further piece may take."""

    connect: float = 600.0
    first_byte: float = 600.0
    between_bytes: float = 600.0


@dataclass(frozen=True, slots=True)
class Request:
    """A request. `body` is None where it has none, `port` where it is the scheme's."""

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
        """Return what comes before the body."""
        headers = _fields([("Host", self.authority.encode()), *self.headers])
        if self.trailers:
            headers.append((b"Transfer-Encoding", b"chunked"))
        elif self.body is not None and not any(name.lower() == "content-length" for name, _ in self.headers):
            headers.append((b"Content-Length", b"%d" % len(self.body)))
        return h11.Request(method=self.method, target=self.path, headers=headers)


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of a response. Names of headers are in lower case."""

    status: int
    headers: list[Entry]


class Exchange:
    """A request and what comes back: first `send`, then `head`, then `read` until there is no more, then `trailers`.

    No redirect is followed. All methods but `abandon` are for one thread.

    Args:
        request: the request.
        tls: makes what decides whether a server can be trusted.
    """

    def __init__(self, request: Request, tls: Callable[[], ssl.SSLContext]) -> None:
        self._request = request
        self._tls = tls
        self._protocol = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD_LIMIT)
        self._socket: socket.socket | None = None
        self._is_abandoned = False
        self.trailers: list[Entry] = []
        """What came behind the body, once that is over."""

    def send(self) -> None:
        """Send the request.

        Raises:
            ErrorCode: that cannot be done.
        """
        with declared(wit.ErrorCodeConnectionTimeout()):
            channel = self._connect()
        channel.settimeout(self._request.timeouts.first_byte)
        with declared(wit.ErrorCodeConnectionWriteTimeout()):
            self._send(channel)

    def head(self) -> Head:
        """Wait for the beginning of the response.

        Raises:
            ErrorCode: there is none.
        """
        channel = self._connected()
        # The time is for the beginning of the response as a whole, however slowly it arrives.
        due = time.monotonic() + self._request.timeouts.first_byte
        with declared(wit.ErrorCodeConnectionReadTimeout()):
            event = self._next(channel, due)
            while isinstance(event, h11.InformationalResponse):
                event = self._next(channel, due)
            return Head(event.status_code, _entries(event.headers))

    def read(self) -> bytes:
        """Return the next piece of the content; nothing at its end.

        Raises:
            ErrorCode: it breaks off.
        """
        with declared(wit.ErrorCodeConnectionReadTimeout()):
            event = self._next(self._connected(), time.monotonic() + self._request.timeouts.between_bytes)
            if isinstance(event, h11.Data):
                return bytes(event.data)
            # After an upgrade what follows is no HTTP.
            if isinstance(event, h11.EndOfMessage):
                self.trailers = _entries(event.headers)
            return b""

    def abandon(self) -> None:
        """Have whoever waits for the server wait no more; any thread may call this, and more than once."""
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
        # Closes the connection if it does not come to an agreement.
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
            # A server may have answered and closed the connection before it had everything. If not, reading tells.
            return

    def _next(self, channel: socket.socket, due: float) -> Any:
        """Return the next event of h11, which has to be there at a moment of the monotonic clock."""
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
        """Return the end of a body that lasts as long as the connection; it is incomplete if it is another one."""
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
