"""One WebSocket of a component. The service's thread receives messages; the component's thread only takes them."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Coroutine, Iterable
from concurrent.futures import CancelledError
from typing import Any, ClassVar, Final, Protocol, Self

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, ProtocolError
from websockets.frames import Close

from ..._bindings.host import golem_websocket_client as client
from ..._bindings.types.golem_websocket_client import (
    CloseInfo,
    Error,
    ErrorClosed,
    ErrorProtocolError,
    ErrorSendFailure,
    Message,
    MessageBinary,
    MessageText,
)
from ..background import BackgroundLoop
from ..waiting import result_of, wait_for
from .handshake import MAX_SIZE, close_connection, how_it_ended

__all__ = ["Connection"]

BACKLOG: Final = 1 << 20
"""Approximate bytes of unread messages after which the server has to wait."""

_OVERHEAD: Final = 128
"""Approximate size of a message without content, so that empty ones cannot pile up without limit."""

_GOING_AWAY: Final = 1001

_REASON_LIMIT: Final = 123
"""The longest reason in a close frame, in bytes (RFC 6455, section 5.5)."""


class Service(Protocol):
    """The part of the service that connections use."""

    loop: BackgroundLoop
    send_timeout: float

    def connect(self, url: str, headers: list[tuple[str, str]]) -> ClientConnection:
        """Open a connection when there are fewer than the limit."""
        ...

    def keep(self, connection: Connection) -> None:
        """Keep a connection, to close it with the service."""
        ...

    def release(self, connection: Connection) -> None:
        """Free the place of a connection."""
        ...

    def say_goodbye(self, goodbye: Coroutine[Any, Any, None]) -> None:
        """End a connection in the background."""
        ...


class Connection(client.WebsocketConnection):
    """An open connection and its unread messages."""

    service: ClassVar[Service]

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._arrived = threading.Condition()
        self._messages: deque[Message] = deque()
        self._waiting = 0
        """The approximate size of the unread messages."""
        self._errors: deque[Error] = deque()
        """Why the connection ended: the errors that calls raise in turn once all messages are read. The last stays."""
        self._readable = client.Pollable()
        self._room = asyncio.Event()
        self._ignoring = False

    @classmethod
    def connect(cls, url: str, headers: list[tuple[str, str]] | None) -> Self:
        """Open a connection within the limits of the service."""
        connection = cls(cls.service.connect(url, headers or []))
        # In this order, because a connection that ends at once frees its place.
        cls.service.keep(connection)
        cls.service.loop.start(connection._listen())
        return connection

    def send(self, message: Message) -> None:
        """Send one message."""
        self._refuse_if_ended()
        content = message.value
        size = len(content.encode()) if isinstance(content, str) else len(content)
        if size > MAX_SIZE:
            raise ErrorSendFailure(f"the message has {size} bytes; the limit is {MAX_SIZE}")
        try:
            self._run(asyncio.wait_for(self._socket.send(content), self.service.send_timeout))
        except TimeoutError as error:
            raise ErrorSendFailure(f"the server has accepted no data for {self.service.send_timeout:g} s") from error
        except ConnectionClosed as error:
            self._end(how_it_ended(error))
            raise self._next_error() from error

    def receive(self) -> Message:
        """Return the oldest message; wait for one if there is none."""
        while (message := self._take(None)) is None:
            pass
        return message

    def receive_with_timeout(self, timeout_ms: int) -> Message | None:
        """Return the oldest message; None if none arrives in time."""
        return self._take(min(timeout_ms / 1000, threading.TIMEOUT_MAX))

    def close(self, code: int | None, reason: str | None) -> None:
        """Close the connection and wait for the server's answer, as long as the service allows."""
        self._refuse_if_ended()
        info = CloseInfo(1000 if code is None else code, reason or "")
        _check_close(info)
        self._ignore()
        self._run(close_connection(self._socket, info.code, info.reason))
        with self._arrived:
            self._messages.clear()
            self._errors.clear()
        self._end([ErrorClosed(info)])

    def subscribe(self) -> client.Pollable:
        """Return a pollable that is ready when `receive` would not wait."""
        return self._readable

    def dropped(self) -> None:
        """End the connection: the component has dropped it or was closed."""
        self.leave()
        self._readable.close()

    def leave(self) -> None:
        """End the connection without waiting for the server; twice is fine."""
        with self._arrived:
            ended = bool(self._errors)
        if not ended:
            self._ignore()
            self.service.say_goodbye(close_connection(self._socket, _GOING_AWAY))
            self._end([ErrorClosed(CloseInfo(_GOING_AWAY, ""))])

    def _run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine in the service's thread, and wait for it."""
        try:
            result_of(self.service.loop.start(coroutine))
        except CancelledError as error:
            # The service was closed meanwhile and has recorded that error here.
            raise self._next_error() from error

    def _take(self, timeout: float | None) -> Message | None:
        with self._arrived:
            wait_for(self._arrived, lambda: self._messages or self._errors, timeout)
            if not self._messages:
                if self._errors:
                    raise self._next_error()
                return None
            message = self._messages.popleft()
            self._waiting -= _cost(message)
            # `receive` does not wait at the end of the connection either.
            if not self._messages and not self._errors:
                self._readable.clear()
        self.service.loop.call(self._room.set)
        return message

    def _refuse_if_ended(self) -> None:
        with self._arrived:
            if self._errors:
                raise self._next_error()

    def _next_error(self) -> Error:
        error = self._errors.popleft() if len(self._errors) > 1 else self._errors[0]
        # A new object each time, because an exception collects the tracebacks of all its raises.
        return type(error)(error.value)

    def _end(self, errors: Iterable[Error]) -> None:
        """Note how the connection ended, if that is not known yet."""
        with self._arrived:
            if not self._errors:
                self._errors.extend(errors)
            self._readable.set()
            self._arrived.notify_all()
        self.service.release(self)

    def _ignore(self) -> None:
        """Discard messages that the server still sends, so that its answer to the close can be read."""
        self._ignoring = True
        self.service.loop.call(self._room.set)

    async def _listen(self) -> None:
        """Receive messages until the connection ends. Runs in the service's thread."""
        try:
            while True:
                self._arrive(await self._socket.recv())
                while self._waiting >= BACKLOG and not self._ignoring:
                    self._room.clear()
                    await self._room.wait()
        except ConnectionClosed as error:
            self._end(how_it_ended(error))

    def _arrive(self, content: str | bytes) -> None:
        if self._ignoring:
            return
        message = MessageText(content) if isinstance(content, str) else MessageBinary(content)
        with self._arrived:
            self._messages.append(message)
            self._waiting += _cost(message)
            self._readable.set()
            self._arrived.notify_all()


def _cost(message: Message) -> int:
    return len(message.value) + _OVERHEAD


def _check_close(info: CloseInfo) -> None:
    """Refuse a code or reason that a close frame cannot contain, before anything is sent."""
    try:
        Close(info.code, info.reason).check()
    except ProtocolError as error:
        raise ErrorProtocolError(f"{info.code} cannot be sent as a close code: {error}") from error
    size = len(info.reason.encode())
    if size > _REASON_LIMIT:
        raise ErrorProtocolError(f"the reason has {size} bytes; a close frame has room for {_REASON_LIMIT}")
