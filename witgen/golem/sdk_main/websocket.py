"""WebSockets of agents: the connections, and the errors that they raise."""

from __future__ import annotations

from ._bindings.guest.websockets import AsyncWebSocket
from ._bindings.types.golem_websocket_client import (
    CloseInfo,
    Error,
    ErrorClosed,
    ErrorConnectionFailure,
    ErrorOther,
    ErrorProtocolError,
    ErrorReceiveFailure,
    ErrorSendFailure,
)

__all__ = [
    "AsyncWebSocket",
    "CloseInfo",
    "Error",
    "ErrorClosed",
    "ErrorConnectionFailure",
    "ErrorOther",
    "ErrorProtocolError",
    "ErrorReceiveFailure",
    "ErrorSendFailure",
]
