"""`wasi:http` in Python, for workers: responses are kept in files, so that replay can repeat them."""

from __future__ import annotations

import json
import re
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Final, Self, cast

from witgen_runtime.host import InputStream
from witgen_runtime.values import Err, Ok

from ..._bindings.host import wasi_http_outgoing_handler, wasi_http_types
from ..._bindings.host.wasi_io_error import Error as IoError
from ..._bindings.host.wasi_io_poll import Pollable
from ..._bindings.types import wasi_http_types as wit
from ...worker.errors import undamaged
from ..budget import Budget
from ..tls import trusted
from .bodies import Body
from .exchange import Exchange, Head, Request
from .fields import Entry, Fields
from .outgoing import OutgoingBody, OutgoingRequest, OutgoingResponse, RequestOptions
from .unserved import IncomingRequest, ResponseOutparam

__all__ = ["RESPONSE_LIMIT", "HttpClient"]

_PATIENCE: Final = 2.0
"""Seconds that requests have left to be sent when the component is unloaded."""

RESPONSE_LIMIT: Final = 64 << 20
"""Default limit of a response body, in bytes."""


class HttpClient:
    """HTTP requests of one component.

    Args:
        folder: holds the response bodies; created with the first one.
        allowed: whether requests are sent, or answered with `HTTP-request-denied`.
        limit: the size limit of a response body, in bytes.
        budget: counts the space that all bodies use.
    """

    def __init__(
        self, folder: Path, *, allowed: bool = True, limit: int = RESPONSE_LIMIT, budget: Budget | None = None
    ) -> None:
        self.folder = folder
        self.allowed = allowed
        self.limit = limit
        self.budget = budget or Budget("the responses")
        self.failure: wit.ErrorCode | None = None
        """The reason why the last incomplete body was cut off."""
        self._sending: set[threading.Event] = set()

    def begin(self, request: Request, future: FutureIncomingResponse) -> None:
        """Send a request and receive its response in a separate thread."""
        sent = threading.Event()
        self._sending.add(sent)
        arguments = (self, request, future, sent)
        threading.Thread(target=_exchange, args=arguments, name="witgen-http", daemon=True).start()

    def note_sent(self, sent: threading.Event) -> None:
        """Note that a request was sent, or could not be sent."""
        self._sending.discard(sent)
        sent.set()

    def close(self) -> None:
        """Wait briefly until pending requests are sent, even if their responses are no longer wanted."""
        end = time.monotonic() + _PATIENCE
        for sent in list(self._sending):
            sent.wait(max(0.0, end - time.monotonic()))

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """The TLS context, which decides whether to trust a server."""
        return trusted(None)

    def implementations(self) -> dict[str, object]:
        """Return the implementations of the imports, by field of the bindings' `ServicesImports`."""
        return {"wasi_http_types": Types(self), "wasi_http_outgoing_handler": OutgoingHandler(self)}


@dataclass(eq=False, slots=True)
class _Arrival:
    """A response: its head, and a body that may still be arriving; without an exchange, the body is complete."""

    client: HttpClient
    head: Head
    body: Body
    exchange: Exchange | None = None

    def receive(self, exchange: Exchange) -> None:
        """Receive the body."""
        outcome: list[Entry] | wit.ErrorCode
        try:
            while chunk := exchange.read():
                self.client.budget.spend(len(chunk))
                self.body.append(chunk, self.client.limit)
            outcome = exchange.trailers
        except wit.ErrorCode as error:
            outcome = error
        except OSError as error:
            outcome = wit.ErrorCodeInternalError(f"the response cannot be kept: {error}")
        self.body.end(outcome)

    def abandon(self) -> None:
        """Stop receiving the body."""
        if self.exchange is not None:
            self.exchange.abandon()

    def chunks(self) -> Iterator[bytes]:
        """Yield the content; note the reason if it is cut off."""
        try:
            yield from self.body.chunks()
        except wit.ErrorCode as error:
            self.client.failure = error
            raise


