"""Many WebSockets, large messages, fast servers, and services that close meanwhile."""

from __future__ import annotations

import base64
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection

from tests.golem.services.probing import Guest, Start
from tests.golem.services.servers import raw_server
from tests.golem.services.websocket_helpers import PRELUDE, echo
from tests.support.loopback import websocket_server
from witgen.golem.local import Services
from witgen.golem.services.websocket.service import WebSockets

HELPERS = PRELUDE


def test_one_more_than_the_limit_waits(start: Start, tmp_path: Path) -> None:
    services = Services(tmp_path / "other", websockets=WebSockets(limit=2))
    with websocket_server(echo) as url, services, ThreadPoolExecutor(1) as pool:
        first, second = start(services), start(services)
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
        ("Closed", (1006, "the connection was lost")),
        ("SendFailure", "the message has 67108865 bytes; the limit is 67108864"),
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
        guest("several = [connect() for _ in range(20)]", url=url)
        guest.close()
    assert codes == [1001] * 20


def test_what_is_under_way_when_the_services_close(start: Start, tmp_path: Path) -> None:
    services = Services(tmp_path / "other", websockets=WebSockets(limit=2, close_timeout=0.2))
    with raw_server(lambda _: None) as silent, raw_server(None) as deaf, ThreadPoolExecutor(3) as pool:
        receiving, connecting, waiting = guests = [start(services) for _ in range(3)]
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
