"""`wasi:http`, which is wasmtime's own, or refused."""

from __future__ import annotations

from typing import NoReturn

from ..._bindings.host import wasi_http_outgoing_handler
from ..._bindings.host.wasi_http_types import OutgoingRequest, RequestOptions
from ..._bindings.types.wasi_http_types import ErrorCodeHttpRequestDenied

__all__ = ["Http"]


class Http:
    """Requests of components to servers.

    Args:
        allowed: whether they may send any; if not, they get `HTTP-request-denied`.
    """

    def __init__(self, *, allowed: bool = True) -> None:
        self._allowed = allowed

    def implementations(self) -> dict[str, object]:
        """Return what implements the imports, by their names; what is not there is wasmtime's."""
        return {} if self._allowed else {"wasi_http_outgoing_handler": _Refusing()}

    def close(self) -> None:
        """Do nothing: requests belong to the stores."""


class _Refusing(wasi_http_outgoing_handler.OutgoingHandler):
    def handle(self, request: OutgoingRequest, options: RequestOptions | None) -> NoReturn:
        del request, options
        raise ErrorCodeHttpRequestDenied