class FutureTrailers(wasi_http_types.FutureTrailers):
    """The trailers of a body, once they are known."""

    def __init__(self, arrival: _Arrival) -> None:
        self._arrival = arrival
        self._is_taken = False

    def subscribe(self) -> Pollable:
        """Return a pollable that is ready when the body has ended."""
        return self._arrival.body.over

    def get(self) -> Ok[Ok[wasi_http_types.Trailers | None] | Err[wit.ErrorCode]] | Err[None] | None:
        """Return the trailers, or why there are none; only once."""
        outcome = self._arrival.body.outcome
        if self._is_taken:
            return Err(None)
        if outcome is None:
            return None
        self._is_taken = True
        found: Ok[wasi_http_types.Trailers | None] | Err[wit.ErrorCode]
        found = Ok(Fields.read_only(outcome) if outcome else None) if isinstance(outcome, list) else Err(outcome)
        return Ok(found)

    def dropped(self) -> None:
        """Stop waiting for the trailers."""
        self._arrival.abandon()


class IncomingBody(wasi_http_types.IncomingBody):
    """The body of a response, as it arrives."""

    def __init__(self, arrival: _Arrival) -> None:
        self.arrival = arrival
        self._is_taken = False

    def stream(self) -> InputStream:
        """Return the stream of the content, once."""
        if self._is_taken:
            raise wit.IncomingBodyStreamError
        self._is_taken = True
        return InputStream(self.arrival.chunks())

    @classmethod
    def finish(cls, this: wasi_http_types.IncomingBody) -> FutureTrailers:
        """Finish reading the body; return its trailers."""
        # The runtime passes only instances of this class.
        return FutureTrailers(cast("IncomingBody", this).arrival)

    def dropped(self) -> None:
        """Stop receiving the body."""
        self.arrival.abandon()


class IncomingResponse(wasi_http_types.IncomingResponse):
    """Response whose head has arrived."""

    client: ClassVar[HttpClient]

    def __init__(self, arrival: _Arrival) -> None:
        self._arrival = arrival
        self._is_consumed = False

    def status(self) -> int:
        """Return the status."""
        return self._arrival.head.status

    def headers(self) -> Fields:
        """Return the headers, read-only."""
        return Fields.read_only(self._arrival.head.headers)

    def consume(self) -> IncomingBody:
        """Return the body, once."""
        if self._is_consumed:
            raise wit.IncomingResponseConsumeError
        self._is_consumed = True
        return IncomingBody(self._arrival)

    def dropped(self) -> None:
        """Stop receiving, unless the body was taken."""
        if not self._is_consumed:
            self._arrival.abandon()

    def _save(self) -> bytes:
        head = self._arrival.head
        headers = [(name, value.decode("latin-1")) for name, value in head.headers]
        return json.dumps([head.status, headers, self._arrival.body.name]).encode()

    @classmethod
    def _restore(cls, data: bytes) -> Self:
        with undamaged("a response in the oplog"):
            status, headers, body = json.loads(data)
            head = Head(status, [(name, value.encode("latin-1")) for name, value in headers])
            if not re.fullmatch("[0-9a-f]{16}", body):
                raise ValueError(f"{body!r:.40} is not the name of a body")
        return cls(_Arrival(cls.client, head, Body.find(cls.client.folder, body)))


