"""`wasi:http` in Python, for workers: what servers say is kept in files, so that it can be said again."""

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

__all__ = ["RESPONSE_LIMIT", "HttpClient"]

_PATIENCE: Final = 2.0
"""Seconds that requests get to be sent when the component is unloaded."""

RESPONSE_LIMIT: Final = 64 << 20
"""Bytes that the body of a response may have, where nothing else is said."""


class HttpClient:
    """Requests of one component.

    Args:
        folder: where the bodies of responses are kept; made when there is one.
        allowed: whether requests are sent, or answered with `HTTP-request-denied`.
        limit: bytes that the body of a response may have.
        budget: how much space all of them may take.
    """

    def __init__(
        self, folder: Path, *, allowed: bool = True, limit: int = RESPONSE_LIMIT, budget: Budget | None = None
    ) -> None:
        self.folder = folder
        self.allowed = allowed
        self.limit = limit
        self.budget = budget or Budget("the responses")
        self.failure: wit.ErrorCode | None = None
        """Why the last body broke off that did."""
        self._sending: set[threading.Event] = set()

    def begin(self, request: Request, future: FutureIncomingResponse) -> None:
        """Send a request and take in the response, in a thread of its own."""
        sent = threading.Event()
        self._sending.add(sent)
        arguments = (self, request, future, sent)
        threading.Thread(target=_exchange, args=arguments, name="witgen-http", daemon=True).start()

    def note_sent(self, sent: threading.Event) -> None:
        """Know that a request is on its way, or cannot be sent."""
        self._sending.discard(sent)
        sent.set()

    def close(self) -> None:
        """Let requests get out whose answers nobody waits for, if that is soon."""
        end = time.monotonic() + _PATIENCE
        for sent in list(self._sending):
            sent.wait(max(0.0, end - time.monotonic()))

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """What decides whether a server can be trusted."""
        return trusted(None)

    def implementations(self) -> dict[str, object]:
        """Return what implements the imports, by their field of the bindings' `ServicesImports`."""
        return {"wasi_http_types": Types(self), "wasi_http_outgoing_handler": OutgoingHandler(self)}


@dataclass(eq=False, slots=True)
class _Arrival:
    """A response: its beginning, and a body that may still arrive; where that is over, there is no exchange."""

    client: HttpClient
    head: Head
    body: Body
    exchange: Exchange | None = None

    def receive(self, exchange: Exchange) -> None:
        """Take in the body."""
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
        """Take no more of it."""
        if self.exchange is not None:
            self.exchange.abandon()

    def chunks(self) -> Iterator[bytes]:
        """Yield the content, and remember why it breaks off."""
        try:
            yield from self.body.chunks()
        except wit.ErrorCode as error:
            self.client.failure = error
            raise


class FutureTrailers(wasi_http_types.FutureTrailers):
    """What comes behind a body."""

    def __init__(self, arrival: _Arrival) -> None:
        self._arrival = arrival
        self._is_taken = False

    def subscribe(self) -> Pollable:
        """Return what is ready when the body is over."""
        return self._arrival.body.over

    def get(self) -> Ok[Ok[wasi_http_types.Trailers | None] | Err[wit.ErrorCode]] | Err[None] | None:
        """Return the trailers, or why there are none, once."""
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
        """Wait for nothing more."""
        self._arrival.abandon()


class IncomingBody(wasi_http_types.IncomingBody):
    """The body of a response, as it arrives."""

    def __init__(self, arrival: _Arrival) -> None:
        self.arrival = arrival
        self._is_taken = False

    def stream(self) -> InputStream:
        """Return its stream, once."""
        if self._is_taken:
            raise wit.IncomingBodyStreamError
        self._is_taken = True
        return InputStream(self.arrival.chunks())

    @classmethod
    def finish(cls, this: wasi_http_types.IncomingBody) -> FutureTrailers:
        """Be done with it."""
        # The runtime lets no objects of other classes through.
        return FutureTrailers(cast("IncomingBody", this).arrival)

    def dropped(self) -> None:
        """Take no more of it."""
        self.arrival.abandon()


class IncomingResponse(wasi_http_types.IncomingResponse):
    """A response whose beginning is there."""

    client: ClassVar[HttpClient]

    def __init__(self, arrival: _Arrival) -> None:
        self._arrival = arrival
        self._is_consumed = False

    def status(self) -> int:
        """Tell the status."""
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
        """Take nothing more, if nobody has the body."""
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
    """What becomes of a request."""

    def __init__(self) -> None:
        self._ready = Pollable()
        self._lock = threading.Lock()
        self._outcome: Ok[IncomingResponse] | Err[wit.ErrorCode] | None = None
        self._is_taken = False

    def subscribe(self) -> Pollable:
        """Return what is ready when the response is there."""
        return self._ready

    def get(self) -> Ok[Ok[wasi_http_types.IncomingResponse] | Err[wit.ErrorCode]] | Err[None] | None:
        """Return the response or why there is none, once."""
        with self._lock:
            if self._is_taken:
                return Err(None)
            if self._outcome is None:
                return None
            self._is_taken = True
            return Ok(cast("Ok[wasi_http_types.IncomingResponse] | Err[wit.ErrorCode]", self._outcome))

    def settle(self, outcome: Ok[IncomingResponse] | Err[wit.ErrorCode]) -> None:
        """Say that there is a response, or why not."""
        with self._lock:
            self._outcome = outcome
            self._forget_untaken(is_wanted=not self._is_taken)
        self._ready.set()

    def dropped(self) -> None:
        """Let the request go its way; nobody takes the response."""
        with self._lock:
            self._forget_untaken(is_wanted=self._is_taken)
            self._is_taken = True

    def _forget_untaken(self, *, is_wanted: bool) -> None:
        if not is_wanted and isinstance(self._outcome, Ok):
            self._outcome.value.dropped()

    @classmethod
    def _spent(cls) -> Self:
        """Return what stands for one whose response a recorded call has taken."""
        made = cls()
        made._is_taken = True
        made._ready.set()
        return made


class Types(wasi_http_types.Types):
    """The classes. Requests to a component, and the places of their responses, do not come to workers."""

    Fields = Fields
    IncomingRequest = wasi_http_types.IncomingRequest
    OutgoingRequest = OutgoingRequest
    RequestOptions = RequestOptions
    ResponseOutparam = wasi_http_types.ResponseOutparam
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
        """Tell why a body broke off: the last one that did, because wasmtime's errors do not say whose they are."""
        del err
        return self._client.failure


class OutgoingHandler(wasi_http_outgoing_handler.OutgoingHandler):
    """Sends requests."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    def handle(
        self, request: wasi_http_types.OutgoingRequest, options: wasi_http_types.RequestOptions | None
    ) -> FutureIncomingResponse:
        """Send a request as soon as its body is complete.

        What is wrong with the request is told here. That the network is off is told by the response, because a request
        that was sent when it was on may have to be repeated.
        """
        future = FutureIncomingResponse()

        def proceed(end: Request | wit.ErrorCode) -> None:
            if isinstance(end, wit.ErrorCode):
                future.settle(Err(end))
            elif not self._client.allowed:
                future.settle(Err(wit.ErrorCodeHttpRequestDenied()))
            else:
                self._client.begin(end, future)

        # The runtime lets no objects of other classes through.
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
