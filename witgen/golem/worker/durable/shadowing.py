"""Replace wasmtime's functions in a guest's linker by recording ones; the resources stay wasmtime's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from witgen_runtime import abi
from witgen_runtime.host.capi import ffi
from witgen_runtime.host.linking.linker import Linkage
from witgen_runtime.host.linking.own_release import own_release

from ..errors import WorkerError

__all__ = ["SLICE", "shadow"]

SLICE: Final = 100_000_000
"""The longest uninterrupted wait of wasmtime, in nanoseconds; signal handlers of Python run in between."""


def shadow(linkage: Linkage, interface: str, functions: Mapping[abi.Function, Callable[..., Any]]) -> None:
    """Replace wasmtime's functions of a WASI interface, which is named without its version."""
    release = own_release(linkage.store.engine)
    if not release:
        raise WorkerError(f"durable workers need wasmtime 48 or later: with {ffi.VERSION}, waiting cannot be recorded")
    linkage.replace(f"{interface}@{release}", functions)
