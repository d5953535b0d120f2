"""Answers HTTP requests, each path in a way that a server has to cope with."""

import json
import sys

from web_bindings.guest import exports
from web_bindings.guest import wasi_clocks_monotonic_clock as clock
from web_bindings.guest import wasi_http_outgoing_handler as outgoing
from web_bindings.guest import wasi_http_types as http
from web_bindings.types.wasi_http_types import (
    ErrorCode,
    ErrorCodeDnsTimeout,
    HeaderError,
    IncomingRequestConsumeError,
    MethodGet,
    MethodPost,
    SchemeHttp,
)
from web_bindings.types.wasi_io_streams import StreamError, StreamErrorClosed

from witgen_runtime import Err, Ok

MILLISECOND = 1_000_000
seen = []


def chunks(request):
    with request.consume() as body, body.stream() as stream:
        while True:
            try:
                yield stream.blocking_read(1 << 16)
            except StreamErrorClosed:
                return


def start(out, headers=(), status=200):
    response = http.OutgoingResponse(http.Fields.from_list(list(headers)))
    response.set_status_code(status)
    body = response.body()
    http.ResponseOutparam.set(out, Ok(response))
    return body


def write(stream, data):
    for at in range(0, len(data), 4096):
        stream.blocking_write_and_flush(data[at : at + 4096])


def send(out, text, headers=(), status=200):
    body = start(out, headers, status)
    with body.write() as stream:
        write(stream, text.encode())
    http.OutgoingBody.finish(body, None)


def method_of(request):
    method = request.method()
    return getattr(method, "value", None) or type(method).__name__.removeprefix("Method").upper()


def describe(request, out):
    with request.headers() as headers:
        lines = [f"{name}: {value.decode('latin-1')}" for name, value in headers.entries()]
    scheme = type(request.scheme()).__name__
    first = f"{method_of(request)} {request.path_with_query()} {scheme} {request.authority()}"
    send(out, "\n".join([first, *sorted(lines)]) + "\n", [("content-type", b"text/plain")])


def echo(request, out):
    data = b"".join(chunks(request))
    body = start(out, [("content-type", b"application/octet-stream"), ("x-length", b"%d" % len(data))])
    with body.write() as stream:
        write(stream, data)
    http.OutgoingBody.finish(body, None)


def report(request, out):
    """Answer with everything that arrived, and nothing that did not."""
    with request.headers() as headers:
        fields = sorted((name, value.decode("latin-1")) for name, value in headers.entries())
    told = {
        "method": method_of(request),
        "target": request.path_with_query(),
        "authority": request.authority(),
        "fields": fields,
        "body": b"".join(chunks(request)).decode("latin-1"),
    }
    send(out, json.dumps(told))


def count(request, out):
    send(out, str(sum(map(len, chunks(request)))))


def pipe(request, out):
    body = start(out)
    with body.write() as stream:
        for data in chunks(request):
            write(stream, data)
    http.OutgoingBody.finish(body, None)


def stream_slowly(_request, out):
    body = start(out, [("content-type", b"text/plain")])
    with body.write() as stream:
        for number in range(3):
            write(stream, b"part %d\n" % number)
            clock.subscribe_duration(200 * MILLISECOND).block()
    http.OutgoingBody.finish(body, None)


def tick(_request, out):
    body = start(out)
    with body.write() as stream:
        while True:
            write(stream, b"tick\n")
            clock.subscribe_duration(20 * MILLISECOND).block()


def flood(_request, out):
    body = start(out)
    with body.write() as stream:
        for _ in range(100 << 8):
            stream.blocking_write_and_flush(bytes(4096))
    http.OutgoingBody.finish(body, None)


def hoard(_request, out):
    """Keep every part of an endless response, until memory runs out."""
    kept = []
    body = start(out)
    with body.write() as stream:
        while True:
            kept.append(bytes(4096))
            stream.blocking_write_and_flush(kept[-1])


def sleep(_request, out):
    clock.subscribe_duration(60_000 * MILLISECOND).block()
    send(out, "late")


def spin(_request, _out):
    while True:
        pass


def hog(_request, _out):
    kept = []
    while True:
        kept.append(bytes(10_000_000))


def fail(_request, _out):
    print("a last word", file=sys.stderr)
    raise ValueError("this guest fails")


def silent(_request, out):
    out.__exit__(None, None, None)


def answer_with_error(_request, out):
    http.ResponseOutparam.set(out, Err(ErrorCodeDnsTimeout()))


def announce(request, out):
    """Announce as many bytes as the query says, and send ten."""
    length = request.path_with_query().partition("?")[2]
    body = start(out, [("content-length", length.encode())])
    with body.write() as stream:
        write(stream, b"0123456789")
    http.OutgoingBody.finish(body, None)


def unfinished(_request, out):
    body = start(out)
    with body.write() as stream:
        write(stream, b"the first half")
    body.__exit__(None, None, None)


def trailers(_request, out):
    body = start(out, [("trailer", b"x-sum")])
    with body.write() as stream:
        write(stream, b"content")
    http.OutgoingBody.finish(body, http.Fields.from_list([("x-sum", b"42"), ("x-other", b"1")]))


