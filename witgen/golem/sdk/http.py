"""HTTP requests of agents; Golem records them, so that they are not made again."""

from __future__ import annotations

from ._bindings.guest.http import (
    AsyncClient,
    Client,
    ConnectError,
    ConnectTimeout,
    Headers,
    ReadTimeout,
    RequestError,
    Response,
    StatusError,
)

__all__ = [
    "AsyncClient",
    "Client",
    "ConnectError",
    "ConnectTimeout",
    "Headers",
    "ReadTimeout",
    "RequestError",
    "Response",
    "StatusError",
]
