"""`wasi:http` in Python, for workers: a request is answered as a whole, so that the response can be recorded."""

from __future__ import annotations

import threading
from typing import Final, Self, cast

from ...runtime.host import InputStream
from ...runtime.values import Err, Ok
from ..bindings.host import wasi_http_outgoing_handler, wasi_http_types
from ..bindings.host.wasi_io_error import Error as IoError
from ..bindings.host.wasi_io_poll import Pollable
from ..bindings.types import wasi_http_types as wit
from .http_exchange import Request, Response, send
from .http_fields import Fields
from .http_outgoing import OutgoingBody, OutgoingRequest, OutgoingResponse, RequestOptions

__all__ = ["RESPONSE_LIMIT", "implementations"]

RESPONSE_LIMIT: Final = 64 << 20
"""Bytes that the body of a response may have, where nothing else is said."""


class FutureTrailers(wasi_http_types.FutureTrailers):
    """The end of a body that is there already. The standard library drops trailers, so there are none."""

    def __init__(self) -> None:
        self._ready = Pollable()
        self._ready.set()
        self._is_taken = False

    def subscribe(self) -> Pollable:
        """Return something that is ready."""
        return self._ready

    def get(self) -> Ok[Ok[wasi_http_types.Trailers | None] | Err[wit.ErrorCode]] | Err[None]:
        """Tell that there are none, once."""
        if self._is_taken:
            return Err(None)
        self._is_taken = True
        outcome: Ok[wasi_http_types.Trailers | None] | Err[wit.ErrorCode] = Ok(None)
        return Ok(outcome)


class IncomingBody(wasi_http_types.IncomingBody):
    """A body that has arrived."""

    def __init__(self, content: bytes) -> None:
        self._content: bytes | None = content

    def stream(self) -> InputStream:
        """Return its stream, once."""
        content, self._content = self._content, None
        if content is None:
            raise wit.IncomingBodyStreamError
        try:
            return InputStream(content)
        except OSError as error:
            raise wit.IncomingBodyStreamError from error

    @classmethod
    def finish(cls, this: wasi_http_types.IncomingBody) -> FutureTrailers:
        """Be done with it."""
        del this
        return FutureTrailers()


class IncomingResponse(wasi_http_types.IncomingResponse):
    """A response that has arrived; an oplog keeps all of it."""

    def __init__(self, response: Response) -> None:
        self._response = response
        self._is_consumed = False

    def status(self) -> int:
        """Tell the status."""
        return self._response.status

    def headers(self) -> Fields:
        """Return the headers, read-only."""
        return Fields.read_only(self._response.headers)

    def consume(self) -> IncomingBody:
        """Return the body, once."""
        if self._is_consumed:
            raise wit.IncomingResponseConsumeError
        self._is_consumed = True
        return IncomingBody(self._response.body)

    def _save(self) -> bytes:
        return self._response.dump()

    @classmethod
    def _restore(cls, data: bytes) -> Self:
        return cls(Response.load(data))


class FutureIncomingResponse(wasi_http_types.FutureIncomingResponse):
    """What becomes of a request."""

    def __init__(self) -> None:
        self._ready = Pollable()
        self._outcome: Ok[IncomingResponse] | Err[wit.ErrorCode] | None = None
        self._is_taken = False

    def subscribe(self) -> Pollable:
        """Return what is ready when the response is there."""
        return self._ready

    def get(self) -> Ok[Ok[wasi_http_types.IncomingResponse] | Err[wit.ErrorCode]] | Err[None] | None:
        """Return the response or why there is none, once."""
        if self._is_taken:
            return Err(None)
        if self._outcome is None:
            return None
        self._is_taken = True
        return Ok(cast("Ok[wasi_http_types.IncomingResponse] | Err[wit.ErrorCode]", self._outcome))

    def fail(self, error: wit.ErrorCode) -> None:
        """Say that there is no response."""
        self._settle(Err(error))

    def start(self, request: Request, limit: int) -> None:
        """Send the request, in a thread of its own."""
        threading.Thread(target=self._send, args=(request, limit), name="witgen-http", daemon=True).start()

    def _send(self, request: Request, limit: int) -> None:
        try:
            self._settle(Ok(IncomingResponse(send(request, limit))))
        except wit.ErrorCode as error:
            self.fail(error)
        except Exception as error:  # noqa: BLE001  (the component has to learn of it, or waits for good)
            self.fail(wit.ErrorCodeInternalError(f"{type(error).__name__}: {error}"))

    def _settle(self, outcome: Ok[IncomingResponse] | Err[wit.ErrorCode]) -> None:
        self._outcome = outcome
        self._ready.set()

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
    IncomingResponse = IncomingResponse
    IncomingBody = IncomingBody
    FutureTrailers = FutureTrailers
    OutgoingResponse = OutgoingResponse
    OutgoingBody = OutgoingBody
    FutureIncomingResponse = FutureIncomingResponse

    def http_error_code(self, err: IoError) -> None:
        """Know of none: a body is there as a whole before its stream is."""
        del err


class OutgoingHandler(wasi_http_outgoing_handler.OutgoingHandler):
    """Sends requests.

    Args:
        allowed: whether they are sent, or answered with `HTTP-request-denied`.
        limit: bytes that the body of a response may have.
    """

    def __init__(self, *, allowed: bool, limit: int) -> None:
        self._allowed = allowed
        self._limit = limit

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
                future.fail(end)
            elif not self._allowed:
                future.fail(wit.ErrorCodeHttpRequestDenied())
            else:
                future.start(end, self._limit)

        # The runtime lets no objects of other classes through.
        given = RequestOptions() if options is None else cast("RequestOptions", options)
        cast("OutgoingRequest", request).when_complete(given.timeouts(), proceed)
        return future


def implementations(*, allowed: bool = True, limit: int = RESPONSE_LIMIT) -> dict[str, object]:
    """Return what implements the imports, by their field of the bindings' `ServicesImports`."""
    return {
        "wasi_http_types": Types(),
        "wasi_http_outgoing_handler": OutgoingHandler(allowed=allowed, limit=limit),
    }
