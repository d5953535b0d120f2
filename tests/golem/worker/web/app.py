"""A worker that asks servers, and remembers what they said."""

from urllib.parse import urlsplit

from agent.guest import exports
from agent.guest import golem_api_host as host
from agent.guest import wasi_http_outgoing_handler as handler
from agent.guest import wasi_io_poll as poll
from agent.guest.wasi_http_types import (
    Fields,
    IncomingBody,
    OutgoingBody,
    OutgoingRequest,
    RequestOptions,
    http_error_code,
)
from agent.types.wasi_http_types import ErrorCode, MethodGet, MethodOther, MethodPost, SchemeHttp, SchemeHttps
from agent.types.wasi_io_streams import StreamErrorClosed, StreamErrorLastOperationFailed

from witgen_runtime.values import WitError

answers = []
kept = []
METHODS = {"GET": MethodGet(), "POST": MethodPost()}


def _request(method: str, url: str, headers: list) -> OutgoingRequest:
    parts = urlsplit(url)
    request = OutgoingRequest(Fields.from_list(headers))
    request.set_method(METHODS.get(method) or MethodOther(method))
    request.set_scheme(SchemeHttps() if parts.scheme == "https" else SchemeHttp())
    request.set_authority(parts.netloc)
    request.set_path_with_query(parts.path)
    return request


def _send(method: str, url: str, content: bytes, options=None, headers=(), trailers=None):
    request = _request(method, url, [("x-number", str(len(answers)).encode()), *headers])
    body = request.body() if content else None
    future = handler.handle(request, options)
    if body is not None:
        with body.write() as stream:
            stream.blocking_write_and_flush(content)
        OutgoingBody.finish(body, trailers)
    return future


def _received(future) -> str:
    outcome = future.get().value
    if isinstance(outcome.value, ErrorCode):
        return repr(outcome.value)
    with outcome.value as response:
        status = response.status()
        with response.headers() as headers:
            kind = headers.get("Content-Type")[0].decode()
        body = response.consume()
        content = b""
        with body.stream() as stream:
            try:
                while True:
                    content += stream.blocking_read(1000)
            except StreamErrorClosed:
                pass
            except StreamErrorLastOperationFailed as failed:
                with failed.value as error:
                    return f"{len(content)} bytes, {http_error_code(error)!r}"
        IncomingBody.finish(body).drop()
    return f"{status} {kind} {content.decode()}"


def ask(method: str, url: str, body: bytes, milliseconds: int) -> str:
    options = RequestOptions()
    options.set_connect_timeout(5_000_000_000)
    options.set_first_byte_timeout(milliseconds * 1_000_000)
    options.set_between_bytes_timeout(milliseconds * 1_000_000)
    with _send(method, url, body, options) as future:
        with future.subscribe() as ready:
            ready.block()
        answers.append(_received(future))
    return answers[-1]


def ask_with_file(url: str, path: str) -> str:
    """Ask with a header and a body that are lines of a file."""
    with open(path, "rb") as file:
        header, body = file.read().split(b"\n")
    with _send("POST", url, body, headers=[("x-line", header)]) as future:
        with future.subscribe() as ready:
            ready.block()
        answers.append(_received(future))
    return answers[-1]


def ask_with_trailers(url: str) -> str:
    with _send("POST", url, b"body", trailers=Fields.from_list([("x-sum", b"42")])) as future:
        with future.subscribe() as ready:
            ready.block()
        answers.append(_received(future))
    return answers[-1]


def _pieces(stream, waits: bool, after_first) -> list[bytes]:
    """Read to the end, and make a recorded call for every piece: so replay notices if they are others."""
    pieces = []
    try:
        while True:
            if waits:
                with stream.subscribe() as ready:
                    ready.block()
            piece = stream.read(65536) if waits else stream.blocking_read(65536)
            if piece and not pieces:
                after_first()
            if piece:
                host.generate_idempotency_key()
                pieces.append(piece)
    except StreamErrorClosed:
        return pieces


