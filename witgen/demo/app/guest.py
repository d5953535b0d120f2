"""The guest: becomes a WebAssembly component that can do nothing but what wit/world.wit lets it."""

from chat_bindings.guest import exports
from chat_bindings.guest import golem_websocket_client as websocket
from chat_bindings.guest import wasi_logging_logging as logging
from chat_bindings.types.chat import RunError
from chat_bindings.types.golem_websocket_client import (
    ErrorClosed,
    ErrorConnectionFailure,
    Message,
    MessageBinary,
    MessageText,
)
from chat_bindings.types.wasi_logging_logging import Level

PATIENCE_MS = 200


def run(url: str) -> None:
    """Talk to the server at `url`."""
    try:
        connection = websocket.WebsocketConnection.connect(url)
    except ErrorConnectionFailure as failure:
        raise RunError(f"cannot connect: {failure.value}") from failure
    with connection:
        say("Connected")
        try:
            converse(connection)
        except ErrorClosed as closed:
            info = closed.value
            say(f'Closed [{info.code}] "{info.reason}"' if info else "Closed")


def converse(connection: websocket.WebsocketConnection) -> None:
    """Say what there is to say, and listen until the server closes."""
    connection.send("Hello, server!")
    hear(connection.receive())
    connection.send(bytes([1, 2, 3]))
    hear(connection.receive())
    message = connection.receive_with_timeout(PATIENCE_MS)
    if message is None:
        say(f"No message within {PATIENCE_MS} ms")
    connection.send("Goodbye!")
    while True:
        hear(connection.receive())


def hear(message: Message) -> None:
    """Say what came."""
    match message:
        case MessageText(text):
            say(f"Text: {text}")
        case MessageBinary(data):
            say(f"Binary: {len(data)} bytes")


def say(line: str) -> None:
    """Tell the world outside, at once."""
    logging.log(Level.INFO, "chat", line)


exports.serve(__name__, run=run)
