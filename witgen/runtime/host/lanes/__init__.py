"""Lanes: helpers composed around a guest when it is loaded, so that the host need not do what is slow or impossible.

wasmtime's C API carries every byte of a `list<u8>` in a value of 32 bytes, and cannot implement an `async func`. A
helper is a small component between guest and host that has the guest's interface on one side and on the other the
same interface with strings for bytes, and with plain functions for async ones.
"""

from __future__ import annotations
