"""What the tests of WebSockets have a component run first, and the server that most of them talk to."""

from __future__ import annotations

from websockets.sync.server import ServerConnection

__all__ = ["PRELUDE", "echo"]

# Errors as the tests write them: the case's name, and what it carries.
PRELUDE = """
def said(call, *arguments):
    try:
        found = call(*arguments)
    except Err as error:
        kind, value = type(error.value).__name__.removeprefix("Error_"), getattr(error.value, "value", None)
        return (kind, (value.code, value.reason) if isinstance(value, client.CloseInfo) else value)
    return getattr(found, "value", found)

def connect(headers=None):
    return client.WebsocketConnection.connect(url, headers)

def text(value):
    return client.Message_Text(value)
"""


def echo(connection: ServerConnection) -> None:
    for message in connection:
        connection.send(message)
