"""Adapters: components composed around a guest when it is loaded, for what a host cannot do, or not fast.

wasmtime's C API carries every byte of a `list<u8>` in a value of 32 bytes, and cannot implement an `async func`. An
adapter is a small component between guest and host that has the guest's interface on one side and on the other the
same interface with strings for bytes, and with plain functions for async ones.
"""

from __future__ import annotations
