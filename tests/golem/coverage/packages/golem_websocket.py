"""golem:websocket: a conversation with the server at the URL that is given."""

from agent.guest.golem_websocket_client import WebsocketConnection
from agent.types.golem_websocket_client import ErrorClosed, MessageBinary, MessageText

from .failing import failure


def cover(url: str) -> None:
    with WebsocketConnection.connect(url, [("X-Name", "ada")]) as connection:
        connection.send("text")
        assert connection.receive() == MessageText("text")
        connection.send(b"\x01\x02")
        with connection.subscribe() as ready:
            ready.block()
        assert connection.receive_with_timeout(5000) == MessageBinary(b"\x01\x02")
        assert connection.receive_with_timeout(1) is None
        connection.close(1000, "enough")
        failure(ErrorClosed, connection.receive)
