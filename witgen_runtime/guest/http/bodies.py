"""Bodies of messages: streams of `wasi:io`, read and written both in blocking calls and on asyncio."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Callable
from typing import Any

from .. import aio
from .wasi import InputStream, OutputStream, Shared

__all__ = ["CHUNK", "AsyncReader", "Reader", "drain", "drain_async", "write", "write_async"]

CHUNK = 65536
"""The most bytes that are read at once."""


def _incomplete(error: Exception) -> OSError:
    return OSError(f"the rest of the body does not come: {error}")


class Reader(io.RawIOBase):
    """The body of an incoming message as a raw file; closing it drops the handles.

    Args:
        wasi: the bindings.
        body: an `incoming-body`.
        failure: makes the error that is raised from a stream's error.
    """

    def __init__(self, wasi: Shared, body: Any, failure: Callable[[Exception], OSError] = _incomplete) -> None:
        self._wasi = wasi
        self._failure = failure
        self._body = body
        self._stream: InputStream = body.stream()

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer; return the number of bytes, 0 at the end of the body.

        Raises:
            OSError: the rest of the body does not come.
        """
        view = memoryview(buffer).cast("B")
        data = b""
        while view and not data:
            try:
                data = self._stream.blocking_read(min(len(view), CHUNK))
            except self._wasi.closed:
                return 0
            except self._wasi.stream_error as error:
                raise self._failure(error) from error
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Drop the handles."""
        if not self.closed:
            self._stream.drop()
            self._body.drop()
        super().close()


class AsyncReader:
    """The body of an incoming message, for asyncio.

    Args:
        wasi: the bindings.
        body: an `incoming-body`.
        failure: makes the error that is raised from a stream's error.
    """

    _is_closed = True
    """Until there is a stream to drop."""

    def __init__(self, wasi: Shared, body: Any, failure: Callable[[Exception], OSError] = _incomplete) -> None:
        self._wasi = wasi
        self._failure = failure
        self._body = body
        self._stream: InputStream = body.stream()
        self._is_closed = False

    def __del__(self) -> None:
        # A host ends a component that drops a body before the stream that belongs to it.
        self.close()

    async def read(self) -> bytes:
        """Return the next bytes of the body, none at its end.

        Raises:
            OSError: the rest of the body does not come.
        """
        try:
            while not (data := self._stream.read(CHUNK)):
                await aio.ready(self._stream.subscribe())
        except self._wasi.closed:
            return b""
        except self._wasi.stream_error as error:
            raise self._failure(error) from error
        return data

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the body in parts, as they arrive."""
        while data := await self.read():
            yield data

    def close(self) -> None:
        """Drop the handles."""
        if not self._is_closed:
            self._is_closed = True
            self._stream.drop()
            self._body.drop()


def write(stream: OutputStream, data: bytes) -> None:
    """Write all of `data`, waiting for room."""
    view = memoryview(data)
    while view:
        room = stream.check_write()
        if not room:
            _wait(stream)
            continue
        stream.write(bytes(view[:room]))
        view = view[room:]


async def write_async(stream: OutputStream, data: bytes) -> None:
    """Write all of `data`; other tasks run while there is no room."""
    view = memoryview(data)
    while view:
        room = stream.check_write()
        if not room:
            await aio.ready(stream.subscribe())
            continue
        stream.write(bytes(view[:room]))
        view = view[room:]


def drain(stream: OutputStream) -> None:
    """Wait until everything written has been passed on."""
    stream.flush()
    while not stream.check_write():
        _wait(stream)


async def drain_async(stream: OutputStream) -> None:
    """Wait until everything written has been passed on; other tasks run meanwhile."""
    stream.flush()
    while not stream.check_write():
        await aio.ready(stream.subscribe())


def _wait(stream: OutputStream) -> None:
    with stream.subscribe() as pollable:
        pollable.block()
