"""The embedded WIT of Golem, and local execution of Golem components."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..base.resources import GOLEM_RELEASES, golem_wit

if TYPE_CHECKING:
    from .local import Services
    from .services.errors import ServiceError
    from .services.websocket.service import WebSockets
    from .worker.errors import WorkerError
    from .worker.executor import Executor
    from .worker.instance import Surroundings

__all__ = ["WIT", "Executor", "ServiceError", "Services", "Surroundings", "WebSockets", "WorkerError", "wit_of"]

WIT: Final = golem_wit("workers")
"""The tree of Golem with workers: a folder that `witgen generate` takes; see `wit_of`."""


def wit_of(release: str) -> Path:
    """Return the tree of a release of Golem, whose `deps` can be copied beside a world of your own.

    Args:
        release: `1.5`, `main` or `workers`.

    Raises:
        ValueError: witgen does not have this release.
    """
    if release not in GOLEM_RELEASES:
        msg = f"there is no Golem `{release}`: it is one of {', '.join(GOLEM_RELEASES)}"
        raise ValueError(msg)
    return golem_wit(release)


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
