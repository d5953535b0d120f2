"""Replace wasmtime's functions in a guest's linker by recording ones; the resources stay wasmtime's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from weakref import WeakKeyDictionary

import wasmtime
from wasmtime import component as wasm

from witgen_runtime import abi
from witgen_runtime.host.capi import ffi
from witgen_runtime.host.capi.engine import compile_with
from witgen_runtime.host.linking.linker import Linkage

from ..errors import WorkerError

__all__ = ["SLICE", "shadow"]

SLICE: Final = 100_000_000
"""The longest uninterrupted wait of wasmtime, in nanoseconds; signal handlers of Python run in between."""

_versions: WeakKeyDictionary[wasmtime.Engine, str] = WeakKeyDictionary()

_PROBE = """
(component
  (import "wasi:io/poll@{version}" (instance $poll
    (export "pollable" (type $pollable (sub resource))))))
"""


def shadow(linkage: Linkage, interface: str, functions: Mapping[abi.Function, Callable[..., Any]]) -> None:
    """Replace wasmtime's functions of a WASI interface, which is named without its version."""
    linkage.replace(f"{interface}@{_own_version(linkage.store.engine)}", functions)


def _own_version(engine: wasmtime.Engine) -> str:
    """Return the release of WASI in wasmtime's linker.

    Since wasmtime 48, adding an instance under the name of an existing one returns the existing one. Under any other
    name, and in earlier releases, the instance is new and has no resource.
    """
    if engine not in _versions:
        _versions[engine] = next(filter(None, (_try_version(engine, f"0.2.{patch}") for patch in range(100))), "")
    if not _versions[engine]:
        raise WorkerError(f"durable workers need wasmtime 48 or later: with {ffi.VERSION}, waiting cannot be recorded")
    return _versions[engine]


def _try_version(engine: wasmtime.Engine, version: str) -> str | None:
    linker = wasm.Linker(engine)
    linker.allow_shadowing = True
    linker.add_wasip2()
    with ffi.defining(linker) as root, ffi.defining(root, f"wasi:io/poll@{version}"):
        pass
    store = wasmtime.Store(engine)
    store.set_wasi(wasmtime.WasiConfig())
    try:
        linker.instantiate(store, compile_with(engine, _PROBE.format(version=version)))
    except wasmtime.WasmtimeError:
        return None
    return version
