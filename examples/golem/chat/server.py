"""The server to talk to: it answers every message, in capitals."""

import sys

from websockets.sync.server import ServerConnection, serve


def answer(connection: ServerConnection) -> None:
    for message in connection:
        connection.send(message.upper())


with serve(answer, "127.0.0.1", int(sys.argv[1])) as server:
    server.serve_forever()
