"""A worker that asks servers, and remembers what they said."""

from urllib.parse import urlsplit

from agent._runtime.values import WitError
from agent.guest import exports
from agent.guest import golem_api_host as host
from agent.guest import wasi_http_outgoing_handler as handler
from agent.guest import wasi_io_poll as poll
from agent.guest.wasi_http_types import Fields, IncomingBody, OutgoingBody, OutgoingRequest, RequestOptions
from agent.types.wasi_http_types import ErrorCode, MethodGet, MethodOther, MethodPost, SchemeHttp, SchemeHttps
from agent.types.wasi_io_streams import StreamErrorClosed

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


def _send(method: str, url: str, content: bytes, options=None):
    request = _request(method, url, [("x-number", str(len(answers)).encode())])
    body = request.body() if content else None
    future = handler.handle(request, options)
    if body is not None:
        with body.write() as stream:
            stream.blocking_write_and_flush(content)
        OutgoingBody.finish(body)
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


exports.serve(__name__, ask=ask, ask_all=ask_all, ask_once=ask_once, told=told, mistakes=mistakes)
