"""`wasi:http` as wasmtime implements it, or denied."""

from __future__ import annotations

from typing import NoReturn

from ..._bindings.host import wasi_http_outgoing_handler
from ..._bindings.host.wasi_http_types import OutgoingRequest, RequestOptions
from ..._bindings.types.wasi_http_types import ErrorCodeHttpRequestDenied

__all__ = ["Http"]


class Http:
    """HTTP requests of components.

    Args:
        allowed: whether components may send requests; if not, they fail with `HTTP-request-denied`.
    """

    def __init__(self, *, allowed: bool = True) -> None:
        self._allowed = allowed

    def implementations(self) -> dict[str, object]:
        """Return the implementations of the imports, by field; wasmtime provides the rest."""
        return {} if self._allowed else {"wasi_http_outgoing_handler": _Refusing()}

    def close(self) -> None:
        """Do nothing: requests belong to the stores."""


class _Refusing(wasi_http_outgoing_handler.OutgoingHandler):
    def handle(self, request: OutgoingRequest, options: RequestOptions | None) -> NoReturn:
        del request, options
        raise ErrorCodeHttpRequestDenied
