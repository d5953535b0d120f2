"""HTTP without a network, for tests of guests: `wasi:http` and the streams of its bodies, in memory."""

# Attributes of fakes are private, because public names belong to WIT.
# ruff: noqa: SLF001
# pyright: reportPrivateUsage=false
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, TypeAlias, cast

from .. import abi
from ..values import Err, Ok, WitError
from .fakes import Fakes, Trap

__all__ = ["FakeHttp", "HttpRequest", "HttpResponse"]

Fields: TypeAlias = list[tuple[str, bytes]]

_ROOM = 65536
"""Bytes that may be written at once."""


@dataclass(frozen=True)
class HttpRequest:
    """A request, as the other side of a guest sees or sends it. Names of headers are in lower case."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""


@dataclass(frozen=True)
class HttpResponse:
    """A response. Its body may come in parts; names of headers are in lower case."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes | Iterable[bytes] = b""
    trailers: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def content(self) -> bytes:
        """The body in one piece."""
        return self.body if isinstance(self.body, bytes) else b"".join(self.body)


class FakeHttp:
    """Answers the requests of a guest, and sends it requests.

    Args:
        fakes: of a world that imports `wasi:http/types@0.2`. Their functions are answered from now on.
    """

    def __init__(self, fakes: Fakes) -> None:
        self.requests: list[HttpRequest] = []
        """What the guest has sent, in order."""
        self._fakes = fakes
        self._answer: Callable[[HttpRequest], HttpResponse] | None = None
        self._resources: dict[str, abi.Resource] = {}
        for interface in fakes._fakes:
            path, _, version = interface.name.partition("@")
            if version.startswith("0.2.") and path in _INTERFACES:
                self._resources.update((resource.name, resource) for resource, _ in interface.resources)
                self._script(interface)
        if "incoming-body" not in self._resources:
            raise LookupError("the world does not import wasi:http/types@0.2")

    def answers(self, answer: Callable[[HttpRequest], HttpResponse]) -> None:
        """Answer every request of the guest with what `answer` returns.

        It may raise an `ErrorCode` of the bindings' types, if there is to be no response.
        """
        self._answer = answer

    def _script(self, interface: abi.Interface) -> None:
        """Let the functions of an interface be answered by the methods here that are named like them."""
        for function in interface.functions:
            name = function.plain_name.replace("-", "_").replace(".", "_")
            if function.kind is abi.FunctionKind.CONSTRUCTOR:
                name = f"{name}_constructor"
            if (answer := getattr(_Answers(self, function), f"answer_{name}", None)) is not None:
                self._fakes._fakes[interface]._functions[function.name].answers(answer)

    def _new(self, resource: str, **state: Any) -> Any:
        """Return a new object of a resource, with what is known of it."""
        made: Any = self._fakes._new(self._resources[resource])
        made._http = SimpleNamespace(**state)
        return made

    def _respond(self, sent: Any) -> Any:
        """Return the outcome of a request of the guest: the `incoming-response`, or an error."""
        body = b"".join(sent.body.parts) if sent.body is not None else b""
        request = HttpRequest(
            sent.method, f"{sent.scheme}://{sent.authority}{sent.target}", _decoded(sent.fields), body
        )
        self.requests.append(request)
        if self._answer is None:
            raise Trap(f"nothing answers {request.method} {request.url}; use answers()")
        try:
            return Ok(self._new("incoming-response", answer=self._answer(request)))
        except WitError as error:
            return Err(error)

    def fetch(
        self,
        guest: Any,
        path: str,
        method: str = "GET",
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | Iterable[bytes] = b"",
    ) -> HttpResponse:
        """Send a request to the guest's `wasi:http/incoming-handler`, and return its response.

        Args:
            guest: the opened guest.
            path: with a query, if any.
            method: such as `GET`.
            headers: of the request.
            body: of the request; it may come in parts.

        Raises:
            LookupError: the guest exports no `wasi:http/incoming-handler`.
            RuntimeError: the guest has not responded, or with an error, or it has not finished the body.
        """
        attribute = next((name for name in dir(guest) if name.endswith("incoming_handler")), None)
        if attribute is None:
            raise LookupError("the guest exports no wasi:http/incoming-handler")
        given = {"host": "localhost", **(headers or {})}
        state = {"method": method, "target": path, "fields": _encoded(given), "authority": given["host"]}
        request = self._new("incoming-request", **state, parts=_parts(body))
        out = self._new("response-outparam", response=None)
        getattr(guest, attribute).handle(request, out)
        found = out._http.response
        answered: Any = cast("Any", found).value._http if isinstance(found, Ok) else None
        if answered is None:
            raise RuntimeError(f"the guest has not responded to {method} {path}: {found!r}")
        if not answered.body.finished:
            raise RuntimeError(f"the guest has broken off its response to {method} {path}")
        trailers = _decoded(answered.body.trailers)
        return HttpResponse(answered.status, _decoded(answered.fields), b"".join(answered.body.parts), trailers)


