"""`outgoing-handler` in Python: requests and responses are wasmtime's, connections to servers Python's."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from ..... import abi
from .....values import Err, Ok
from ....capi.ffi import VERSION
from ....errors import LinkError
from ....linking.own_release import own_release
from ....store.handles import ResourceHandles
from ....store.resource import Resource
from ...internal_component import InternalComponent, NativeHandle
from ..allowed import Origin
from ..error_code import ERROR_CODE_TYPE, ErrorCode, denied, error
from ..python_http import PythonHttp
from . import relay_component as text

if TYPE_CHECKING:
    from ....store.store import Store
    from .relay import Relay
    from .relays import Relays

__all__ = ["HANDLE", "PythonHandler"]

_TYPES: Final = "wasi:http/types"
_REQUEST: Final = abi.Resource(_TYPES, "outgoing-request")
_OPTIONS: Final = abi.Resource(_TYPES, "request-options")
_RESPONSE: Final = abi.Resource(_TYPES, "incoming-response")
_FUTURE: Final = abi.Resource(_TYPES, "future-incoming-response")
_POLLABLE: Final = abi.Resource("wasi:io/poll", "pollable")

_OWNED: Final = abi.Param("request", "request", abi.Own(_REQUEST))
_BORROWED: Final = (abi.Param("request", "request", abi.Borrow(_REQUEST)),)
_SELF: Final = (abi.Param("self", "self", abi.Borrow(_FUTURE)),)
_NUMBER: Final = (abi.Param("future", "future", abi.U32),)
_OUTCOME: Final = abi.Option(abi.Result(abi.Result(abi.Own(_RESPONSE), ERROR_CODE_TYPE), None))
_TEXT: Final = abi.Option(abi.STRING)
_DURATION: Final = abi.Option(abi.U64)

HANDLE: Final = abi.Function(
    "handle",
    "handle",
    (_OWNED, abi.Param("options", "options", abi.Option(abi.Own(_OPTIONS)))),
    abi.Result(abi.Own(_FUTURE), ERROR_CODE_TYPE),
    raises=ErrorCode,
)
"""The handler's function, whose future is Python's."""

_REPLACED: Final = abi.Interface(
    _TYPES,
    ((_FUTURE, "FutureIncomingResponse"),),
    (
        abi.Function(
            "[method]future-incoming-response.subscribe", "subscribe", _SELF, abi.Own(_POLLABLE), resource=_FUTURE
        ),
        abi.Function("[method]future-incoming-response.get", "get", _SELF, _OUTCOME, resource=_FUTURE),
    ),
)

_SCHEME: Final = abi.Function("scheme", "scheme", _BORROWED, abi.U32)
_AUTHORITY: Final = abi.Function("authority", "authority", _BORROWED, _TEXT)
_PATH: Final = abi.Function("path", "path", _BORROWED, _TEXT)
_GIVEN: Final = abi.Function(
    "timeouts", "timeouts", (abi.Param("options", "options", abi.Own(_OPTIONS)),), abi.Tuple((_DURATION,) * 3)
)
_SEND: Final = abi.Function(
    "send",
    "send",
    (
        _OWNED,
        abi.Param("authority", "authority", abi.STRING),
        abi.Param("path", "path", abi.STRING),
        abi.Param("between-bytes", "between_bytes", abi.U64),
    ),
    abi.Result(abi.U32, ERROR_CODE_TYPE),
    raises=ErrorCode,
)
_GET: Final = abi.Function("get", "get", _NUMBER, _OUTCOME)

_SCHEMES: Final = ("http", "https", "other")
_NANOSECONDS: Final = 1_000_000_000
_LONGEST: Final = 600 * _NANOSECONDS
"""What wasmtime waits for without limits."""

_log = logging.getLogger("witgen_runtime.host.wasi.http")


class PythonHandler:
    """Sends requests of one store's guests, or denies them.

    Args:
        store: the store.
        http: what is allowed, and how it is sent.

    Raises:
        LinkError: wasmtime is too old.

    Attributes:
        replaced: the name of the interface, its part that becomes Python's, and the classes of its resources.
    """

    def __init__(self, store: Store, http: PythonHttp) -> None:
        release = own_release(store.engine)
        if not release:
            raise LinkError(f"PythonHttp needs wasmtime 48 or later: {VERSION} cannot replace parts of an interface")
        self.store = store
        self.replaced = (f"{_TYPES}@{release}", _REPLACED, {_FUTURE: (FutureResponse, FutureResponse)})
        self.native = InternalComponent(store, text.COMPONENT, (text.SUBSCRIBE, text.ABANDON), http=True)
        handles = ResourceHandles(store, {})
        self._scheme, self._authority, self._path, self._given, self._send, self.get = (
            self.native.bound(each, handles) for each in (_SCHEME, _AUTHORITY, _PATH, _GIVEN, _SEND, _GET)
        )
        self._http = http
        self._relays: Relays | None = None

    @property
    def relays(self) -> Relays:
        """The connections of the store; the first request makes their thread."""
        from .relays import Relays  # noqa: PLC0415 - imports h11, which only this needs

        if self._relays is None:
            self._relays = Relays()
            self.store.on_close(self._relays.close)
        return self._relays

    def handle(self, request: Any, options: Any) -> FutureResponse:
        """Send a request of wasmtime's.

        Raises:
            ErrorCode: it is not allowed, or wasmtime refuses it.
        """
        from .relay import Relay, Target  # noqa: PLC0415 - imports h11, which only this needs

        number: int = self._scheme(request)
        scheme, authority = _SCHEMES[number], str(self._authority(request) or "")
        if not self._http.allows(scheme, authority):
            _log.info("HTTP request denied: %s://%s is not in `allow`", scheme, authority)
            raise denied()
        origin = Origin.of(scheme, authority)
        if origin is None or not 0 < origin.port < 1 << 16:
            raise error("HTTP-request-URI-invalid")
        path = str(self._path(request) or "/")
        connect, first_byte, between_bytes = self._timeouts(options)
        target = Target(origin, authority, path, connect / _NANOSECONDS, first_byte / _NANOSECONDS)
        relay = Relay(target, self._http)
        address, secret = self.relays.expect(relay)
        try:
            future: int = self._send(request, address, secret, between_bytes)
        except BaseException:
            self.relays.forget(secret)
            raise
        return FutureResponse(self, future, relay, secret)

    def _timeouts(self, options: Any) -> list[int]:
        """Return the timeouts in nanoseconds: the guest's, if they are not longer than the host's."""
        given: tuple[int | None, ...] = (None,) * 3 if options is None else self._given(options)
        most = [limit or _LONGEST for limit in self._http.timeouts]
        return [
            limit if own is None or (host and own > host) else own
            for own, host, limit in zip(given, self._http.timeouts, most, strict=True)
        ]


class FutureResponse(Resource):
    """The response to a request, once it is there: wasmtime's, but for the reason why there is none."""

    def __init__(self, handler: PythonHandler, number: int, relay: Relay, secret: str) -> None:
        self._handler, self._number, self._relay, self._secret = handler, number, relay, secret

    def subscribe(self) -> NativeHandle:
        """Return a pollable that is ready when the response is there."""
        return NativeHandle(self._handler.native, text.SUBSCRIBE, self._number)

    def get(self) -> Ok[Ok[Any] | Err[ErrorCode]] | Err[None] | None:
        """Return the response, or why there is none; only once."""
        outcome: Ok[Ok[Any] | Err[ErrorCode]] | Err[None] | None = self._handler.get(self._number)
        if isinstance(outcome, Ok) and isinstance(outcome.value, Err) and self._relay.failure is not None:
            return Ok(Err(self._relay.failure))
        return outcome

    def dropped(self) -> None:
        """End the request, unless the response was taken."""
        self._handler.relays.forget(self._secret)
        if self._handler.store.dead is None and self._handler.store.is_entered_here():
            self._handler.native.call(text.ABANDON, self._number)
