"""Adapters: components composed around a guest when it is loaded, for features that the C API lacks or does slowly.

wasmtime's C API passes every byte of a `list<u8>` in a value of 32 bytes, cannot implement an `async func`
(bytecodealliance/wasmtime-py#333), and has no streams and futures (bytecodealliance/wasmtime#13705). An adapter is a
small component between guest and host. It has the guest's interface on one side; on the other, the same interface with
strings for bytes, and with plain functions for async ones.
"""

from __future__ import annotations
