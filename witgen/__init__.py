"""Typed Python from WIT: host bindings for wasmtime-py, guest wrappers for componentize-py."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .api import Config, Result, generate, resolve
    from .diagnostics import Diagnostic
    from .errors import WitError
    from .version import VERSION as __version__

__all__ = ["Config", "Diagnostic", "Result", "WitError", "__version__", "generate", "resolve"]

_PLACES = {
    "Config": "api",
    "Diagnostic": "diagnostics",
    "Result": "api",
    "WitError": "errors",
    "generate": "api",
    "resolve": "api",
}


def __getattr__(name: str) -> object:
    # Loaded when asked for: a run that finds nothing to do must not wait for the whole generator.
    if name == "__version__":
        return import_module(".version", __name__).VERSION
    if name in _PLACES:
        return getattr(import_module(f".{_PLACES[name]}", __name__), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
