"""Talks to a server and reports what it heard; logs whom it talks to."""

from websocket_bindings.guest import exports
from websocket_bindings.guest import wasi_logging_logging as logging
from websocket_bindings.guest.golem_websocket_client import WebsocketConnection
from websocket_bindings.types.chat import RunError
from websocket_bindings.types.golem_websocket_client import (
    CloseInfo,
    ErrorClosed,
    ErrorConnectionFailure,
    MessageBinary,
    MessageText,
)
from websocket_bindings.types.wasi_logging_logging import Level


def run(url: str) -> list[str]:
    logging.log(Level.INFO, "chat", f"talking to {url}")
    try:
        connection = WebsocketConnection.connect(url, [("authorization", "none")])
    except ErrorConnectionFailure as error:
        raise RunError(f"{url}: {error.value}") from error
    said: list[str] = []
    with connection:
        connection.send("Hello, server!")
        connection.send(bytearray(b"\x00\x01\xff"))
        while True:
            try:
                match connection.receive():
                    case MessageText(text):
                        said.append(text)
                    case MessageBinary(data):
                        said.append(f"{len(data)} bytes")
            except ErrorClosed as error:
                match error.value:
                    case CloseInfo(code, reason):
                        said.append(f"closed: {code} {reason}")
                    case None:
                        said.append("closed")
                return said


exports.serve(__name__, run=run)
