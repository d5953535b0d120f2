"""How WebSockets of a component begin: addresses, headers, certificates, and servers that do not want them."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.server import ServerConnection

from tests.golem.certificates import self_signed
from tests.golem.services.probing import Guest, Start
from tests.golem.services.servers import raw_server
from tests.golem.services.websocket_helpers import PRELUDE, echo
from tests.support.loopback import websocket_server
from witgen.golem import WebSockets
from witgen.golem.local import Services

HELPERS = PRELUDE


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
        with raw_server(None) as url:
            assert guest("out.append(said(connect))", url=url) == [
                ("ConnectionFailure", f"{url}: no answer within 0.2 s")
            ]
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
    assert answers == [None, ("SendFailure", "the server has accepted no data for 0.2 s"), None]


def test_tls_with_a_certificate_of_ones_own(start: Start, tmp_path: Path) -> None:
    certificate, context = self_signed(tmp_path)
    with websocket_server(echo, ssl=context) as url:
        stranger = start()
        [(kind, text)] = stranger("out.append(said(connect))", url=url)
        assert kind == "ConnectionFailure"
        assert "certificate" in text
        with Services(tmp_path / "other", websockets=WebSockets(ca=certificate)) as services:
            guest = start(services)
            talk = "ws = connect(); ws.send(text('secret')); out.append(said(ws.receive))"
            assert guest(talk, url=url) == ["secret"]
            guest.close()


def test_without_network_nobody_connects(start: Start, tmp_path: Path) -> None:
    with websocket_server(echo) as url, Services(tmp_path / "other", network=False) as services:
        guest = start(services)
        assert guest("out.append(said(connect))", url=url) == [("Other", "permission denied")]
        guest.close()


def test_without_websockets_the_remedy_is_told() -> None:
    program = "import sys; sys.modules['websockets'] = None; import witgen.golem as golem; golem.WIT; golem.Services"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "pip install 'witgen[golem]'" in run.stderr
