"""`outgoing-handler` of `wasi:http`, which passes the requests that an `Http` allows on to wasmtime."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from .... import abi
from ...store.handles import ResourceHandles
from ..internal_component import InternalComponent
from .error_code import ERROR_CODE_TYPE, ErrorCode, denied
from .handler_component import COMPONENT

if TYPE_CHECKING:
    from ...store.store import Store
    from .allowed import Http

__all__ = ["HANDLE", "HANDLER", "Handler"]

HANDLER: Final = "wasi:http/outgoing-handler@0.2."
"""The prefix of the names of the interface."""

_TYPES: Final = "wasi:http/types"
_REQUEST: Final = abi.Resource(_TYPES, "outgoing-request")
_OPTIONS: Final = abi.Resource(_TYPES, "request-options")
_RESULT: Final = abi.Result(abi.Own(abi.Resource(_TYPES, "future-incoming-response")), ERROR_CODE_TYPE)
_PARAMS: Final = (
    abi.Param("request", "request", abi.Own(_REQUEST)),
    abi.Param("options", "options", abi.Option(abi.Own(_OPTIONS))),
)

HANDLE: Final = abi.Function("handle", "handle", _PARAMS, _RESULT, raises=ErrorCode)
"""Its function."""

_BORROWED: Final = (abi.Param("request", "request", abi.Borrow(_REQUEST)),)
_SCHEME: Final = abi.Function("scheme", "scheme", _BORROWED, abi.U32)
_AUTHORITY: Final = abi.Function("authority", "authority", _BORROWED, abi.Option(abi.STRING))
_SEND: Final = abi.Function(
    "send",
    "send",
    (*_PARAMS, *(abi.Param(name, name, abi.U64) for name in ("connect", "first_byte", "between_bytes"))),
    _RESULT,
    raises=ErrorCode,
)

_SCHEMES: Final = ("http", "https", "other")

_log = logging.getLogger(__name__)


class Handler:
    """Sends requests of one store's guests, or denies them.

    Args:
        store: the store.
        http: what is allowed.
    """

    def __init__(self, store: Store, http: Http) -> None:
        self._store, self._http = store, http
        self._bound: Sequence[Callable[..., Any]] = ()

    def _functions(self) -> Sequence[Callable[..., Any]]:
        """Return the functions of the internal component, which guests that send nothing do without."""
        if not self._bound:
            native, handles = InternalComponent(self._store, COMPONENT, http=True), ResourceHandles(self._store, {})
            self._bound = [native.bound(each, handles) for each in (_SCHEME, _AUTHORITY, _SEND)]
        return self._bound

    def handle(self, request: Any, options: Any) -> object:
        """Send a request of wasmtime's; return wasmtime's future response.

        Raises:
            ErrorCode: it is not allowed, or wasmtime refuses it.
        """
        get_scheme, get_authority, send = self._functions()
        number: int = get_scheme(request)
        scheme, authority = _SCHEMES[number], str(get_authority(request) or "")
        if not self._http.allows(scheme, authority):
            _log.info("HTTP request denied: %s://%s is not in `allow`", scheme, authority)
            raise denied()
        return send(request, options, *self._http.timeouts)
