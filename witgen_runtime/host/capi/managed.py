"""Objects of wasmtime-py's that interrupts leave intact: deleted once, and finalized without losing a signal."""

# ruff: noqa: SLF001  (wasmtime-py keeps the pointers to itself)

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import wasmtime
from wasmtime.component import Linker, LinkerInstance, ResourceType

from . import ffi
from .entry import quiet

__all__ = ["QuietlyFinalized", "RawLinker", "RawStore", "defining", "host_resource"]


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


class _RawInstance(LinkerInstance):
    """An instance in the C library's linker; one of wasmtime-py's can become one, having no other bases."""

    __del__ = QuietlyFinalized.__del__  # pyright: ignore[reportAssignmentType]  (self has its attributes)


@contextmanager
def defining(parent: Linker | LinkerInstance, name: str | None = None) -> Generator[LinkerInstance]:
    """Define something in a linker, or in the instance `name` of an instance, until the end of the block.

    wasmtime-py's own `with` deletes twice where an exception comes right after it has deleted.
    """
    instance: Any = parent.root() if isinstance(parent, Linker) else parent.add_instance(name or "")
    instance.__class__ = _RawInstance
    try:
        yield instance
    finally:
        owner: Any = parent
        for _ in map(ffi.linker_instance_delete, (ffi.address_of(instance.ptr()),)):
            # No signal is looked for between the deletion and this.
            instance._Managed__ptr = None
            owner.locked = False
            break


@lru_cache
def host_resource(number: int) -> ResourceType:
    """Return the host's resource type with a number; kept, because the finalizer of its class is not quiet."""
    return ResourceType.host(number)


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
