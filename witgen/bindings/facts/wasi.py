"""WASI 0.2: the only interfaces that the generator knows by name, because wasmtime and the runtime support them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

__all__ = [
    "ASYNC_CLOCK",
    "HOST_CLASSES",
    "INCOMING_HANDLER",
    "MONOTONIC_CLOCK",
    "PACKAGES",
    "POLL",
    "is_provided",
    "wasi_interface",
]

_PACKAGES: Final = frozenset({"wasi:cli", "wasi:clocks", "wasi:filesystem", "wasi:io", "wasi:random", "wasi:sockets"})
"""The packages that wasmtime provides as a whole (wasmtime_component_linker_add_wasip2)."""

_HTTP: Final = frozenset({"wasi:http/types", "wasi:http/outgoing-handler"})
"""The interfaces of `wasi:http` that it provides (wasmtime_component_linker_add_wasi_http)."""

PACKAGES: Final = _PACKAGES | {"wasi:http"}
"""The packages of which wasmtime provides all or some interfaces."""

INCOMING_HANDLER: Final = "wasi:http/incoming-handler"
"""What components export that answer HTTP requests."""

POLL: Final = "wasi:io/poll"
"""What asyncio in guests waits for."""

MONOTONIC_CLOCK: Final = "wasi:clocks/monotonic-clock"
"""What wakes asyncio in guests."""

ASYNC_CLOCK: Final = f"{MONOTONIC_CLOCK}@0.3."
"""What wakes the async exports of guests: how the names of the interface's releases begin."""

HOST_CLASSES: Final[Mapping[str, Sequence[str]]] = MappingProxyType(
    {POLL: ("Pollable",), "wasi:io/streams": ("InputStream", "OutputStream")}
)
"""Resources of wasmtime for which the runtime has classes, so that Python can make them."""


def is_provided(interface: str) -> bool:
    """Return whether wasmtime provides an interface of WASI 0.2, which is named without its version."""
    return interface.partition("/")[0] in _PACKAGES or interface in _HTTP


def wasi_interface(name: str | None) -> str:
    """Return an interface's name without its version if that is one of WASI 0.2; the empty string for any other."""
    interface, _, version = (name or "").partition("@")
    return interface if interface.startswith("wasi:") and version.startswith("0.2.") else ""
