"""The release of WASI under whose names wasmtime's own interfaces can be changed."""

from __future__ import annotations

from typing import Final
from weakref import WeakKeyDictionary

import wasmtime
from wasmtime import component as wasm

from ..capi.engine import compile_with
from ..capi.managed import defining

__all__ = ["own_release"]

_releases: WeakKeyDictionary[wasmtime.Engine, str] = WeakKeyDictionary()

_PROBE: Final = """
(component
  (import "wasi:io/poll@{version}" (instance $poll
    (export "pollable" (type $pollable (sub resource))))))
"""


def own_release(engine: wasmtime.Engine) -> str:
    """Return the release of WASI in wasmtime's linker, empty if its interfaces cannot be changed.

    Since wasmtime 48, adding an instance under the name of an existing one returns the existing one. Under any other
    name, and in earlier releases, the instance is new and has no resource.
    """
    if engine not in _releases:
        _releases[engine] = next(filter(None, (_try_version(engine, f"0.2.{patch}") for patch in range(100))), "")
    return _releases[engine]


def _try_version(engine: wasmtime.Engine, version: str) -> str | None:
    linker = wasm.Linker(engine)
    linker.allow_shadowing = True
    linker.add_wasip2()
    with defining(linker) as root, defining(root, f"wasi:io/poll@{version}"):
        pass
    store = wasmtime.Store(engine)
    store.set_wasi(wasmtime.WasiConfig())
    try:
        linker.instantiate(store, compile_with(engine, _PROBE.format(version=version)))
    except wasmtime.WasmtimeError:
        return None
    return version