class FutureIncomingResponse(wasi_http_types.FutureIncomingResponse):
    """The response to a request, once it arrives."""

    def __init__(self) -> None:
        self._ready = Pollable()
        self._lock = threading.Lock()
        self._outcome: Ok[IncomingResponse] | Err[wit.ErrorCode] | None = None
        self._is_taken = False

    def subscribe(self) -> Pollable:
        """Return a pollable that is ready when the response has arrived."""
        return self._ready

    def get(self) -> Ok[Ok[wasi_http_types.IncomingResponse] | Err[wit.ErrorCode]] | Err[None] | None:
        """Return the response, or why there is none; only once."""
        with self._lock:
            if self._is_taken:
                return Err(None)
            if self._outcome is None:
                return None
            self._is_taken = True
            return Ok(cast("Ok[wasi_http_types.IncomingResponse] | Err[wit.ErrorCode]", self._outcome))

    def settle(self, outcome: Ok[IncomingResponse] | Err[wit.ErrorCode]) -> None:
        """Set the response, or the reason why there is none."""
        with self._lock:
            self._outcome = outcome
            self._forget_untaken(is_wanted=not self._is_taken)
        self._ready.set()

    def dropped(self) -> None:
        """Let the request continue, but discard its response."""
        with self._lock:
            self._forget_untaken(is_wanted=self._is_taken)
            self._is_taken = True

    def _forget_untaken(self, *, is_wanted: bool) -> None:
        if not is_wanted and isinstance(self._outcome, Ok):
            self._outcome.value.dropped()

    @classmethod
    def _spent(cls) -> Self:
        """Return an object for a future whose response was taken by a recorded call."""
        made = cls()
        made._is_taken = True
        made._ready.set()
        return made


class Types(wasi_http_types.Types):
    """The resource classes."""

    Fields = Fields
    IncomingRequest = IncomingRequest
    OutgoingRequest = OutgoingRequest
    RequestOptions = RequestOptions
    ResponseOutparam = ResponseOutparam
    IncomingResponse: type[wasi_http_types.IncomingResponse]
    IncomingBody = IncomingBody
    FutureTrailers = FutureTrailers
    OutgoingResponse = OutgoingResponse
    OutgoingBody = OutgoingBody
    FutureIncomingResponse = FutureIncomingResponse

    def __init__(self, client: HttpClient) -> None:
        self._client = client
        self.IncomingResponse = type("IncomingResponse", (IncomingResponse,), {"client": client})

    def http_error_code(self, err: IoError) -> wit.ErrorCode | None:
        """Return why the last incomplete body was cut off: wasmtime's errors do not say which body they belong to."""
        del err
        return self._client.failure


class OutgoingHandler(wasi_http_outgoing_handler.OutgoingHandler):
    """Sender of requests."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    def handle(
        self, request: wasi_http_types.OutgoingRequest, options: wasi_http_types.RequestOptions | None
    ) -> FutureIncomingResponse:
        """Send a request when its body is complete.

        An invalid request raises here. A disabled network fails the response instead, because replay may have to repeat
        a request that was sent while the network was enabled.
        """
        future = FutureIncomingResponse()

        def proceed(end: Request | wit.ErrorCode) -> None:
            if isinstance(end, wit.ErrorCode):
                future.settle(Err(end))
            elif not self._client.allowed:
                future.settle(Err(wit.ErrorCodeHttpRequestDenied()))
            else:
                self._client.begin(end, future)

        # The runtime passes only instances of this class.
        given = RequestOptions() if options is None else cast("RequestOptions", options)
        cast("OutgoingRequest", request).when_complete(given.timeouts(), proceed)
        return future


def _exchange(client: HttpClient, request: Request, future: FutureIncomingResponse, sent: threading.Event) -> None:
    with closing(Exchange(request, lambda: client.tls)) as exchange:
        try:
            try:
                exchange.send()
            finally:
                client.note_sent(sent)
            arrival = _Arrival(client, exchange.head(), Body.begin(client.folder), exchange)
        except wit.ErrorCode as error:
            future.settle(Err(error))
        except Exception as error:  # noqa: BLE001  (the component has to learn of it, or waits for good)
            future.settle(Err(wit.ErrorCodeInternalError(f"{type(error).__name__}: {error}")))
        else:
            future.settle(Ok(IncomingResponse(arrival)))
            arrival.receive(exchange)
