"""Running a component with the local services: the log, HTTP, and how they are put together."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from wasmtime import wat2wasm

from tests.golem.services.probing import Guest, Sources, Start
from witgen import golem
from witgen.golem.local import Services
from witgen_runtime.host import DeadlineError, LinkError, adapters_of


def test_log_messages_go_to_a_logger_per_context(guest: Guest, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(1)
    guest("""
        for level in logging.Level:
            logging.log(level, "db.pool", f"{level.name} 100% {{x}}")
        logging.log(logging.Level.INFO, "", "no context")
    """)
    found = [(record.name, record.levelname, record.getMessage()) for record in caplog.records]
    assert found == [
        ("golem.db.pool", "TRACE", "TRACE 100% {x}"),
        ("golem.db.pool", "DEBUG", "DEBUG 100% {x}"),
        ("golem.db.pool", "INFO", "INFO 100% {x}"),
        ("golem.db.pool", "WARNING", "WARN 100% {x}"),
        ("golem.db.pool", "ERROR", "ERROR 100% {x}"),
        ("golem.db.pool", "CRITICAL", "CRITICAL 100% {x}"),
        ("golem", "INFO", "no context"),
    ]


REQUEST = """
http = wasi_http_types

def opened(authority, path):
    made = http.OutgoingRequest(http.Fields())
    made.set_scheme(http.Scheme_Http())
    made.set_authority(authority)
    made.set_path_with_query(path)
    try:
        future = outgoing_handler.handle(made, None)
    except Err as error:
        return type(error.value).__name__
    with future.subscribe() as ready:
        ready.block()
    answer = future.get()
    while not hasattr(answer, "status"):
        if isinstance(answer, Err):
            return type(answer.value).__name__
        answer = answer.value
    return answer

def request(authority, path):
    answer = opened(authority, path)
    if isinstance(answer, str):
        return answer
    with answer, answer.consume() as body, body.stream() as stream:
        return answer.status(), stream.blocking_read(100)
"""


@contextmanager
def web_server(go_on: threading.Event | None = None) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"you asked for " + self.path.encode())
            if go_on is not None:
                go_on.wait(30)
                self.wfile.write(b", and here is the rest")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_http_requests_of_components(guest: Guest) -> None:
    with web_server() as authority:
        assert guest(REQUEST + "out.append(request(authority, '/x?y'))", authority=authority) == [
            (200, b"you asked for /x?y")
        ]
    assert guest("out.append(request('127.0.0.1:1', '/'))") == ["ErrorCode_ConnectionRefused"]


def test_http_bodies_come_as_they_arrive(guest: Guest) -> None:
    go_on = threading.Event()
    with web_server(go_on) as authority:
        begin = "answer = opened(authority, '/'); body = answer.consume(); stream = body.stream()\n"
        read = "out.append(stream.blocking_read(100))"
        assert guest(REQUEST + begin + read, authority=authority) == [b"you asked for /"]
        go_on.set()
        assert guest(read) == [b", and here is the rest"]


def test_http_without_network(start: Start, tmp_path: Path) -> None:
    with Services(tmp_path / "other", network=False) as services, web_server() as authority:
        guest = start(services)
        assert guest(REQUEST + "out.append(request(authority, '/'))", authority=authority) == [
            "ErrorCode_HttpRequestDenied"
        ]
        guest.close()


def test_a_test_of_a_component_needs_three_lines(probe: Path) -> None:
    with golem.Services() as services, services.open(probe, {"test:services/sources": Sources()}) as component:
        component.run("b = wasi_keyvalue_types.Bucket.open_bucket('b')")
        assert component.run("out.append(atomic.increment(b, 'n', 5))") == "[5]"
        folder = services.folder
        assert folder.is_dir()
    assert not folder.exists()


def test_what_the_host_gives_comes_before_the_services(probe: Path) -> None:
    said: list[str] = []

    def log(_level: object, context: str, message: str) -> None:
        said.append(f"{context}: {message}")

    own = {"test:services/sources": Sources(), "wasi:logging/logging": log}
    with golem.Services() as services, services.open(probe, own) as component:
        component.run("logging.log(logging.Level.INFO, 'a', 'b')")
    assert said == ["a: b"]


GIVES_BYTES = r"""(component
  (core module $m
    (memory (export "memory") 1)
    (data (i32.const 0) "\08\00\00\00\02\00\00\00hi")
    (func (export "give") (result i32) (i32.const 0)))
  (core instance $i (instantiate $m))
  (alias core export $i "memory" (core memory $memory))
  (func (export "give") (result (list u8)) (canon lift (core func $i "give") (memory $memory))))
"""


def test_lanes_can_be_chosen() -> None:
    content = bytes(wat2wasm(GIVES_BYTES))
    with golem.Services() as services:
        for adapters, taken in (("off", ()), ("bytes", ("export give",))):
            with services.open(content, adapters=adapters) as component:
                assert (component.give(), adapters_of(component).text) == (b"hi", taken)


def test_what_nobody_implements_is_named(probe: Path) -> None:
    with golem.Services() as services, pytest.raises(LinkError, match="test:services/sources: no implementation"):
        services.open(probe)


@pytest.mark.long  # code that can be interrupted is compiled once more, and a Python is a lot of code
def test_a_component_that_loops_forever_is_stopped(start: Start) -> None:
    guest = start(deadline=0.5)
    with pytest.raises(DeadlineError):
        guest("while True: pass")