_INTERFACES = frozenset({"wasi:http/types", "wasi:http/outgoing-handler", "wasi:io/streams"})


def _encoded(headers: Mapping[str, str]) -> Fields:
    return [(name, value.encode("latin-1")) for name, value in headers.items()]


def _decoded(fields: Fields) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in fields:
        key, text = name.lower(), value.decode("latin-1")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


def _parts(body: bytes | Iterable[bytes]) -> Iterator[bytes]:
    return iter([body] if isinstance(body, bytes) else body)


class _Answers:
    """The answers of one function; only the method that is named like it is used."""

    def __init__(self, http: FakeHttp, function: abi.Function) -> None:
        self._http = http
        self._function = function

    def _case(self, declared: abi.Type | None, name: str) -> type[Any] | None:
        """Return the class of a variant's case, None if there is no such case."""
        variant = declared.type if isinstance(declared, abi.Option) else declared
        cases = variant.cases if isinstance(variant, abi.Variant) else ()
        return next((case.python for case in cases if case.name == name), None)

    def _closed(self) -> Exception:
        """Return the error of a stream that has ended."""
        result = self._function.result
        found = self._case(result.err, "closed") if isinstance(result, abi.Result) else None
        return found() if found is not None else EOFError()

    # ---- Fields

    def answer_fields_constructor(self) -> Any:
        return self._http._new("fields", entries=[])

    def answer_fields_from_list(self, entries: Fields) -> Any:
        return self._http._new("fields", entries=[*entries])

    def answer_fields_entries(self, fields: Any) -> Fields:
        return list(fields._http.entries)

    # ---- Requests to the guest

    def answer_incoming_request_method(self, request: Any) -> Any:
        name = request._http.method
        known, other = (self._case(self._function.result, each) for each in (name.lower(), "other"))
        return known() if known is not None else other and other(name)

    def answer_incoming_request_path_with_query(self, request: Any) -> Any:
        return request._http.target

    def answer_incoming_request_scheme(self, _: Any) -> Any:
        found = self._case(self._function.result, "HTTP")
        return found and found()

    def answer_incoming_request_authority(self, request: Any) -> Any:
        return request._http.authority

    def answer_incoming_request_headers(self, request: Any) -> Any:
        return self._http._new("fields", entries=request._http.fields)

    def answer_incoming_request_consume(self, request: Any) -> Any:
        return self._http._new("incoming-body", parts=request._http.parts)

    def answer_outgoing_response_constructor(self, headers: Any) -> Any:
        return self._http._new("outgoing-response", status=200, fields=headers._http.entries, body=None)

    def answer_outgoing_response_set_status_code(self, response: Any, status: int) -> None:
        response._http.status = status

    def answer_outgoing_response_body(self, response: Any) -> Any:
        body = self._http._new("outgoing-body", parts=[], finished=False, trailers=[], done=None)
        response._http.body = body._http
        return body

    def answer_response_outparam_set(self, out: Any, response: Any) -> None:
        out._http.response = response

    # ---- Requests of the guest

    def answer_outgoing_request_constructor(self, headers: Any) -> Any:
        state = {"method": "GET", "scheme": "http", "authority": "", "target": "/", "body": None}
        return self._http._new("outgoing-request", fields=headers._http.entries, **state)

    def answer_outgoing_request_set_method(self, request: Any, method: Any) -> None:
        name = next(case.name for case in self._cases() if case.python is type(method))
        request._http.method = method.value if name == "other" else name.upper()

    def answer_outgoing_request_set_scheme(self, request: Any, scheme: Any) -> None:
        name = next((case.name for case in self._cases() if case.python is type(scheme)), "HTTP")
        request._http.scheme = scheme.value if name == "other" else name.lower()

    def _cases(self) -> tuple[abi.Case, ...]:
        """Return the cases of the variant that the function's last parameter is."""
        declared = self._function.params[-1].type
        variant = declared.type if isinstance(declared, abi.Option) else declared
        return variant.cases if isinstance(variant, abi.Variant) else ()

    def answer_outgoing_request_set_authority(self, request: Any, authority: str | None) -> None:
        request._http.authority = authority or ""

    def answer_outgoing_request_set_path_with_query(self, request: Any, target: str | None) -> None:
        request._http.target = target or "/"

    def answer_outgoing_request_body(self, request: Any) -> Any:
        body = self._http._new("outgoing-body", parts=[], finished=False, trailers=[], done=None)
        request._http.body = body._http
        return body

    def answer_request_options_constructor(self) -> Any:
        return self._http._new("request-options")

    def answer_handle(self, request: Any, options: Any) -> Any:
        del options
        state = request._http
        future = self._http._new("future-incoming-response", request=state, pollables=[])
        if state.body is not None:
            state.body.done = lambda: [pollable.set() for pollable in future._http.pollables]
        return future

    def answer_future_incoming_response_subscribe(self, future: Any) -> Any:
        made = self._function.result
        pollable: Any = self._http._fakes._new(made.resource) if isinstance(made, abi.Own) else None
        body = future._http.request.body
        if body is None or body.finished:
            pollable.set()
        future._http.pollables.append(pollable)
        return pollable

    def answer_future_incoming_response_get(self, future: Any) -> Any:
        return Ok(self._http._respond(future._http.request))

    def answer_incoming_response_status(self, response: Any) -> Any:
        return response._http.answer.status

    def answer_incoming_response_headers(self, response: Any) -> Any:
        return self._http._new("fields", entries=_encoded(response._http.answer.headers))

    def answer_incoming_response_consume(self, response: Any) -> Any:
        return self._http._new("incoming-body", parts=_parts(response._http.answer.body))

    # ---- Bodies

    def answer_incoming_body_stream(self, body: Any) -> Any:
        return self._http._new("input-stream", parts=body._http.parts, rest=b"")

    def answer_input_stream_read(self, stream: Any, length: int) -> bytes:
        state = stream._http
        while not state.rest:
            try:
                state.rest = next(state.parts)
            except StopIteration:
                raise self._closed() from None
        read, state.rest = state.rest[:length], state.rest[length:]
        return bytes(read)

    answer_input_stream_blocking_read = answer_input_stream_read

    def answer_outgoing_body_write(self, body: Any) -> Any:
        return self._http._new("output-stream", parts=body._http.parts)

    def answer_output_stream_check_write(self, _: Any) -> int:
        return _ROOM

    def answer_output_stream_write(self, stream: Any, contents: bytes) -> None:
        stream._http.parts.append(contents)

    answer_output_stream_blocking_write_and_flush = answer_output_stream_write

    def answer_outgoing_body_finish(self, body: Any, trailers: Any) -> None:
        state = body._http
        state.finished, state.trailers = True, trailers._http.entries if trailers is not None else []
        if state.done is not None:
            state.done()
