"""Requests whose end two programs may see in different places, by hand on sockets: another request hides behind each.

Whatever a server in front makes of such a request, here it is refused, or read as RFC 9112 says; and where its end is
in doubt, its connection ends with the response, so that nobody's next request is answered with what hid behind it.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h11
import pytest

from tests.support.servers import Server, behind_hypercorn, behind_uvicorn
from witgen.proxy import Proxy

pytestmark = pytest.mark.slow

HIDDEN = b"GET /report?hidden HTTP/1.1\r\nhost: hidden\r\nconnection: close\r\n\r\n"


@pytest.fixture(scope="module", params=["h11", "httptools", "hypercorn"])
def served(web: Path, request: pytest.FixtureRequest) -> Generator[Server]:
    app = Proxy.asgi(web, requests=1000)
    with behind_hypercorn(app) if request.param == "hypercorn" else behind_uvicorn(app, http=request.param) as server:
        yield server


@dataclass(frozen=True)
class Answer:
    """A response: what the guest reports, empty for a refusal."""

    status: int
    report: dict[str, Any]


def answers(server: Server, request: bytes) -> list[Answer]:
    """Return the responses to some bytes, until the server ends the connection."""
    found = list[Answer]()
    with server.connect() as connection:
        connection.sendall(request)
        parser = h11.Connection(h11.CLIENT)
        while True:
            parser.send(h11.Request(method="GET", target="/", headers=[("host", "x")]))
            parser.send(h11.EndOfMessage())
            status, body = 0, b""
            while not isinstance(event := parser.next_event(), h11.EndOfMessage | h11.ConnectionClosed):
                if event is h11.NEED_DATA:
                    parser.receive_data(_received(connection))
                elif isinstance(event, h11.Response):
                    status = event.status_code
                elif isinstance(event, h11.Data):
                    body += event.data
            if not status:
                return found
            found.append(Answer(status, json.loads(body) if status == 200 else {}))
            if parser.our_state is not h11.DONE or parser.their_state is not h11.DONE:
                return found
            parser.start_next_cycle()


def _received(connection: Any) -> bytes:
    try:
        return connection.recv(1 << 16)  # type: ignore[no-any-return]
    except ConnectionResetError:
        return b""


def _post(*lines: bytes, body: bytes = b"", version: bytes = b"1.1") -> bytes:
    head = [b"POST /report HTTP/" + version, b"host: x", *lines]
    return b"\r\n".join(head) + b"\r\n\r\n" + body + HIDDEN


def _chunked(body: bytes, *lines: bytes) -> bytes:
    return _post(b"transfer-encoding: chunked", *lines, body=body)


LAST = b"0\r\n\r\n"

REFUSED = {
    "an unknown coding": _post(b"transfer-encoding: xchunked", body=LAST),
    "a coding after chunked": _post(b"transfer-encoding: chunked, identity", body=LAST),
    "a coding before chunked": _post(b"transfer-encoding: gzip, chunked", body=LAST),
    "two codings": _post(b"transfer-encoding: chunked", b"transfer-encoding: identity", body=LAST),
    "identity": _post(b"transfer-encoding: identity", b"content-length: 5", body=LAST),
    "chunked twice": _post(b"transfer-encoding: chunked, chunked", body=LAST),
    "a quoted coding": _post(b'transfer-encoding: "chunked"', body=LAST),
    "a vertical tab before the coding": _post(b"transfer-encoding:\x0bchunked", body=LAST),
    "a space after the name": _post(b"transfer-encoding : chunked", body=LAST),
    "a line feed in the name": _post(b"transfer\n-encoding: chunked", body=LAST),
    "a null in a value": _post(b"x: \0", b"content-length: 0"),
    "a carriage return in a value": _post(b"x: a\rcontent-length: 5", b"content-length: 0"),
    "a carriage return in a name": _post(b"x\rcontent-length: 5", b"content-length: 0"),
    "two lengths": _post(b"content-length: 0", b"content-length: %d" % len(HIDDEN)),
    "a list of lengths": _post(b"content-length: 0, %d" % len(HIDDEN)),
    "a signed length": _post(b"content-length: +0"),
    "a negative length": _post(b"content-length: -1"),
    "no number": _post(b"content-length: "),
    "a hexadecimal length": _post(b"content-length: 0x0"),
    "digits with a space": _post(b"content-length: 0 0"),
    "digits with an underscore": _post(b"content-length: 0_0"),
    "a length beyond 64 bits": _post(b"content-length: 18446744073709551616"),
    "digits of another script": _post("content-length: \u0660".encode()),
    "a length in the second line": b"POST /report HTTP/1.1\r\n content-length: 5\r\nhost: x\r\n\r\n" + HIDDEN,
    "a header without a colon": _post(b"x", b"content-length: 0"),
    "a header without a name": _post(b": x", b"content-length: 0"),
    "two hosts": _post(b"host: y", b"content-length: 0"),
    "a host with a path": b"GET /report HTTP/1.1\r\nhost: x/y\r\n\r\n" + HIDDEN,
    "a host with a user": b"GET /report HTTP/1.1\r\nhost: a@b\r\n\r\n" + HIDDEN,
    "no host": b"GET /report HTTP/1.1\r\n\r\n" + HIDDEN,
    "a space in the target": b"GET /report /x HTTP/1.1\r\nhost: x\r\n\r\n" + HIDDEN,
    "a tunnel": b"CONNECT hidden:80 HTTP/1.1\r\nhost: x\r\n\r\n" + HIDDEN,
    "a negative chunk": _chunked(b"-1\r\n\r\n"),
    "a signed chunk": _chunked(b"+0\r\n\r\n"),
    "a chunk with a prefix": _chunked(b"0x0\r\n\r\n"),
    "a chunk with an underscore": _chunked(b"0_0\r\n\r\n"),
    "a line feed after a chunk's size": _chunked(b"5\nhello\r\n" + LAST),
    "a line feed in a chunk's extension": _chunked(b"5;a\nb\r\nhello\r\n" + LAST),
    "a chunk that is longer than it says": _chunked(b"5\r\nhello!!" + LAST),
    "a chunk without an end": _chunked(b"5\r\nhello" + LAST),
}

DOUBTFUL = {
    "a length and chunks": (_post(b"content-length: 4", b"transfer-encoding: chunked", body=LAST), ""),
    "chunks and a length": (_post(b"transfer-encoding: chunked", b"content-length: 4", body=LAST), ""),
    "no length, and chunks": (
        _post(b"content-length: 0", b"transfer-encoding: chunked", body=b"5\r\nhello\r\n" + LAST), "hello"
    ),
    "chunks of HTTP/1.0": (
        _post(b"connection: keep-alive", b"transfer-encoding: chunked", body=LAST, version=b"1.0"), ""
    ),
    "an upgrade with a body": (
        _post(b"connection: upgrade, close", b"upgrade: foo", b"content-length: 5", body=b"hello"), "hello"
    ),
}  # fmt: skip
"""Requests, and what the guest may have for their bodies."""

CLEAR = {
    "a tab before the coding": (_post(b"transfer-encoding:\tchunked", body=LAST), ""),
    "the coding on the next line": (_post(b"transfer-encoding:\r\n chunked", body=LAST), ""),
    "the same length twice": (_post(b"content-length: 0, 0"), ""),
    "an extension": (_chunked(b"5;a=b\r\nhello\r\n" + LAST), "hello"),
    "a space after a chunk's size": (_chunked(b"0 \r\n\r\n"), ""),
    "a length that the connection names": (
        _post(b"connection: content-length", b"content-length: 5", body=b"hello"), "hello"
    ),
    "a coding that the connection names": (
        _chunked(b"5\r\nhello\r\n" + LAST, b"connection: transfer-encoding"), "hello"
    ),
    "names with underscores": (
        _post(b"content_length: 1", b"transfer_encoding: chunked", b"content-length: 5", body=b"hello"), "hello"
    ),
    "a body of GET": (
        b"GET /report HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(HIDDEN) + HIDDEN + HIDDEN,
        HIDDEN.decode(),
    ),
}  # fmt: skip
"""Requests whose end is certain, and their bodies. Servers may refuse them nevertheless."""


def _check_report(answer: Answer, body: str) -> None:
    report = answer.report
    names = [name for name, _ in report["fields"]]
    assert (report["body"], report["authority"], report["target"]) == (body, "x", "/report")
    assert "transfer-encoding" not in names
    lengths = [value for name, value in report["fields"] if name == "content-length"]
    assert set(lengths) <= {str(len(body))}


@pytest.mark.parametrize("request_", REFUSED.values(), ids=REFUSED)
def test_malformed_requests_are_refused(served: Server, request_: bytes) -> None:
    (answer,) = answers(served, request_)
    assert answer.status in {400, 501}


@pytest.mark.parametrize(("request_", "body"), DOUBTFUL.values(), ids=DOUBTFUL)
def test_connections_end_where_the_end_of_a_request_is_in_doubt(served: Server, request_: bytes, body: str) -> None:
    (answer,) = answers(served, request_)
    if answer.status == 200:
        _check_report(answer, body)
    else:
        assert answer.status == 400


@pytest.mark.parametrize(("request_", "body"), CLEAR.values(), ids=CLEAR)
def test_unusual_requests_end_where_they_should(served: Server, request_: bytes, body: str) -> None:
    first, *others = answers(served, request_)
    if first.status == 200:
        _check_report(first, body)
        assert [each.report["target"] for each in others] == ["/report?hidden"]
    else:
        assert (first.status, others) == (400, [])


def test_the_target_names_the_host(served: Server) -> None:
    """A target in absolute form counts more than `Host` (RFC 9112, 3.2.2), where the server passes it on."""
    head = b"GET http://x/report?a HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    (answer,) = answers(served, head)
    assert (answer.report["target"], answer.report["authority"]) == ("/report?a", "x")


def test_trailers_are_no_headers(served: Server, request: pytest.FixtureRequest) -> None:
    if "httptools" in request.node.name:
        pytest.skip("uvicorn adds them; `witgen serve` does not, see test_serve_command.py")
    trailers = b"0\r\nx-user: root\r\ntransfer-encoding: chunked\r\n\r\n"
    first, *_ = answers(served, _chunked(trailers, b"x-user: guest"))
    assert first.report["fields"] == [["x-user", "guest"]]
