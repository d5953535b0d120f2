"""Typed Python from WIT: host bindings for wasmtime-py, guest wrappers for componentize-py."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .api import check, generate, resolve
    from .cache.store import CacheWarning
    from .config import Config
    from .diagnostics.errors import WitgenError
    from .diagnostics.model import Diagnostic
    from .loading import Linked, link, load
    from .result import Result
    from .version import VERSION as __version__  # noqa: N811 - the usual name
    from .wit.model.ir import Resolve
    from .wit.model.wit_json import to_wit_json
    from .wit.outline import outline
    from .wit.resolve import select_world

__all__ = [
    "CacheWarning",
    "Config",
    "Diagnostic",
    "Linked",
    "Resolve",
    "Result",
    "WitgenError",
    "__version__",
    "check",
    "generate",
    "link",
    "load",
    "outline",
    "resolve",
    "select_world",
    "to_wit_json",
]

_PLACES = {
    "CacheWarning": "cache.store",
    "Config": "config",
    "Diagnostic": "diagnostics.model",
    "Linked": "loading",
    "Resolve": "wit.model.ir",
    "Result": "result",
    "WitgenError": "diagnostics.errors",
    "check": "api",
    "generate": "api",
    "link": "loading",
    "load": "loading",
    "outline": "wit.outline",
    "resolve": "api",
    "select_world": "wit.resolve",
    "to_wit_json": "wit.model.wit_json",
}


def __getattr__(name: str) -> object:
    # Loaded when asked for: a run that finds nothing to do must not wait for the whole generator.
    if name == "__version__":
        return import_module(".version", __name__).VERSION
    if name in _PLACES:
        return getattr(import_module(f".{_PLACES[name]}", __name__), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
