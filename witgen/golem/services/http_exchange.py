"""One request to a server and its whole response, over the standard library's HTTP/1.1."""

from __future__ import annotations

import errno
import http.client
import json
import re
import socket
import ssl
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, Self

from ..bindings.types import wasi_http_types as wit
from .http_fields import FORBIDDEN, Entry

__all__ = ["Request", "Response", "Timeouts", "send"]

_CHUNK: Final = 1 << 16

_FOLD: Final = re.compile(r"\r?\n[ \t]+")
"""Where a header goes on in the next line, as it once could."""

_UNREACHABLE: Final = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH})


@dataclass(slots=True)
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
    timeouts: Timeouts = field(default_factory=Timeouts)

    def connection(self) -> http.client.HTTPConnection:
        """Return the connection to send it over, not yet open."""
        kind = http.client.HTTPSConnection if self.is_secure else http.client.HTTPConnection
        return kind(self.host, self.port, timeout=self.timeouts.connect)


@dataclass(frozen=True, slots=True)
class Response:
    """A complete response. Names of headers are in lower case."""

    status: int
    headers: list[Entry]
    body: bytes

    def dump(self) -> bytes:
        """Return it as an oplog keeps it."""
        headers = [(name, value.decode("latin-1")) for name, value in self.headers]
        return json.dumps([self.status, headers]).encode() + b"\n" + self.body

    @classmethod
    def load(cls, data: bytes) -> Self:
        """Return a response of an oplog."""
        head, _, body = data.partition(b"\n")
        status, headers = json.loads(head)
        return cls(status, [(name, value.encode("latin-1")) for name, value in headers], body)


def send(request: Request, limit: int) -> Response:
    """Send a request and wait for the end of the response, which may have `limit` bytes.

    Raises:
        ErrorCode: there is no response, or no complete one.
    """
    connection = request.connection()
    try:
        with _declared(wit.ErrorCodeConnectionTimeout()):
            connection.connect()
        # The connection lets go of it when the server is going to close it.
        channel: socket.socket = connection.sock
        channel.settimeout(request.timeouts.first_byte)
        with _declared(wit.ErrorCodeConnectionWriteTimeout()):
            _put(connection, request)
        with _declared(wit.ErrorCodeConnectionReadTimeout()):
            response = connection.getresponse()
            try:
                channel.settimeout(request.timeouts.between_bytes)
                return Response(response.status, _headers(response), _body(response, limit))
            finally:
                response.close()
    finally:
        connection.close()


def _put(connection: http.client.HTTPConnection, request: Request) -> None:
    connection.putrequest(request.method, request.path, skip_host=True, skip_accept_encoding=True)
    connection.putheader("Host", request.authority)
    for name, value in request.headers:
        connection.putheader(name, value)
    if request.body is not None and not any(name.lower() == "content-length" for name, _ in request.headers):
        connection.putheader("Content-Length", str(len(request.body)))
    connection.endheaders(request.body)


def _headers(response: http.client.HTTPResponse) -> list[Entry]:
    entries = [(name.lower(), _FOLD.sub(" ", value)) for name, value in response.getheaders()]
    return [(name, value.encode("latin-1")) for name, value in entries if name not in FORBIDDEN]


def _body(response: http.client.HTTPResponse, limit: int) -> bytes:
    body = bytearray()
    while chunk := response.read(_CHUNK):
        body += chunk
        if len(body) > limit:
            raise wit.ErrorCodeHttpResponseBodySize(len(body))
    # What is left of the length that was announced; reading in pieces, the library does not complain.
    if response.length:
        raise wit.ErrorCodeHttpResponseIncomplete
    return bytes(body)


@contextmanager
def _declared(timeout: wit.ErrorCode) -> Generator[None]:
    """Give a component what goes wrong as an error that WIT declares."""
    try:
        yield
    except wit.ErrorCode:
        raise
    except TimeoutError as error:
        raise timeout from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _code(error) from error


def _code(error: Exception) -> wit.ErrorCode:
    match error:
        case ssl.SSLError():
            return _tls_code(error)
        case socket.gaierror():
            return wit.ErrorCodeDnsError(wit.DnsErrorPayload(error.strerror, None))
        case ConnectionRefusedError():
            return wit.ErrorCodeConnectionRefused()
        case ConnectionError():
            return wit.ErrorCodeConnectionTerminated()
        case http.client.IncompleteRead():
            return wit.ErrorCodeHttpResponseIncomplete()
        case http.client.LineTooLong():
            return wit.ErrorCodeHttpResponseHeaderSectionSize(None)
        case http.client.HTTPException():
            return wit.ErrorCodeHttpProtocolError()
        case UnicodeError():
            return wit.ErrorCodeHttpRequestUriInvalid()
        case OSError() if error.errno in _UNREACHABLE:
            return wit.ErrorCodeDestinationUnavailable()
        case _:
            return wit.ErrorCodeInternalError(str(error))


def _tls_code(error: ssl.SSLError) -> wit.ErrorCode:
    if isinstance(error, ssl.SSLCertVerificationError):
        return wit.ErrorCodeTlsCertificateError()
    if isinstance(error, ssl.SSLEOFError):
        return wit.ErrorCodeConnectionTerminated()
    if "ALERT" in (error.reason or ""):
        return wit.ErrorCodeTlsAlertReceived(wit.TlsAlertReceivedPayload(None, error.reason))
    return wit.ErrorCodeTlsProtocolError()
