"""Outgoing resources of `wasi:http`: requests, their options and bodies, and responses."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final, NamedTuple, cast

from witgen_runtime.host import OutputStream

from ..._bindings.host import wasi_http_types
from ..._bindings.types import wasi_http_types as wit
from ..content import Written
from .exchange import Request, Timeouts
from .fields import TOKEN, Entry, Fields, length_of

__all__ = ["OutgoingBody", "OutgoingRequest", "OutgoingResponse", "RequestOptions"]

_SECOND: Final = 1_000_000_000

_METHODS: Final[dict[type, str]] = {
    wit.MethodGet: "GET",
    wit.MethodHead: "HEAD",
    wit.MethodPost: "POST",
    wit.MethodPut: "PUT",
    wit.MethodDelete: "DELETE",
    wit.MethodConnect: "CONNECT",
    wit.MethodOptions: "OPTIONS",
    wit.MethodTrace: "TRACE",
    wit.MethodPatch: "PATCH",
}

_PATH: Final = re.compile(r"[\x21-\x7e]*")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_AUTHORITY: Final = re.compile(
    r"(\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[\w.~!$&'()*+,;=%-]+))(:(?P<port>\d{1,5})?)?", re.ASCII
)
_PORTS: Final = 1 << 16


class Content(NamedTuple):
    """A complete body."""

    body: bytes
    trailers: list[Entry]


class OutgoingBody(wasi_http_types.OutgoingBody):
    """Outgoing body. `when_ended` reports its content.

    Args:
        announced: the length in the headers, in bytes.
    """

    def __init__(self, announced: int | None) -> None:
        self._announced = announced
        self._written = Written()
        self._outcome: Content | wit.ErrorCode | None = None
        self._waiting: list[Callable[[Content | wit.ErrorCode], None]] = []

    def write(self) -> OutputStream:
        """Return the stream to write the content to."""
        try:
            stream = self._written.open()
        except OSError as error:
            raise wit.OutgoingBodyWriteError from error
        if stream is None:
            raise wit.OutgoingBodyWriteError
        return stream

    @classmethod
    def finish(cls, this: wasi_http_types.OutgoingBody, trailers: wasi_http_types.Trailers | None) -> None:
        """End the body."""
        # The runtime passes only instances of this class.
        given = [] if trailers is None else cast("Fields", trailers).entries()
        cast("OutgoingBody", this).end(given)

    def end(self, trailers: list[Entry]) -> None:
        """End the content.

        Raises:
            ErrorCode: the length differs from the announced one, or there are trailers after an announced length.
        """
        content = self._written.read()
        error: wit.ErrorCode | None = None
        if self._announced is not None and self._announced != len(content):
            error = wit.ErrorCodeHttpRequestBodySize(len(content))
        elif self._announced is not None and trailers:
            error = wit.ErrorCodeInternalError("a request with content-length cannot have trailers")
        self._end(Content(content, trailers) if error is None else error)
        if error is not None:
            raise error

    def _describe(self) -> str:
        content = self._written.read()
        return f"{len(content)} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}"

    def when_ended(self, tell: Callable[[Content | wit.ErrorCode], None]) -> None:
        """Call `tell` with the content, or the reason why there is none, as soon as it is known."""
        if self._outcome is None:
            self._waiting.append(tell)
        else:
            tell(self._outcome)

    def dropped(self) -> None:
        """Treat the body as cut off, unless it was finished."""
        if self._outcome is None:
            self._end(wit.ErrorCodeInternalError("the body was dropped and not finished"))

    def _end(self, outcome: Content | wit.ErrorCode) -> None:
        self._written.close()
        self._outcome = outcome
        waiting, self._waiting = self._waiting, []
        for tell in waiting:
            tell(outcome)


class _Outgoing:
    """Common parts of requests and responses."""

    def __init__(self, headers: wasi_http_types.Headers) -> None:
        self._headers = cast("Fields", headers).entries()
        self._body: OutgoingBody | None = None

    def headers(self) -> Fields:
        """Return the headers, read-only."""
        return Fields.read_only(self._headers)

    def _open_body(self) -> OutgoingBody | None:
        """Return the body, or None if it was taken already."""
        if self._body is not None:
            return None
        lengths = [value for name, value in self._headers if name.lower() == "content-length"]
        announced = length_of(lengths[0]) if lengths else None
        self._body = OutgoingBody(announced)
        return self._body


class RequestOptions(wasi_http_types.RequestOptions):
    """Timeouts, in nanoseconds."""

    def __init__(self) -> None:
        self._connect: int | None = None
        self._first_byte: int | None = None
        self._between_bytes: int | None = None

    def connect_timeout(self) -> int | None:
        """Return the time limit of connecting."""
        return self._connect

    def set_connect_timeout(self, duration: int | None) -> None:
        """Set the time limit of connecting."""
        self._connect = duration

    def first_byte_timeout(self) -> int | None:
        """Return the time limit of the response's first byte."""
        return self._first_byte

    def set_first_byte_timeout(self, duration: int | None) -> None:
        """Set the time limit of the response's first byte."""
        self._first_byte = duration

    def between_bytes_timeout(self) -> int | None:
        """Return the time limit between two pieces of the body."""
        return self._between_bytes

    def set_between_bytes_timeout(self, duration: int | None) -> None:
        """Set the time limit between two pieces of the body."""
        self._between_bytes = duration

    def timeouts(self) -> Timeouts:
        """Return the timeouts in seconds."""
        default = Timeouts()
        return Timeouts(
            _seconds(self._connect, default.connect),
            _seconds(self._first_byte, default.first_byte),
            _seconds(self._between_bytes, default.between_bytes),
        )