def follow(url: str, waits: bool) -> list[str]:
    """Take a response piece by piece; after the first, ask for the rest. Its trailers come last."""
    with _send("GET", f"{url}/stream", b"") as future:
        with future.subscribe() as ready:
            ready.block()
        response = future.get().value.value
    body = response.consume()
    with body.stream() as stream:
        pieces = _pieces(stream, waits, lambda: ask("GET", f"{url}/go", b"", 60_000))
    with IncomingBody.finish(body) as trailers:
        with trailers.subscribe() as ready:
            ready.block()
        with trailers.get().value.value as fields:
            entries = fields.entries()
    response.drop()
    text = b"".join(pieces)
    answers.append(f"{len(pieces)} pieces: {text[:3].decode()}…{len(text)} {entries}")
    return [piece.decode() for piece in pieces]


def unflushed() -> int:
    """Write bodies, drop their streams without a flush, and return of how many something is missing."""
    missing = 0
    for _ in range(200):
        body = _request("POST", "http://nowhere/", [("content-length", b"5")]).body()
        with body.write() as stream:
            stream.check_write()
            stream.write(b"hello")
        try:
            OutgoingBody.finish(body)
        except ErrorCode:
            missing += 1
    return missing


def leave(url: str) -> None:
    """Send a request and do not wait for the answer."""
    _send("POST", url, b"left").drop()


def ask_all(urls: list[str]) -> list[str]:
    futures = [_send("GET", url, b"") for url in urls]
    pollables = [future.subscribe() for future in futures]
    # Neither is ever dropped.
    kept.append((futures, pollables))
    waiting = dict(enumerate(pollables))
    said = {}
    while waiting:
        places = list(waiting)
        for index in poll.poll(list(waiting.values())):
            said[places[index]] = _received(futures[places[index]])
            del waiting[places[index]]
    answers.extend(said[index] for index in sorted(said))
    return [said[index] for index in sorted(said)]


def ask_once(url: str) -> str:
    host.set_idempotence_mode(False)
    return ask("POST", url, b"once", 60_000)


def told() -> list[str]:
    again = [repr(future.get()) for futures, _ in kept for future in futures]
    return [*answers, *again]


def mistakes(authority: str) -> list[str]:
    said = []

    def attempt(action, *arguments) -> None:
        try:
            said.append(repr(action(*arguments)))
        except WitError as error:
            said.append(type(error).__name__)

    attempt(Fields.from_list, [("a b", b"1")])
    attempt(Fields.from_list, [("x", b"1\n2")])
    attempt(Fields.from_list, [("Host", b"elsewhere")])
    request = _request("GET", f"http://{authority}/", [("X-A", b"1"), ("x-a", b"2"), ("content-length", b"3")])
    with request.headers() as headers:
        attempt(headers.append, "x-a", b"3")
        attempt(headers.get, "x-A")
        with headers.clone() as copy:
            attempt(copy.delete, "X-a")
            attempt(copy.has, "x-a")
    attempt(request.set_authority, "a b")
    attempt(request.set_path_with_query, "/a b")
    attempt(request.set_method, MethodOther("a b"))
    body = request.body()
    attempt(request.body)
    with body.write() as stream:
        attempt(body.write)
        stream.blocking_write_and_flush(b"four")
    with handler.handle(request) as future:
        attempt(future.get)
        attempt(OutgoingBody.finish, body)
        attempt(future.get)
        attempt(future.get)
    attempt(handler.handle, OutgoingRequest(Fields()))
    return said


exports.serve(
    __name__,
    ask=ask,
    ask_all=ask_all,
    ask_once=ask_once,
    ask_with_file=ask_with_file,
    ask_with_trailers=ask_with_trailers,
    follow=follow,
    leave=leave,
    mistakes=mistakes,
    told=told,
    unflushed=unflushed,
)
