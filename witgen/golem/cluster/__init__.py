"""Clusters of Golem, over the REST API of Golem 1.5."""

from __future__ import annotations

try:
    import httpx as _httpx
except ModuleNotFoundError as error:
    if error.name != "httpx":
        raise
    raise ModuleNotFoundError(
        "talking to a cluster needs the package httpx: pip install 'witgen[cluster]'", name="httpx"
    ) from None

del _httpx

__all__: list[str] = []