def status(request, out):
    code = int(request.path_with_query().partition("?")[2])
    body = start(out, [], code)
    with body.write() as stream:
        write(stream, b"a body")
    http.OutgoingBody.finish(body, None)


def split(_request, out):
    """Try to put another header into a value, and another line into a name."""
    refused = []
    for field in (("x-a", b"1\r\nx-evil: 1"), ("x-b\r\nx-evil", b"1"), ("connection", b"close"), ("host", b"evil")):
        try:
            http.Fields.from_list([field])
        except HeaderError as error:
            refused.append(type(error).__name__)
    send(out, " ".join(refused))


def remember(request, out):
    seen.append(request.path_with_query().partition("?")[2])
    send(out, ",".join(seen))


def keep_on(_request, out):
    send(out, "answered")
    clock.subscribe_duration(300 * MILLISECOND).block()
    seen.append("kept on")


def read_none(_request, out):
    send(out, "not interested")


def twice(request, out):
    with request.consume():
        pass
    try:
        request.consume()
    except IncomingRequestConsumeError as error:
        send(out, type(error).__name__)


def fetch(request, out):
    made = http.OutgoingRequest(http.Fields())
    made.set_scheme(SchemeHttp())
    made.set_authority(request.path_with_query().partition("?")[2])
    made.set_path_with_query("/")
    try:
        future = outgoing.handle(made, None)
        with future.subscribe() as ready:
            ready.block()
        answered = future.get()
        send(out, f"{type(answered).__name__}")
    except ErrorCode as error:
        send(out, type(error).__name__, [], 502)


def calling(request, method, path, headers=()):
    """Begin a request to the authority that the query names; return its body and its future response."""
    made = http.OutgoingRequest(http.Fields.from_list(list(headers)))
    made.set_scheme(SchemeHttp())
    made.set_method(method)
    made.set_authority(request.path_with_query().partition("?")[2])
    made.set_path_with_query(path)
    body = made.body()
    return body, outgoing.handle(made, None)


def arrived(future):
    with future, future.subscribe() as ready:
        ready.block()
        return future.get().value.value


def converse(request, out):
    """Send a part of a request once the part before has come back in the response; tell them, and the trailers."""
    sent, future = calling(request, MethodPost(), "/converse", [("trailer", b"x-sent")])
    heard = []
    with sent.write() as upload:
        write(upload, b"0")
        answer = arrived(future)
        body = answer.consume()
        with body.stream() as download:
            for number in range(1, 4):
                heard.append(download.blocking_read(100))
                write(upload, b"%d" % number)
            heard.append(download.blocking_read(100))
    http.OutgoingBody.finish(sent, http.Fields.from_list([("x-sent", b"all")]))
    with http.IncomingBody.finish(body) as later:
        with later.subscribe() as ready:
            ready.block()
        found = later.get().value.value.entries()
    send(out, repr((heard, found)))


def insist(request, out):
    """Send most of a request after its whole response has come."""
    sent, future = calling(request, MethodPost(), "/early")
    upload = sent.write()
    write(upload, b"x")
    with arrived(future) as answer, answer.consume() as body, body.stream() as download:
        heard = download.blocking_read(100)
        with upload:
            write(upload, bytes(1_000_000))
        http.OutgoingBody.finish(sent, None)
        # The server answers one request after another: it has read this one once it answers the next.
        sent, future = calling(request, MethodGet(), "/early")
        http.OutgoingBody.finish(sent, None)
        arrived(future)
    send(out, repr(heard))


def sip(request, out):
    """Read one part of a response, and no more for a while."""
    sent, future = calling(request, MethodGet(), "/endless")
    http.OutgoingBody.finish(sent, None)
    with arrived(future) as answer, answer.consume() as body, body.stream() as download:
        size = len(download.blocking_read(100))
        clock.subscribe_duration(1500 * MILLISECOND).block()
    send(out, str(size))


PATHS = {
    "/echo": echo, "/count": count, "/pipe": pipe, "/slowly": stream_slowly, "/tick": tick, "/flood": flood,
    "/hoard": hoard,
    "/sleep": sleep, "/spin": spin, "/hog": hog, "/fail": fail, "/silent": silent, "/error": answer_with_error,
    "/announce": announce, "/unfinished": unfinished, "/trailers": trailers, "/status": status, "/split": split,
    "/remember": remember, "/keep-on": keep_on, "/read-none": read_none, "/twice": twice, "/fetch": fetch,
    "/converse": converse, "/sip": sip, "/report": report, "/insist": insist,
}  # fmt: skip


class Handler(exports.wasi_http_incoming_handler.IncomingHandler):
    def handle(self, request, response_out):
        path = request.path_with_query().partition("?")[0]
        try:
            PATHS.get(path, describe)(request, response_out)
        except StreamError as error:
            print(f"a stream ended: {type(error).__name__}", file=sys.stderr)


exports.serve(__name__, wasi_http_incoming_handler=Handler())
