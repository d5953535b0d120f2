"""What a store is to the handles and the internal components in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import wasmtime

from ..capi.managed import RawStore

__all__ = ["HandleOwner"]

T = TypeVar("T")


class HandleOwner(Protocol):
    """The part of `Store` that stands below it: what lives in a store knows no more of it."""

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
        """Return what a part of the runtime keeps per store, made at first use."""
        ...

    def _die(self, cause: BaseException) -> None:
        """Note why nothing in the store can be used any more."""
        ...
