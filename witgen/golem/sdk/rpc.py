"""Why calls of other agents fail."""

from __future__ import annotations

from ._bindings.types.golem_agent_host import (
    RpcError,
    RpcErrorDenied,
    RpcErrorNotFound,
    RpcErrorProtocolError,
    RpcErrorRemoteAgentError,
    RpcErrorRemoteInternalError,
)

__all__ = [
    "RpcError",
    "RpcErrorDenied",
    "RpcErrorNotFound",
    "RpcErrorProtocolError",
    "RpcErrorRemoteAgentError",
    "RpcErrorRemoteInternalError",
]
