"""The resources of `wasi:http/types` that Python implements in place of wasmtime, for requests that a server received.

The C API cannot make wasmtime's own `incoming-request`. Only the functions of these three resources mention them, so
that all others, `fields` and bodies among them, stay wasmtime's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import wasmtime

from ... import abi
from ...values import Err, Ok
from ..capi.ffi import VERSION
from ..errors import LinkError
from ..linking.own_release import own_release
from ..store.resource import Resource
from ..wasi.internal_component import NativeHandle
from .bodies import Bodies
from .chunked import END
from .exchange import Answer, Exchange

if TYPE_CHECKING:
    from ..linking.linker import Linkage
    from .handler_types import HandlerTypes

__all__ = ["IncomingRequest", "ResponseOutparam", "link", "served_release"]

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"})


class IncomingRequest(Resource):
    """A request, as the guest sees it."""

    def __init__(self, exchange: Exchange, bodies: Bodies, types: HandlerTypes) -> None:
        self._exchange, self._head, self._bodies, self._types = exchange, exchange.head, bodies, types
        self._is_consumed = False

    def method(self) -> object:
        """Return the case of `method`."""
        function, name = "[method]incoming-request.method", self._head.method
        known = self._types.case(function, name.lower()) if name in _METHODS else None
        return known() if known is not None else self._types.case(function, "other")(name)

    def path_with_query(self) -> str:
        """Return the path below the mount, with the query."""
        return self._head.target

    def scheme(self) -> object:
        """Return the case of `scheme`."""
        return self._types.case("[method]incoming-request.scheme", self._head.scheme.upper())()

    def authority(self) -> str | None:
        """Return what the client wrote into `Host`."""
        return self._head.authority

    def headers(self) -> Any:
        """Return the headers as new `fields`."""
        return self._bodies.fields(self._head.fields)

    def consume(self) -> NativeHandle:
        """Return the body; raise what WIT declares if it was returned before."""
        if self._is_consumed:
            raise self._types.failure_of("[method]incoming-request.consume")
        self._is_consumed = True
        body, peer = self._bodies.incoming()
        self._exchange.opened(peer)
        if self._head.has_body:
            self._exchange.consuming(peer)
        else:
            peer.sendall(END)
        return body


class OutgoingResponse(Resource):
    """A response that the guest makes."""

    def __init__(self, bodies: Bodies, types: HandlerTypes, headers: Any) -> None:
        self._bodies, self._types = bodies, types
        self.entries = tuple(bodies.entries(headers))
        self.status = 200
        self.peer: Any = None

    def status_code(self) -> int:
        """Return the status."""
        return self.status

    def set_status_code(self, status_code: int) -> None:
        """Set the status; raise what WIT declares if it is none."""
        if not 100 <= status_code <= 999:
            raise self._types.failure_of("[method]outgoing-response.set-status-code")
        self.status = status_code

    def headers(self) -> Any:
        """Return the headers as new `fields`."""
        return self._bodies.fields(self.entries)

    def body(self) -> NativeHandle:
        """Return the body; raise what WIT declares if it was returned before."""
        if self.peer is not None:
            raise self._types.failure_of("[method]outgoing-response.body")
        announced = b", ".join(value for name, value in self.entries if name.lower() == "trailer")
        body, self.peer = self._bodies.outgoing(announced.decode("latin-1"))
        return body

    def dropped(self) -> None:
        """Close the body of a response that was never sent."""
        if self.peer is not None:
            self.peer.close()


class ResponseOutparam(Resource):
    """The place for the response to one request."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    @staticmethod
    def set(param: ResponseOutparam, response: Ok[OutgoingResponse] | Err[Exception]) -> None:
        """Answer the request. Taking a handle does not drop its object, so the body of a response stays open."""
        exchange = param._exchange  # pyright: ignore[reportPrivateUsage]  (of this class)
        if isinstance(response, Err):
            exchange.answered(Answer(error=response.value))
            return
        made = response.value
        if made.peer is not None:
            exchange.opened(made.peer)
        exchange.answered(Answer(made.status, made.entries, made.peer))

    def dropped(self) -> None:
        """Note that there will be no response."""
        self._exchange.answered(None)


def served_release(engine: wasmtime.Engine) -> str:
    """Return the release of `wasi:http` in which resources are replaced.

    Raises:
        LinkError: wasmtime is too old.
    """
    release = own_release(engine)
    if not release:
        raise LinkError(
            f"components are served with wasmtime 48 or later: {VERSION} cannot replace parts of an interface"
        )
    return release


def link(linkage: Linkage, types: HandlerTypes) -> Bodies:
    """Define the resources for one store; return its bodies."""
    release = served_release(linkage.store.engine)
    bodies = Bodies(linkage.store, linkage.handles, types)
    classes: Mapping[abi.Resource, tuple[type[Resource], Callable[..., Any]]] = {
        types.request: (IncomingRequest, IncomingRequest),
        types.response: (OutgoingResponse, partial(OutgoingResponse, bodies, types)),
        types.outparam: (ResponseOutparam, ResponseOutparam),
    }
    linkage.replace_resources(f"wasi:http/types@{release}", types.interface, classes)
    return bodies
