"""The server to talk to: it answers every message, in capitals."""

import sys
from contextlib import suppress

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve


def answer(connection: ServerConnection) -> None:
    # The agent's process ends after each command, without a word.
    with suppress(ConnectionClosed):
        for message in connection:
            connection.send(message.upper())


with serve(answer, "127.0.0.1", int(sys.argv[1])) as server:
    server.serve_forever()
