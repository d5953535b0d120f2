"""The embedded WIT of Golem, and local execution of Golem components."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from ..base.resources import GOLEM_WIT

if TYPE_CHECKING:
    from .local import Services
    from .services.errors import ServiceError
    from .services.websocket.service import WebSockets
    from .worker.errors import WorkerError
    from .worker.executor import Executor
    from .worker.instance import Surroundings

__all__ = ["WIT", "Executor", "ServiceError", "Services", "Surroundings", "WebSockets", "WorkerError"]

WIT: Final = GOLEM_WIT
"""The tree: a folder that `witgen generate` takes; its `deps` can be copied beside your own world."""

_PLACES = {
    "Executor": ".worker.executor",
    "ServiceError": ".services.errors",
    "Services": ".local",
    "Surroundings": ".worker.instance",
    "WebSockets": ".services.websocket.service",
    "WorkerError": ".worker.errors",
}


def __getattr__(name: str) -> object:
    # Loaded on first use: reading the WIT needs neither wasmtime nor the package websockets.
    if name in _PLACES:
        return getattr(import_module(_PLACES[name], __name__), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
