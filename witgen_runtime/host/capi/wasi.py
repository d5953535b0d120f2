"""A setting of WASI that wasmtime-py lacks."""

from __future__ import annotations

import ctypes
import importlib
from typing import Any, Final

import wasmtime

__all__ = ["set_stdin"]

_bindings: Final[Any] = importlib.import_module("wasmtime._ffi")


def set_stdin(config: wasmtime.WasiConfig, data: bytes) -> None:
    """Let guests read some bytes from stdin, and then its end."""
    content = _bindings.wasm_byte_vec_t()
    copied = (_bindings.wasm_byte_t * len(data)).from_buffer_copy(data)
    _bindings.wasm_byte_vec_new(ctypes.byref(content), len(data), copied)
    # The library takes the vector.
    _bindings.wasi_config_set_stdin_bytes(config.ptr(), ctypes.byref(content))
