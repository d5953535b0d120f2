"""`golem:websocket` as a component meets it: messages, waiting for them, and how conversations end."""

from __future__ import annotations

import socket
import struct
import threading
import time
from contextlib import suppress

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection

from tests.golem.services.probing import Guest
from tests.golem.services.servers import raw_server
from tests.golem.services.websocket_helpers import PRELUDE, echo
from tests.support.loopback import websocket_server

HELPERS = PRELUDE


def test_messages_go_both_ways(guest: Guest) -> None:
    with websocket_server(echo) as url:
        assert guest(
            """
            ws = connect()
            for message in (client.Message_Text("Grüße 🐍"), client.Message_Binary(bytes(range(256))), text("")):
                ws.send(message)
                back = ws.receive()
                out.append(back == message)
            out.append(said(ws.close, None, None))
            """,
            url=url,
        ) == [True, True, True, None]


def test_what_a_component_says_with_close_reaches_the_server(guest: Guest) -> None:
    codes: list[tuple[int | None, str | None]] = []
    over = threading.Event()

    def note(connection: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            connection.recv()
        codes.append((connection.close_code, connection.close_reason))
        over.set()

    with websocket_server(note) as url:
        for code, reason in ((None, None), (4001, "tired"), (1000, "Grüße")):
            over.clear()
            guest("connect().close(code, reason)", url=url, code=code, reason=reason)
            assert over.wait(5)
        over.clear()
        guest("connect().__exit__(None, None, None)", url=url)
        assert over.wait(5)
    assert codes == [(1000, ""), (4001, "tired"), (1000, "Grüße"), (1001, "")]


@pytest.mark.parametrize(("code", "reason"), [(1005, ""), (999, ""), (1000, "x" * 124)])
def test_a_close_that_cannot_be_sent_is_an_error_and_changes_nothing(guest: Guest, code: int, reason: str) -> None:
    with websocket_server(echo) as url:
        [failed, sent, back] = guest(
            """
            ws = connect()
            out.append(said(ws.close, code, reason))
            out.append(said(ws.send, text("still here")))
            out.append(said(ws.receive))
            """,
            url=url,
            code=code,
            reason=reason,
        )
    assert failed[0] == "ProtocolError"
    assert (sent, back) == (None, "still here")


def test_a_closed_connection_says_so_for_good(guest: Guest) -> None:
    with websocket_server(echo) as url:
        answers = guest(
            """
            ws = connect()
            ws.send(text("unread"))
            ws.close(4000, "done")
            calls = [(ws.receive,), (ws.receive_with_timeout, 10), (ws.send, text("x")), (ws.close, None, None)]
            out.extend(said(*call) for call in calls)
            out.append(ws.subscribe().ready())
            """,
            url=url,
        )
    assert answers == [("Closed", (4000, "done"))] * 4 + [True]


def test_what_came_before_the_servers_close_is_still_there(guest: Guest) -> None:
    def say_goodbye(connection: ServerConnection) -> None:
        for number in range(3):
            connection.send(str(number))
        connection.close(4321, "enough")

    with websocket_server(say_goodbye) as url:
        answers = guest(
            """
            ws = connect()
            out.extend(said(ws.receive) for _ in range(5))
            out.append(said(ws.send, text("x")))
            """,
            url=url,
        )
    assert answers == ["0", "1", "2"] + [("Closed", (4321, "enough"))] * 3


def test_a_connection_that_is_lost_is_not_closed_normally(guest: Guest) -> None:
    def reset(peer: socket.socket) -> None:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close()

    for ending in (lambda peer: peer.close(), reset):
        with raw_server(ending) as url:
            assert guest("ws = connect(); out.extend([said(ws.receive), said(ws.receive)])", url=url) == [
                ("ReceiveFailure", "the connection was lost"),
                ("Closed", (1006, "the connection was lost")),
            ]


def test_a_close_frame_without_a_code_has_no_information(guest: Guest) -> None:
    with raw_server(lambda peer: peer.sendall(b"\x88\x00")) as url:
        assert guest("out.append(said(connect().receive))", url=url) == [("Closed", None)]


@pytest.mark.parametrize(
    "frame",
    [b"\xc1\x01x", b"\x83\x00", b"\x81\x02\xff\xfe", b"\x81\x81\x00\x00\x00\x00x", b"\x89\xfe\x00\x80"],
    ids=["reserved bit", "unknown opcode", "no UTF-8", "masked by the server", "long ping"],
)
def test_a_broken_frame_is_a_protocol_error(guest: Guest, frame: bytes) -> None:
    with raw_server(lambda peer: peer.sendall(b"\x81\x02ok" + frame)) as url:
        [first, second, third] = guest("ws = connect(); out.extend(said(ws.receive) for _ in range(3))", url=url)
    assert first == "ok"
    assert second[0] == "ProtocolError"
    assert third == ("Closed", (1006, "the connection was lost"))


def test_receiving_can_wait_for_a_while(guest: Guest) -> None:
    with websocket_server(echo) as url:
        started = time.monotonic()
        assert guest(
            """
            ws = connect()
            out.append(ws.receive_with_timeout(50))
            out.append(ws.receive_with_timeout(0))
            ws.send(text("now"))
            out.append(said(ws.receive_with_timeout, 2**64 - 1))
            """,
            url=url,
        ) == [None, None, "now"]
        assert time.monotonic() - started < 5


def test_a_pollable_is_ready_while_there_is_something(guest: Guest) -> None:
    go = threading.Event()

    def two_after_a_while(connection: ServerConnection) -> None:
        go.wait(5)
        connection.send("a")
        connection.send("b")
        connection.recv()

    with websocket_server(two_after_a_while) as url:
        assert guest("ws = connect(); p = ws.subscribe(); out.append(p.ready())", url=url) == [False]
        threading.Timer(0.1, go.set).start()
        assert guest(
            """
            out.append(poll.poll([p]))
            out.append(said(ws.receive))
            p.block()
            out.append((p.ready(), said(ws.receive), p.ready()))
            ws.send(text("bye"))
            p.block()
            out.append(said(ws.receive)[0])
            out.append(p.ready())
            p.__exit__(None, None, None)
            ws.__exit__(None, None, None)
            """
        ) == [[0], "a", (True, "b", False), "Closed", True]


def test_a_pollable_may_outlive_its_connection(guest: Guest) -> None:
    with websocket_server(echo) as url:
        assert guest(
            """
            ws = connect()
            ready = [ws.subscribe(), ws.subscribe()]
            ready[0].__exit__(None, None, None)
            ws.__exit__(None, None, None)
            ready[1].block()
            out.append(ready[1].ready())
            ready[1].__exit__(None, None, None)
            """,
            url=url,
        ) == [True]
