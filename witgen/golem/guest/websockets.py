"""WebSockets, in the manner of the package `websockets`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from math import ceil
from typing import Self, overload

from .._bindings.types import golem_websocket_client as _types
from .wrappers import golem_websocket_client as _client

__all__ = [
    "AsyncWebSocket",
    "WebSocket",
]


_NORMAL = (None, 1000, 1001)


class _Base:
    """What both faces of a connection have in common; `connection` is the wrapper itself."""

    def __init__(self, connection: _client.WebsocketConnection) -> None:
        self.connection = connection
        self._closed = False

    @classmethod
    def connect(
        cls,
        url: str,
        *,
        headers: Mapping[str, str] | list[tuple[str, str]] | None = None,
    ) -> Self:
        """Open a connection, and return when the handshake is done.

        Args:
            url: begins with `ws://` or, for TLS, with `wss://`.
            headers: are added to the handshake's request.

        Raises:
            ErrorConnectionFailure: the server cannot be reached, or refuses.
        """
        pairs = list(headers.items()) if isinstance(headers, Mapping) else headers
        return cls(_client.WebsocketConnection.connect(url, pairs))

    def _close(self, code: int, reason: str) -> None:
        """Start the closing handshake, unless either side has done so."""
        if not self._closed:
            self._closed = True
            with suppress(_types.ErrorClosed, _types.ErrorSendFailure):
                self.connection.close(code, reason)

    def _leave(self, *, failed: bool) -> None:
        try:
            self._close(1011 if failed else 1000, "")
        except _types.Error:
            if not failed:
                raise
        finally:
            self.connection.drop()


def _content(message: _types.Message) -> str | bytes:
    return message.value


def _ends(error: _types.ErrorClosed) -> bool:
    """Tell whether a connection was closed as it should be: iteration ends then, and fails otherwise."""
    return (error.value.code if error.value else None) in _NORMAL


def _milliseconds(timeout: float) -> int:
    return max(0, ceil(timeout * 1000))


class WebSocket(_Base):
    """A WebSocket: `with WebSocket.connect(url) as ws`. Closed at the end, with code 1011 after an exception."""

    def send(self, message: str | bytes | bytearray | memoryview) -> None:
        """Send text or bytes."""
        self.connection.send(message)

    @overload
    def receive(self) -> str | bytes: ...
    @overload
    def receive(self, *, timeout: float | None) -> str | bytes | None: ...
    def receive(self, *, timeout: float | None = None) -> str | bytes | None:
        """Return the next message; None where none came within `timeout` seconds.

        Raises:
            ErrorClosed: the connection is closed, and nothing is left to read.
            ErrorProtocolError: the server broke the protocol.
            ErrorReceiveFailure: the connection was lost without a close frame; after that `ErrorClosed` with code 1006.
        """
        if timeout is None:
            return _content(self.connection.receive())
        message = self.connection.receive_with_timeout(_milliseconds(timeout))
        return None if message is None else _content(message)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the connection; twice is fine."""
        self._close(code, reason)

    def __iter__(self) -> Iterator[str | bytes]:
        """Yield messages until the connection is closed normally.

        Raises:
            ErrorClosed: it was closed with a code other than 1000 and 1001.
            ErrorProtocolError: the server broke the protocol.
            ErrorReceiveFailure: the connection was lost without a close frame.
        """
        try:
            while True:
                yield self.receive()
        except _types.ErrorClosed as error:
            if not _ends(error):
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._leave(failed=kind is not None)


class AsyncWebSocket(_Base):
    """`WebSocket` for asyncio: `async with AsyncWebSocket.connect(url) as ws`. Connecting and sending do not wait."""

    async def send(self, message: str | bytes | bytearray | memoryview) -> None:
        """Send text or bytes."""
        self.connection.send(message)

    @overload
    async def receive(self) -> str | bytes: ...
    @overload
    async def receive(self, *, timeout: float | None) -> str | bytes | None: ...
    async def receive(self, *, timeout: float | None = None) -> str | bytes | None:
        """Return the next message; None where none came within `timeout` seconds.

        Raises:
            ErrorClosed: the connection is closed, and nothing is left to read.
            ErrorProtocolError: the server broke the protocol.
            ErrorReceiveFailure: the connection was lost without a close frame; after that `ErrorClosed` with code 1006.
        """
        if timeout is not None and timeout <= 0:
            message = self.connection.receive_with_timeout(0)
            return None if message is None else _content(message)
        try:
            async with asyncio.timeout(timeout):
                await self.connection.wait()
        except TimeoutError:
            return None
        return _content(self.connection.receive())

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the connection; twice is fine."""
        self._close(code, reason)

    async def __aiter__(self) -> AsyncIterator[str | bytes]:
        """Yield messages until the connection is closed normally.

        Raises:
            ErrorClosed: it was closed with a code other than 1000 and 1001.
            ErrorProtocolError: the server broke the protocol.
            ErrorReceiveFailure: the connection was lost without a close frame.
        """
        try:
            while True:
                yield await self.receive()
        except _types.ErrorClosed as error:
            if not _ends(error):
                raise

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._leave(failed=kind is not None)