def _seconds(duration: int | None, default: float) -> float:
    # Zero would mean not to wait at all, and WIT's longest duration is too long for a socket.
    return default if duration is None else min(max(duration / _SECOND, 0.001), 1e9)


class OutgoingRequest(_Outgoing, wasi_http_types.OutgoingRequest):
    """Request under construction."""

    def __init__(self, headers: wasi_http_types.Headers) -> None:
        super().__init__(headers)
        self._method: wit.Method = wit.MethodGet()
        self._path: str | None = None
        self._scheme: wit.Scheme | None = None
        self._authority: str | None = None

    def body(self) -> OutgoingBody:
        """Return the body, once."""
        body = self._open_body()
        if body is None:
            raise wit.OutgoingRequestBodyError
        return body

    def method(self) -> wit.Method:
        """Return the method."""
        return self._method

    def set_method(self, method: wit.Method) -> None:
        """Set the method."""
        if isinstance(method, wit.MethodOther) and not TOKEN.fullmatch(method.value):
            raise wit.OutgoingRequestSetMethodError
        self._method = method

    def path_with_query(self) -> str | None:
        """Return path and query."""
        return self._path

    def set_path_with_query(self, path_with_query: str | None) -> None:
        """Set path and query."""
        if path_with_query is not None and not _PATH.fullmatch(path_with_query):
            raise wit.OutgoingRequestSetPathWithQueryError
        self._path = path_with_query

    def scheme(self) -> wit.Scheme | None:
        """Return the scheme."""
        return self._scheme

    def set_scheme(self, scheme: wit.Scheme | None) -> None:
        """Set the scheme."""
        if isinstance(scheme, wit.SchemeOther) and not _SCHEME.fullmatch(scheme.value):
            raise wit.OutgoingRequestSetSchemeError
        self._scheme = scheme

    def authority(self) -> str | None:
        """Return the authority: the server and its port."""
        return self._authority

    def set_authority(self, authority: str | None) -> None:
        """Set the authority: the server and its port."""
        if authority is not None:
            match = _AUTHORITY.fullmatch(authority)
            if match is None or int(match["port"] or 0) >= _PORTS:
                raise wit.OutgoingRequestSetAuthorityError
        self._authority = authority

    def when_complete(self, timeouts: Timeouts, tell: Callable[[Request | wit.ErrorCode], None]) -> None:
        """Call `tell` with the request as soon as its body has ended.

        Raises:
            ErrorCode: the request is invalid.
        """
        request = self._without_body(timeouts)
        if self._body is None:
            tell(request)
            return
        self._body.when_ended(
            lambda end: tell(end if isinstance(end, wit.ErrorCode) else replace(request, **end._asdict()))
        )

    def _verb(self) -> str:
        return self._method.value if isinstance(self._method, wit.MethodOther) else _METHODS[type(self._method)]

    def _describe(self) -> str:
        match self._scheme:
            case wit.SchemeOther(scheme):
                pass
            case wit.SchemeHttp():
                scheme = "http"
            case _:
                scheme = "https"
        headers = [f"{name}: {value.decode('latin-1')}" for name, value in self._headers]
        return "; ".join([f"{self._verb()} {scheme}://{self._authority or ''}{self._path or '/'}", *headers])

    def _without_body(self, timeouts: Timeouts) -> Request:
        match = _AUTHORITY.fullmatch(self._authority or "")
        if match is None:
            raise wit.ErrorCodeHttpRequestUriInvalid
        if isinstance(self._scheme, wit.SchemeOther):
            raise wit.ErrorCodeHttpProtocolError
        path = self._path or "/"
        return Request(
            method=self._verb(),
            is_secure=not isinstance(self._scheme, wit.SchemeHttp),
            host=match["six"] or match["name"],
            port=int(match["port"]) if match["port"] else None,
            authority=match[0],
            path=path if path.startswith(("/", "*")) else f"/{path}",
            headers=self._headers,
            timeouts=timeouts,
        )


class OutgoingResponse(_Outgoing, wasi_http_types.OutgoingResponse):
    """Response that is never sent: workers serve no requests."""

    def __init__(self, headers: wasi_http_types.Headers) -> None:
        super().__init__(headers)
        self._status = 200

    def status_code(self) -> int:
        """Return the status."""
        return self._status

    def set_status_code(self, status_code: int) -> None:
        """Set the status."""
        if not 100 <= status_code <= 999:
            raise wit.OutgoingResponseSetStatusCodeError
        self._status = status_code

    def body(self) -> OutgoingBody:
        """Return the body, once."""
        body = self._open_body()
        if body is None:
            raise wit.OutgoingResponseBodyError
        return body
