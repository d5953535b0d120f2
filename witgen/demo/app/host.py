"""The host: runs chat.wasm and gives it WebSockets. Try it: python host.py ws://127.0.0.1:PORT"""

import sys
import threading
from collections import deque
from contextlib import ExitStack
from typing import Self

from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import connect

from chat_bindings.host import Chat, ChatImports
from chat_bindings.host import golem_websocket_client as client
from chat_bindings.host import wasi_logging_logging as logging
from chat_bindings.types.chat import RunError
from chat_bindings.types.golem_websocket_client import (
    CloseInfo,
    ErrorClosed,
    ErrorConnectionFailure,
    Message,
    MessageBinary,
    MessageText,
)
from chat_bindings.types.wasi_logging_logging import Level


class Connection(client.WebsocketConnection):
    """One WebSocket. A thread listens, so that the guest's pollable is ready exactly while something is there."""

    def __init__(self, url: str, headers: list[tuple[str, str]] | None) -> None:
        self._resources = ExitStack()
        self._socket = self._resources.enter_context(connect(url, additional_headers=headers, close_timeout=1))
        self._arrived = threading.Condition()
        self._messages: deque[Message] = deque()
        self._closed: ErrorClosed | None = None
        self._readable = client.Pollable()
        threading.Thread(target=self._listen, daemon=True).start()

    @classmethod
    def connect(cls, url: str, headers: list[tuple[str, str]] | None) -> Self:
        try:
            return cls(url, headers)
        except (OSError, WebSocketException) as error:
            raise ErrorConnectionFailure(str(error)) from error

    def send(self, message: Message) -> None:
        try:
            self._socket.send(message.value)
        except ConnectionClosed as error:
            raise how_it_closed(error) from error

    def receive(self) -> Message:
        message = self._take(None)
        assert message is not None, "without a timeout there is always an answer"
        return message

    def receive_with_timeout(self, timeout_ms: int) -> Message | None:
        return self._take(min(timeout_ms / 1000, threading.TIMEOUT_MAX))

    def close(self, code: int | None, reason: str | None) -> None:
        self._socket.close(1000 if code is None else code, reason or "")

    def subscribe(self) -> client.Pollable:
        return self._readable

    def dropped(self) -> None:
        """The guest dropped its handle, or the store was closed."""
        self._resources.close()
        self._readable.close()

    def _listen(self) -> None:
        """Runs in a thread of its own until the connection closes."""
        try:
            while True:
                self._arrive(self._socket.recv())
        except ConnectionClosed as error:
            self._arrive(how_it_closed(error))

    def _arrive(self, what: str | bytes | ErrorClosed) -> None:
        with self._arrived:
            match what:
                case str():
                    self._messages.append(MessageText(what))
                case bytes():
                    self._messages.append(MessageBinary(what))
                case ErrorClosed():
                    self._closed = what
            self._readable.set()
            self._arrived.notify_all()

    def _take(self, timeout: float | None) -> Message | None:
        """Return the oldest message; None when the time is over. A closed connection stays readable, for its error."""
        with self._arrived:
            self._arrived.wait_for(lambda: self._messages or self._closed, timeout)
            if self._messages:
                message = self._messages.popleft()
                if not self._messages and not self._closed:
                    self._readable.clear()
                return message
            if self._closed:
                raise ErrorClosed(self._closed.value)
            return None


def how_it_closed(error: ConnectionClosed) -> ErrorClosed:
    frame = error.rcvd
    return ErrorClosed(CloseInfo(frame.code, frame.reason) if frame else None)


class Log(logging.Logging):
    """What the guest says goes to stdout, line by line; the rest of its log to stderr."""

    def log(self, level: Level, context: str, message: str) -> None:
        if level is Level.INFO:
            print(message, flush=True)
        else:
            print(f"{level.name.lower()} {context}: {message}", file=sys.stderr)


def main(url: str) -> int:
    imports = ChatImports(golem_websocket_client=Connection, wasi_logging_logging=Log())
    with Chat.open("chat.wasm", imports) as chat:
        try:
            chat.run(url)
        except RunError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
