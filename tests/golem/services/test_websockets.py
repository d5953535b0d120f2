"""`golem:websocket` as a component meets it: a real component, real servers on loopback."""

from __future__ import annotations

import base64
import os
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection

from witgen.golem.local import Services
from witgen.golem.services.websocket import WebSockets

from .probing import Guest
from .servers import raw_server, websocket_server

Start = Callable[..., Guest]

# Errors as the tests write them: the case's name, and what it carries.
HELPERS = """
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


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    with Services(tmp_path / "state", websockets=WebSockets(close_timeout=0.2)) as services:
        yield services


@pytest.fixture
def guest(start: Start) -> Guest:
    guest = start()
    guest(HELPERS)
    return guest


def echo(connection: ServerConnection) -> None:
    for message in connection:
        connection.send(message)


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


def test_a_connection_that_breaks_off_counts_as_closed(guest: Guest) -> None:
    def reset(peer: socket.socket) -> None:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close()

    for ending in (lambda peer: peer.close(), reset):
        with raw_server(ending) as url:
            assert (
                guest("ws = connect(); out.extend([said(ws.receive), said(ws.receive)])", url=url)
                == [("Closed", (1000, "Connection closed"))] * 2
            )


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
    assert third == ("Closed", (1000, "Connection closed"))


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


def test_headers_reach_the_server_and_the_last_of_a_name_counts(guest: Guest) -> None:
    def tell(connection: ServerConnection) -> None:
        assert connection.request is not None
        headers = connection.request.headers
        connection.send(repr([headers.get_all(name) for name in ("X-Token", "Origin", "User-Agent")]))

    headers = [("X-Token", "old"), ("x-token", "new"), ("Origin", "http://here"), ("User-Agent", "me/1")]
    with websocket_server(tell) as url:
        [found] = guest("out.append(said(connect(headers).receive))", url=url, headers=headers)
    assert found == "[['new'], ['http://here'], ['me/1']]"


def test_subprotocols_are_a_header(guest: Guest) -> None:
    def tell(connection: ServerConnection) -> None:
        connection.send(str(connection.subprotocol))

    headers = [("Sec-WebSocket-Protocol", "chat.v1, chat.v2")]
    with websocket_server(tell, subprotocols=["chat.v2"]) as url:
        assert guest("out.append(said(connect(headers).receive))", url=url, headers=headers) == ["chat.v2"]


@pytest.mark.parametrize(
    "header", [("X-Bad", "a\r\nX-More: b"), ("", "x"), ("X Y", "x"), ("Upgrade", "other"), ("Sec-WebSocket-Key", "k")]
)
def test_headers_that_cannot_be_sent_are_refused(guest: Guest, header: tuple[str, str]) -> None:
    with websocket_server(echo) as url:
        [(kind, _)] = guest("out.append(said(connect, headers))", url=url, headers=[header])
    assert kind == "ConnectionFailure"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://127.0.0.1/",
        "ws://",
        "ws://127.0.0.1:99999/",
        "ws://nowhere.invalid/",
        "ws://127.0.0.1:1/",
        "ws://[::",
    ],
)
def test_a_url_that_leads_nowhere_is_a_connection_failure(guest: Guest, url: str) -> None:
    [(kind, text)] = guest("out.append(said(connect))", url=url)
    assert kind == "ConnectionFailure"
    assert text


def test_a_server_that_refuses_the_handshake(guest: Guest) -> None:
    def refuse(connection: ServerConnection, _: Any) -> Any:
        return connection.respond(403, "not you\n")

    with websocket_server(echo, process_request=refuse) as url:
        [(kind, text)] = guest("out.append(said(connect))", url=url)
    assert kind == "ConnectionFailure"
    assert "403" in text


def test_a_server_that_never_answers(start: Start, tmp_path: Path) -> None:
    sockets = WebSockets(open_timeout=0.2, close_timeout=0.2, send_timeout=0.2)
    with Services(tmp_path / "other", websockets=sockets) as services:
        guest = start(services)
        guest(HELPERS)
        with raw_server(None) as url:
            assert guest("out.append(said(connect))", url=url) == [("ConnectionFailure", f"{url}: no answer for 0.2 s")]
        with raw_server(lambda _: None) as url:
            started = time.monotonic()
            answers = guest(
                """
                ws = connect()
                out.append(ws.receive_with_timeout(20))
                out.append(said(ws.send, text("x" * (16 << 20))))
                out.append(said(ws.close, None, None))
                """,
                url=url,
            )
            assert time.monotonic() - started < 5
        guest.close()
    assert answers == [None, ("SendFailure", "the server has taken nothing for 0.2 s"), None]


def test_tls_with_a_certificate_of_ones_own(start: Start, tmp_path: Path) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    )
    subprocess.run([*command.split(), "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with websocket_server(echo, ssl=context) as url:
        stranger = start()
        stranger(HELPERS)
        [(kind, text)] = stranger("out.append(said(connect))", url=url)
        assert kind == "ConnectionFailure"
        assert "certificate" in text
        with Services(tmp_path / "other", websockets=WebSockets(ca=certificate)) as services:
            guest = start(services)
            guest(HELPERS)
            talk = "ws = connect(); ws.send(text('secret')); out.append(said(ws.receive))"
            assert guest(talk, url=url) == ["secret"]
            guest.close()


def test_without_network_nobody_connects(start: Start, tmp_path: Path) -> None:
    with websocket_server(echo) as url, Services(tmp_path / "other", network=False) as services:
        guest = start(services)
        guest(HELPERS)
        assert guest("out.append(said(connect))", url=url) == [("Other", "permission denied")]
        guest.close()


def test_one_more_than_the_limit_waits(start: Start, tmp_path: Path) -> None:
    services = Services(tmp_path / "other", websockets=WebSockets(limit=2))
    with websocket_server(echo) as url, services, ThreadPoolExecutor(1) as pool:
        first, second = start(services), start(services)
        for guest in (first, second):
            guest(HELPERS)
        first("a, b = connect(), connect()", url=url)
        waiting = pool.submit(second, "out.append(connect() is not None)", url=url)
        time.sleep(0.2)
        assert not waiting.done()
        first("a.close(None, None)")
        assert waiting.result(5) == [True]
        # Dropping makes room as well, and so does the server's close.
        first("b.__exit__(None, None, None)")
        assert second("c = connect(); out.append(c is not None)", url=url) == [True]
        first.close()
        second.close()


def test_connections_that_end_at_once_take_no_place(start: Start, tmp_path: Path) -> None:
    def leave(_: ServerConnection) -> None:
        pass

    sockets = WebSockets(limit=1)
    with websocket_server(leave) as url, Services(tmp_path / "other", websockets=sockets) as services:
        guest = start(services)
        guest(HELPERS)
        assert (
            guest("for _ in range(100): ws = connect(); out.append(said(ws.receive)[0])", url=url) == ["Closed"] * 100
        )
        assert sockets.count == 0
        guest.close()


def test_a_message_of_64_mib_passes_and_a_larger_one_is_refused(guest: Guest) -> None:
    def large(connection: ServerConnection) -> None:
        size = int(connection.recv())
        connection.send("x" * size)
        connection.recv()

    with websocket_server(large) as url:
        answers = guest(
            """
            for size in (64 << 20, (64 << 20) + 1):
                ws = connect()
                ws.send(text(str(size)))
                try:
                    out.append(len(ws.receive().value))
                except Err as error:
                    out.append((type(error.value).__name__, error.value.value))
                    out.append(said(ws.receive))
            out.append(said(connect().send, text("x" * ((64 << 20) + 1))))
            """,
            url=url,
        )
    assert answers == [
        64 << 20,
        ("Error_ReceiveFailure", "a message has more than 67108864 bytes"),
        ("Closed", (1000, "Connection closed")),
        ("SendFailure", "the message has 67108865 bytes; 67108864 are possible"),
    ]


def test_large_binary_messages_take_no_longer_than_they_should(guest: Guest) -> None:
    with websocket_server(echo, compression=None) as url:
        started = time.process_time()
        assert guest(
            """
            ws = connect()
            content = bytes(range(256)) * (1 << 16)
            ws.send(client.Message_Binary(content))
            out.append(ws.receive().value == content)
            """,
            url=url,
        ) == [True]
        assert time.process_time() - started < 10


def test_a_server_that_talks_faster_than_the_component_waits(guest: Guest) -> None:
    sent, random = 0, base64.b64encode(os.urandom(49152)).decode()

    def flood(connection: ServerConnection) -> None:
        nonlocal sent
        for _ in range(1000):
            connection.send(random)
            sent += 1

    with websocket_server(flood) as url:
        guest("ws = connect()", url=url)
        while True:
            before = sent
            time.sleep(0.3)
            if sent == before:
                break
        # 1 MiB of ours, and what fits into sockets and the library's buffers.
        assert sent < 300
        [count, end] = guest(
            """
            count = 0
            while True:
                try:
                    count += len(ws.receive().value) == 65536
                except Err as error:
                    out.extend([count, type(error.value).__name__])
                    break
            """
        )
    assert (count, end) == (1000, "Error_Closed")


def test_connections_end_with_the_store_and_with_the_services(start: Start, tmp_path: Path) -> None:
    left = threading.Semaphore(0)

    def wait(connection: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            connection.recv()
        left.release()

    with websocket_server(wait) as url:
        services = Services(tmp_path / "other")
        first, second = start(services), start(services)
        for guest in (first, second):
            guest(HELPERS)
            guest("ws = connect()", url=url)
        first.close()
        assert left.acquire(timeout=5)
        services.close()
        assert left.acquire(timeout=5)
        assert second("out.append(said(ws.receive))") == [("Closed", (1001, ""))]
        assert second("out.append(said(connect))", url=url) == [("ConnectionFailure", "the host is shutting down")]
        second.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "witgen-websockets"]


def test_who_was_just_left_is_told_before_the_services_close(start: Start, tmp_path: Path) -> None:
    codes: list[int | None] = []

    def note(connection: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            connection.recv()
        codes.append(connection.close_code)

    with websocket_server(note) as url, Services(tmp_path / "other") as services:
        guest = start(services)
        guest(HELPERS)
        guest("several = [connect() for _ in range(20)]", url=url)
        guest.close()
    assert codes == [1001] * 20


def test_what_is_under_way_when_the_services_close(start: Start, tmp_path: Path) -> None:
    services = Services(tmp_path / "other", websockets=WebSockets(limit=2, close_timeout=0.2))
    with raw_server(lambda _: None) as silent, raw_server(None) as deaf, ThreadPoolExecutor(3) as pool:
        receiving, connecting, waiting = guests = [start(services) for _ in range(3)]
        for guest in guests:
            guest(HELPERS)
        calls = [
            pool.submit(receiving, "ws = connect(); out.append(said(ws.receive))", url=silent),
            pool.submit(connecting, "out.append(said(connect))", url=deaf),
        ]
        time.sleep(0.3)
        calls.append(pool.submit(waiting, "out.append(said(connect))", url=deaf))
        time.sleep(0.3)
        assert not [call for call in calls if call.done()]
        services.close()
        over = ("ConnectionFailure", "the host is shutting down")
        assert [call.result(5) for call in calls] == [[("Closed", (1001, ""))], [over], [over]]
        for guest in guests:
            guest.close()


def test_without_websockets_the_remedy_is_told() -> None:
    program = "import sys; sys.modules['websockets'] = None; import witgen.golem as golem; golem.WIT; golem.Services"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "pip install 'witgen[golem]'" in run.stderr
