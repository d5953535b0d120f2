"""A guest for the tests of `checks.py`: streams, pollables, HTTP, state, resources and failures."""

from __future__ import annotations

import asyncio
import re
import sys
import time

import counting
from trying_bindings.guest import aio, exports
from trying_bindings.guest import test_trying_sink as sink
from trying_bindings.guest import wasi_http_outgoing_handler as outgoing
from trying_bindings.guest import wasi_http_types as http
from trying_bindings.guest.exports import test_trying_things, wasi_http_incoming_handler
from trying_bindings.guest.wasi_io_streams import OutputStream
from trying_bindings.types.test_trying_sink import ProblemFull, ProblemMissing
from trying_bindings.types.wasi_io_streams import StreamErrorClosed, StreamErrorLastOperationFailed

from witgen_runtime.values import Ok

calls: list[str] = []


def copy(name: str) -> int:
    with sink.source(name) as source, sink.open(name) as to:
        size = 0
        while True:
            try:
                data = source.blocking_read(1000)
            except StreamErrorClosed:
                return size
            except StreamErrorLastOperationFailed as error:
                print("copying failed:", error.value.to_debug_string())
                raise ProblemFull from None
            to.write(data[: to.check_write()])
            to.blocking_flush()
            size += len(data)


def wait(milliseconds: int) -> str:
    """Wait for a signal of the host, but not too long."""

    async def main() -> str:
        try:
            async with asyncio.timeout(milliseconds / 1000):
                await aio.ready(sink.signal())
        except TimeoutError:
            return "timeout"
        return "signal"

    time.sleep(0.001)
    return aio.run(main())


def pass_(to: OutputStream) -> OutputStream:
    to.blocking_write_and_flush(b"passed")
    return to


def count() -> int:
    calls.append("count")
    counting.counts.append(len(calls))
    return len(counting.counts) + len(calls)


def slugs(titles: list[str]) -> list[str]:
    if any("trap" in title for title in titles):
        raise ValueError(titles)
    return [re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") for title in titles]


def fail(how: str) -> None:
    if how == "exit":
        sys.exit(3)
    if how == "missing":
        raise ProblemMissing("a")
    if how == "undeclared":
        raise LookupError(how)
    if how == "dropped":
        with sink.source("x") as source:
            pass
        source.read(1)
    if how == "argument":
        sink.open(5)  # type: ignore[arg-type]
    if how == "stdin" and sys.platform == "wasi":
        assert sys.stdin.read() == ""
    if how == "host":
        sink.signal()


class Thing(test_trying_things.Thing):
    def __init__(self, name: str) -> None:
        if not name:
            raise ValueError("a thing without a name")
        self.called = name

    def name(self) -> str:
        return self.called


class Handler(wasi_http_incoming_handler.IncomingHandler):
    def handle(self, request: http.IncomingRequest, response_out: http.ResponseOutparam) -> None:
        response = http.OutgoingResponse(http.Fields.from_list([("content-type", b"text/plain")]))
        response.set_status_code(200)
        body = response.body()
        http.ResponseOutparam.set(response_out, Ok(response))
        with body.write() as stream:
            for part in (b"path: ", (request.path_with_query() or "").encode()):
                stream.blocking_write_and_flush(part)
        http.OutgoingBody.finish(body)


def fetch(path: str) -> tuple[int, str]:
    request = http.OutgoingRequest(http.Fields())
    request.set_path_with_query(path)
    future = outgoing.handle(request)
    with future.subscribe() as ready:
        ready.block()
    match future.get():
        case Ok(Ok(response)):
            content = b""
            with response.consume() as incoming, incoming.stream() as stream:
                try:
                    while True:
                        content += stream.blocking_read(65536)
                except StreamErrorClosed:
                    return response.status(), content.decode()
    return 0, ""


exports.serve(
    __name__,
    copy=copy,
    wait=wait,
    pass_=pass_,
    count=count,
    slugs=slugs,
    fail=fail,
    fetch=fetch,
    test_trying_things=Thing,
    wasi_http_incoming_handler=Handler(),
)
