"""One request and its response over `wasi:http/outgoing-handler`, both in blocking calls and on asyncio."""

from __future__ import annotations

import io
from collections.abc import AsyncIterable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from ...values import Err
from .. import aio
from . import bodies
from .bodies import CHUNK, AsyncReader, Reader
from .errors import ConnectError, ConnectTimeout, ReadTimeout, RequestError
from .wasi import OutputStream, Requesting

__all__ = ["Answer", "AsyncAnswer", "Timeout", "exchange", "exchange_async"]

_NOT_SENT = frozenset({"connection", "host", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"})
"""Headers that the host makes, and refuses from a guest."""

Timeout: TypeAlias = float | tuple[float | None, float | None] | None
"""Seconds for connecting and for each wait after that, or both in this order; None for the host's own limits."""

Fields: TypeAlias = list[tuple[str, bytes]]


@dataclass(frozen=True)
class Answer:
    """The head of a response, and its body as a file."""

    status: int
    headers: Fields
    body: io.BufferedReader


@dataclass(frozen=True)
class AsyncAnswer:
    """The head of a response, and its body for asyncio."""

    status: int
    headers: Fields
    body: AsyncReader


class _Exchange:
    """A request that has been handed over, while its body is written."""

    def __init__(
        self, wasi: Requesting, method: str, url: str, headers: Fields, timeout: Timeout, *, has_body: bool
    ) -> None:
        self._wasi = wasi
        request = _request(wasi, method, url, headers)
        self._body: Any = request.body() if has_body else None
        self._stream: OutputStream | None = None if self._body is None else self._body.write()
        try:
            self._future: Any = wasi.send(request, _options(wasi, timeout))
        except wasi.error_code as error:
            self._abandon_body()
            raise self._translated(error) from error
        except BaseException:
            self._abandon_body()
            raise

    def write(self, parts: Iterable[bytes]) -> None:
        """Write the body. What refuses a part of it makes the response or the request's error, which follows."""
        stream = self._stream
        if stream is None:
            return
        try:
            for part in parts:
                bodies.write(stream, part)
            bodies.drain(stream)
        except self._wasi.stream_error:
            self._abandon_body()
        except BaseException:
            self._abandon_body()
            raise
        else:
            self._end_body()

    async def write_async(self, parts: Iterable[bytes] | AsyncIterable[bytes]) -> None:
        """Do what `write` does; other tasks run meanwhile."""
        stream = self._stream
        if stream is None:
            return
        try:
            if isinstance(parts, AsyncIterable):
                async for part in parts:
                    await bodies.write_async(stream, part)
            else:
                for part in parts:
                    await bodies.write_async(stream, part)
            await bodies.drain_async(stream)
        except self._wasi.stream_error:
            self._abandon_body()
        except BaseException:
            self._abandon_body()
            raise
        else:
            self._end_body()

    def _abandon_body(self) -> None:
        """Drop the handles in the order that the host demands: the stream before the body that it belongs to."""
        if self._stream is not None:
            self._stream.drop()
            self._body.drop()

    def _end_body(self) -> None:
        if self._stream is not None:
            self._stream.drop()
        try:
            self._wasi.finish(self._body, None)
        except self._wasi.error_code as error:
            raise self._translated(error) from error

    def wait(self) -> None:
        """Wait for the response."""
        with self._future.subscribe() as pollable:
            pollable.block()

    async def wait_async(self) -> None:
        """Wait for the response; other tasks run meanwhile."""
        await aio.ready(self._future.subscribe())

    def response(self) -> tuple[int, Fields, Any]:
        """Return status, headers and `incoming-body` of the response that has arrived."""
        with self._future:
            # The outer result is err only for the second call.
            arrived = self._future.get().value
        content: Any = arrived.value
        if isinstance(arrived, Err):
            raise self._translated(content) from content
        with content as response:
            with response.headers() as fields:
                headers = fields.entries()
            return response.status(), headers, response.consume()

    def _translated(self, error: Exception) -> RequestError:
        return translated(self._wasi, error)


def translated(wasi: Requesting, error: Exception) -> RequestError:
    """Return the runtime's error for an `error-code`."""
    text = str(error)
    if isinstance(error, wasi.connect_timeouts):
        return ConnectTimeout(text, code=error)
    if isinstance(error, wasi.timeouts):
        return ReadTimeout(text, code=error)
    return (ConnectError if isinstance(error, wasi.connect_errors) else RequestError)(text, code=error)


def _request(wasi: Requesting, method: str, url: str, headers: Fields) -> Any:
    """Return an `outgoing-request`.

    Raises:
        ValueError: the URL, the method or a header is not one of HTTP.
    """
    parts = urlsplit(url)
    scheme = {"http": wasi.http, "https": wasi.https}.get(parts.scheme)
    if scheme is None or not parts.hostname:
        raise ValueError(f"{url!r} is not an address of http or https")
    known = wasi.methods.get(method)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        request = wasi.request(wasi.fields([each for each in headers if each[0].lower() not in _NOT_SENT]))
        request.set_method(wasi.other_method(method) if known is None else known())
        request.set_scheme(scheme())
        request.set_authority(parts.netloc.rpartition("@")[2])
        request.set_path_with_query(target)
    except Exception as error:
        raise ValueError(f"{method} {url} with headers {headers} cannot be sent: {error}") from error
    return request


def _options(wasi: Requesting, timeout: Timeout) -> Any:
    connect, later = timeout if isinstance(timeout, tuple) else (timeout, timeout)
    options = wasi.options()
    if connect is not None:
        options.set_connect_timeout(_nanoseconds(connect))
    if later is not None:
        options.set_first_byte_timeout(_nanoseconds(later))
        options.set_between_bytes_timeout(_nanoseconds(later))
    return options


def _nanoseconds(seconds: float) -> int:
    if seconds <= 0:
        raise ValueError(f"a timeout is more than 0 seconds, not {seconds}")
    return int(seconds * 1e9)


def _body_failure(wasi: Requesting, error: Exception) -> RequestError:
    """Return the runtime's error for a response that ends before its body does."""
    reason = getattr(error, "value", None)
    code = wasi.body_error(reason) if reason is not None else None
    return RequestError(f"the response breaks off: {error}") if code is None else translated(wasi, code)


def exchange(
    wasi: Requesting, method: str, url: str, headers: Fields, body: Iterable[bytes] | None, timeout: Timeout = None
) -> Answer:
    """Send a request with a body in parts, and return the response as soon as its head is there.

    Raises:
        RequestError: there is no response.
        ValueError: the request is not one of HTTP.
    """
    made = _Exchange(wasi, method, url, headers, timeout, has_body=body is not None)
    made.write(body or ())
    made.wait()
    status, entries, incoming = made.response()
    return Answer(status, entries, io.BufferedReader(Reader(wasi, incoming, partial(_body_failure, wasi)), CHUNK))


async def exchange_async(
    wasi: Requesting,
    method: str,
    url: str,
    headers: Fields,
    body: Iterable[bytes] | AsyncIterable[bytes] | None,
    timeout: Timeout = None,
) -> AsyncAnswer:
    """Do what `exchange` does; other tasks run meanwhile.

    Raises:
        RequestError: there is no response.
        ValueError: the request is not one of HTTP.
    """
    made = _Exchange(wasi, method, url, headers, timeout, has_body=body is not None)
    await made.write_async(() if body is None else body)
    await made.wait_async()
    status, entries, incoming = made.response()
    return AsyncAnswer(status, entries, AsyncReader(wasi, incoming, partial(_body_failure, wasi)))
