"""Objects of wasmtime-py's that interrupts leave intact: deleted once, and finalized without losing a signal."""

# ruff: noqa: SLF001  (wasmtime-py keeps the pointers to itself)

from __future__ import annotations

from typing import Any

import wasmtime
from wasmtime.component import Linker

from . import ffi
from .entry import quiet

__all__ = ["QuietlyFinalized", "RawLinker", "RawStore"]


class QuietlyFinalized:
    """Mixed into a class of wasmtime-py's: a finalizer that calls nothing where the object is closed or used up."""

    @quiet
    def __del__(self) -> None:
        held: Any = self
        try:
            pointer = held._Managed__ptr
        except AttributeError:  # it could not be made
            return
        if pointer is not None:
            held.close()


class RawLinker(QuietlyFinalized, Linker):
    """The C library's linker. Instances do not need it after their creation, so its user closes it.

    Left to the garbage collector, it could swallow an interrupt of `Store.close`: deletion takes long, and CPython
    drops exceptions in finalizers.
    """

    def close(self) -> None:
        """Delete the linker; twice is fine, and so is an exception at any time."""
        held: Any = self
        pointer = held._Managed__ptr
        if pointer is not None:
            for _ in map(ffi.linker_delete, (ffi.address_of(pointer),)):
                # No signal is looked for between the deletion and this.
                held._Managed__ptr = None
                break


class RawStore(QuietlyFinalized, wasmtime.Store):
    """The C library's store.

    wasmtime-py's own `close` deletes twice where an exception comes right after it has deleted.
    """

    def close(self) -> None:
        """Delete the store; twice is fine, and so is an exception at any time."""
        held: Any = self
        pointer = held._Managed__ptr
        if pointer is not None:
            for _ in map(ffi.store_delete, (ffi.address_of(pointer),)):
                # No signal is looked for between the deletion and this.
                held._Managed__ptr = held._Store__context = None
                break

    def forget(self) -> None:
        """Leak the store: one that was inside a call when the process forked cannot be deleted."""
        held: Any = self
        held._Managed__ptr = held._Store__context = None
