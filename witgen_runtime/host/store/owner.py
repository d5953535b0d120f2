"""The interface of a store for the handles and internal components in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import wasmtime

from ..capi.managed import RawStore

__all__ = ["HandleOwner"]

T = TypeVar("T")


class HandleOwner(Protocol):
    """The part of `Store` that the objects in a store may use."""

    _attention: dict[int, None]
    _closed: bool
    abandoned: dict[int, None]
    """The boxes of handles that the garbage collector has found, to be dropped on the store's thread."""
    concurrent: bool
    streams: bool

    engine: wasmtime.Engine
    raw: RawStore
    context: int
    """The address of the C API's context."""

    def drop_abandoned(self) -> None:
        """Drop the handles in `abandoned`."""
        ...

    def enable_http(self) -> None:
        """Let components of the store use wasmtime's `wasi:http`."""
        ...

    def extension(self, key: object, factory: Callable[[Any], T]) -> T:
        """Return the object that a part of the runtime keeps per store; it is made at first use."""
        ...

    def _die(self, cause: BaseException) -> None:
        """Note why nothing in the store can be used any more."""
        ...
