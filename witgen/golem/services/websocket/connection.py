"""One WebSocket of a component. What arrives is taken in by the service's thread, the component's own only looks."""

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
"""Bytes of messages that wait for a component, about, until the server has to wait."""

_OVERHEAD: Final = 128
"""What a message takes beside its content, about; so that empty ones cannot pile up without a limit."""

_GOING_AWAY: Final = 1001

_REASON_LIMIT: Final = 123
"""Bytes that a close frame has for a reason: RFC 6455, section 5.5."""


class Service(Protocol):
    """What connections need of the service that they belong to."""

    loop: BackgroundLoop
    send_timeout: float

    def connect(self, url: str, headers: list[tuple[str, str]]) -> ClientConnection:
        """Open a socket, once there are few enough."""
        ...

    def keep(self, connection: Connection) -> None:
        """Remember a connection, to close it with the service."""
        ...

    def release(self, connection: Connection) -> None:
        """Give a connection's place to another."""
        ...

    def say_goodbye(self, goodbye: Coroutine[Any, Any, None]) -> None:
        """End a connection in the background."""
        ...


class Connection(client.WebsocketConnection):
    """An open connection, and what has arrived on it."""

    service: ClassVar[Service]

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._arrived = threading.Condition()
        self._messages: deque[Message] = deque()
        self._waiting = 0
        """What the messages take, about."""
        self._errors: deque[Error] = deque()
        """Why the connection ended: what calls get once all messages are taken. The last one stays."""
        self._readable = client.Pollable()
        self._room = asyncio.Event()
        self._ignoring = False

    @classmethod
    def connect(cls, url: str, headers: list[tuple[str, str]] | None) -> Self:
        """Open a connection; see the service for its limits."""
        connection = cls(cls.service.connect(url, headers or []))
        # In this order: a connection that ends at once gives back its place.
        cls.service.keep(connection)
        cls.service.loop.start(connection._listen())
        return connection

    def send(self, message: Message) -> None:
        """Send one message."""
        self._refuse_if_ended()
        content = message.value
        size = len(content.encode()) if isinstance(content, str) else len(content)
        if size > MAX_SIZE:
            raise ErrorSendFailure(f"the message has {size} bytes; {MAX_SIZE} are possible")
        try:
            self._run(asyncio.wait_for(self._socket.send(content), self.service.send_timeout))
        except TimeoutError as error:
            raise ErrorSendFailure(f"the server has taken nothing for {self.service.send_timeout:g} s") from error
        except ConnectionClosed as error:
            self._end(how_it_ended(error))
            raise self._next_error() from error

    def receive(self) -> Message:
        """Take the oldest message, and wait for one."""
        while (message := self._take(None)) is None:
            pass
        return message

    def receive_with_timeout(self, timeout_ms: int) -> Message | None:
        """Take the oldest message; None where none comes in time."""
        return self._take(min(timeout_ms / 1000, threading.TIMEOUT_MAX))

    def close(self, code: int | None, reason: str | None) -> None:
        """Tell the server goodbye and wait for its answer, as long as the service allows."""
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
        """Return what is ready while `receive` would not wait."""
        return self._readable

    def dropped(self) -> None:
        """End the connection: the component does not want it any more, or is gone."""
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
        """Do something in the service's thread, and wait for it."""
        try:
            result_of(self.service.loop.start(coroutine))
        except CancelledError as error:
            # The service was closed meanwhile, and has noted that here.
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
            # The end of the connection, too, is something that `receive` need not wait for.
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
        # A new object each time: an exception collects the tracebacks of all its raises.
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
        """Let what the server still sends go, so that its answer to a close can be seen behind it."""
        self._ignoring = True
        self.service.loop.call(self._room.set)

    async def _listen(self) -> None:
        """Take in what comes, until the connection ends. Runs in the service's thread."""
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
    """Refuse what no close frame can say, before anything is sent."""
    try:
        Close(info.code, info.reason).check()
    except ProtocolError as error:
        raise ErrorProtocolError(f"{info.code} cannot be sent as a close code: {error}") from error
    size = len(info.reason.encode())
    if size > _REASON_LIMIT:
        raise ErrorProtocolError(f"the reason has {size} bytes; a close frame has room for {_REASON_LIMIT}")
