"""wasi:http: requests to the server at the address that is given."""

from agent.guest import wasi_http_outgoing_handler as handler
from agent.guest.wasi_http_types import (
    Fields,
    FutureIncomingResponse,
    IncomingBody,
    IncomingResponse,
    OutgoingBody,
    OutgoingRequest,
    OutgoingResponse,
    RequestOptions,
    http_error_code,
)
from agent.types.wasi_http_types import ErrorCodeHttpResponseIncomplete, MethodPost, SchemeHttp
from agent.types.wasi_io_streams import StreamErrorLastOperationFailed

from witgen_runtime.values import Ok

from .failing import failure


def cover(authority: str) -> None:
    _fields()
    _options()
    _answer()
    response = _received(_sent(authority, "/whole"))
    assert response.status() == 200
    with response.headers() as headers:
        assert headers.has("content-length")
    body = response.consume()
    with body.stream() as stream:
        assert stream.blocking_read(100) == b"hello"
    with IncomingBody.finish(body) as trailers:
        with trailers.subscribe() as ready:
            ready.block()
        trailers.get()
    _broken(authority)


def _fields() -> None:
    with Fields() as fields:
        fields.set("x-a", [b"1"])
        fields.append("x-a", b"2")
        assert fields.get("x-a") == [b"1", b"2"]
        with fields.clone() as copy:
            copy.delete("x-a")
            assert not copy.has("x-a")
        assert len(fields.entries()) == 2
    Fields.from_list([("x-b", b"3")]).drop()


def _options() -> None:
    with RequestOptions() as options:
        options.set_connect_timeout(1)
        options.set_first_byte_timeout(2)
        options.set_between_bytes_timeout(3)
        assert (options.connect_timeout(), options.first_byte_timeout(), options.between_bytes_timeout()) == (1, 2, 3)


def _answer() -> None:
    """A response that nobody asked for: only a component that exports the handler can send it."""
    with OutgoingResponse(Fields()) as response:
        response.set_status_code(404)
        assert response.status_code() == 404
        response.headers().drop()
        response.body().drop()


def _sent(authority: str, path: str) -> FutureIncomingResponse:
    request = OutgoingRequest(Fields.from_list([("content-length", b"4")]))
    request.set_method(MethodPost())
    request.set_scheme(SchemeHttp())
    request.set_authority(authority)
    request.set_path_with_query(path)
    assert (request.method(), request.scheme()) == (MethodPost(), SchemeHttp())
    assert (request.authority(), request.path_with_query()) == (authority, path)
    request.headers().drop()
    body = request.body()
    waiting = handler.handle(request)
    with body.write() as stream:
        stream.blocking_write_and_flush(b"data")
    OutgoingBody.finish(body)
    return waiting


def _received(waiting: FutureIncomingResponse) -> IncomingResponse:
    with waiting:
        with waiting.subscribe() as ready:
            ready.block()
        outcome = waiting.get()
        assert isinstance(outcome, Ok)
        assert isinstance(outcome.value, Ok)
        return outcome.value.value


def _broken(authority: str) -> None:
    """A response that ends too early."""
    body = _received(_sent(authority, "/broken")).consume()
    with body.stream() as stream:
        assert stream.blocking_read(100) == b"hello"
        with failure(StreamErrorLastOperationFailed, stream.blocking_read, 100).value as error:
            assert isinstance(http_error_code(error), ErrorCodeHttpResponseIncomplete)
    body.drop()
