"""Settings of WASI that wasmtime-py lacks, or has differently from release to release."""

from __future__ import annotations

import ctypes
import importlib
from typing import Any, Final

import wasmtime

__all__ = ["open_folder", "set_stdin"]

_bindings: Final[Any] = importlib.import_module("wasmtime._ffi")


def open_folder(config: wasmtime.WasiConfig, folder: str, name: str, *, writable: bool) -> None:
    """Let guests find a folder of this machine at the path `name`.

    Raises:
        WasmtimeError: it cannot be opened.
    """
    module: Any = wasmtime
    permissions: tuple[Any, ...] = (writable,)
    if hasattr(module, "DirPerms"):  # as wasmtime-py had it at first
        kind = "READ_WRITE" if writable else "READ_ONLY"
        permissions = (getattr(module.DirPerms, kind), getattr(module.FilePerms, kind))
    preopen: Any = config.preopen_dir
    preopen(folder, name, *permissions)


def set_stdin(config: wasmtime.WasiConfig, data: bytes) -> None:
    """Let guests read some bytes from stdin, and then its end."""
    content = _bindings.wasm_byte_vec_t()
    copied = (_bindings.wasm_byte_t * len(data)).from_buffer_copy(data)
    _bindings.wasm_byte_vec_new(ctypes.byref(content), len(data), copied)
    # The library takes the vector.
    _bindings.wasi_config_set_stdin_bytes(config.ptr(), ctypes.byref(content))
