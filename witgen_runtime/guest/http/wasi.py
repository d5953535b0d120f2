"""What HTTP in guests needs of a world's bindings of `wasi:http` and `wasi:io` 0.2.

The generated modules pass their classes and functions in these tables, so that the runtime does not depend on names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ..event_loop import Poll, Timer

__all__ = ["InputStream", "OutputStream", "Requesting", "Serving", "Shared"]


class InputStream(Protocol):
    """`wasi:io/streams`' `input-stream`."""

    def read(self, len: int, /) -> bytes:
        """Return what is there, at most `len` bytes."""
        ...

    def blocking_read(self, len: int, /) -> bytes:
        """Return at least one byte and at most `len`."""
        ...

    def subscribe(self) -> Any:
        """Return a pollable that is ready when bytes are there."""
        ...

    def drop(self) -> None:
        """Drop the handle."""
        ...


class OutputStream(Protocol):
    """`wasi:io/streams`' `output-stream`."""

    def check_write(self) -> int:
        """Return how many bytes may be written now."""
        ...

    def write(self, contents: bytes, /) -> None:
        """Write no more bytes than may be written now."""
        ...

    def flush(self) -> None:
        """Begin to pass on what was written."""
        ...

    def subscribe(self) -> Any:
        """Return a pollable that is ready when bytes may be written."""
        ...

    def drop(self) -> None:
        """Drop the handle."""
        ...


@dataclass(frozen=True, kw_only=True)
class Shared:
    """What clients and servers use.

    Attributes:
        fields: makes headers or trailers of a list of names and values.
        finish: ends an outgoing body, with trailers or None.
        methods: the classes of methods by their names in HTTP, such as `GET`.
        other_method: the class of all other methods.
        http: the scheme without TLS.
        https: the scheme with TLS.
        closed: the error of a stream that has ended.
        stream_error: the base of all errors of streams.
        poll: `wasi:io/poll`'s `poll`.
        timer: `wasi:clocks/monotonic-clock`'s `subscribe-duration`.
    """

    fields: Callable[[list[tuple[str, bytes]]], Any]
    finish: Callable[[Any, Any], None]
    methods: Mapping[str, type[Any]]
    other_method: type[Any]
    http: type[Any]
    https: type[Any]
    closed: type[Exception]
    stream_error: type[Exception]
    poll: Poll
    timer: Timer


@dataclass(frozen=True, kw_only=True)
class Serving(Shared):
    """What servers use.

    Attributes:
        response: makes a response with headers.
        respond: hands a response to a `response-outparam`.
    """

    response: Callable[[Any], Any]
    respond: Callable[[Any, Any], None]


@dataclass(frozen=True, kw_only=True)
class Requesting(Shared):
    """What clients use.

    Attributes:
        request: makes a request with headers.
        options: makes empty options of a request.
        send: `wasi:http/outgoing-handler`'s `handle`.
        error_code: the base of the errors of requests.
        body_error: returns the error of a request that a stream's error stands for, None if it is another one.
        connect_timeouts: the errors that say that connecting took too long.
        timeouts: the errors that say that a response, or a part of it, took too long.
        connect_errors: the errors that say that there is no connection to the server.
    """

    request: Callable[[Any], Any]
    options: Callable[[], Any]
    send: Callable[[Any, Any], Any]
    error_code: type[Exception]
    body_error: Callable[[Any], Exception | None]
    connect_timeouts: tuple[type[Exception], ...]
    timeouts: tuple[type[Exception], ...]
    connect_errors: tuple[type[Exception], ...]
