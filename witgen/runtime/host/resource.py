"""Classes of resources: those that Python implements, and handles of those that wasm does."""

# pyright: reportPrivateUsage=false
# ruff: noqa: SLF001
# Handles keep their state under names with an underscore, because WIT may give their methods any other.

from __future__ import annotations

from abc import ABC, ABCMeta
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, ClassVar, Self

from .. import values

if TYPE_CHECKING:
    from .store import Store

__all__ = [
    "AsyncResource",
    "ExportedInterface",
    "GuestResource",
    "Handle",
    "HostResource",
    "Interface",
    "NativeResource",
    "Resource",
    "drop",
]


class Interface(ABC):  # noqa: B024  (what is abstract stands in the generated classes)
    """Base of what implements an imported interface."""


class ExportedInterface(values.Unique):
    """Base of what stands for an exported interface of an open component."""

    __slots__ = ()

    _WHY_UNIQUE = "belongs to an open component"


class HostResource(values.Resource, ABC):
    """What Python implements for a component; `Resource` and `AsyncResource` are what users see of it."""

    _dropped_hook: ClassVar[str] = "dropped"

    def _tell_dropped(self) -> object:
        """Call the hook; for the runtime. Names of WIT never begin with an underscore."""
        hook: Callable[[], object] = getattr(self, self._dropped_hook)
        return hook()


class Resource(HostResource):
    """Base of a resource that Python implements for a component.

    `dropped` is called exactly once for every object that was given to a guest and is not taken back: when the guest
    drops its handle, or when the store closes. Where WIT itself has a method of that name, the generated class says
    in `_dropped_hook` which method is called instead.
    """

    def dropped(self) -> None:
        """Let go of what the object holds. Does nothing here."""


class AsyncResource(HostResource):
    """Base of a resource that Python implements with coroutines, for the asyncio face; otherwise like `Resource`.

    A generated class says `of` which one it stands for, and is taken for that from then on.
    """

    def __init_subclass__(cls, *, of: type[Resource] | None = None) -> None:
        super().__init_subclass__()
        if of is not None:
            ABCMeta.register(of, cls)

    def dropped(self) -> Awaitable[None] | None:
        """Let go of what the object holds, maybe in a coroutine. Does nothing here."""


class Handle(values.Unique, values.Resource):
    """A handle that Python has of a resource that wasm implements.

    It belongs to Python until it is passed as `own`, dropped, or its store is closed; then it cannot be used. It cannot
    be copied or pickled: two objects would own, and drop, one handle.
    """

    __slots__ = ("_box", "_fate", "_store")

    _WHY_UNIQUE = "is a handle of what lives in the component's store"

    _box: int
    """Address of the C library's box; 0 when the handle cannot be used."""
    _fate: str
    """Why not; empty as long as it can, "borrowed" for one that ends with a call."""
    _store: Store

    @classmethod
    def _adopt(cls, store: Store, box: int, fate: str = "") -> Self:
        """Make a handle from a box that nobody else has."""
        handle = object.__new__(cls)
        handle._box = box
        handle._fate = fate
        handle._store = store
        return handle

    def _release(self, fate: str) -> int:
        """Take the box away."""
        box, self._box, self._fate = self._box, 0, fate
        return box

    def _drop(self) -> None:
        if self._fate == "borrowed":
            raise ValueError(f"this {type(self).__name__} is borrowed; its owner drops it")
        if self._box:
            # Iterated, not called: no signal is looked for until the handle is empty (see `entry`).
            for _ in map(self._store.abandon_next, (self._box,)):
                self._box, self._fate = 0, "dropped"
                break
            self._store.drop_abandoned()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        Handle._drop(self)

    def __del__(self) -> None:
        # Missing when a constructor failed. A borrow's box is deleted where the borrow ends.
        if getattr(self, "_box", 0) and self._fate != "borrowed":
            self._store.abandon(self._release("dropped"))


class GuestResource(Handle, ABC):
    """Base of the proxies of resources that a component exports.

    The classes in the generated modules are abstract: those of an instance, which can be called, are the attributes of
    its interfaces. `drop(x)` or `with` drops the handle; so does the garbage collector, later.
    """

    __slots__ = ()


class NativeResource(Handle):
    """A resource that wasmtime itself implements, for instance a stream. It can be passed on and dropped."""

    __slots__ = ()

    def __init__(self, *_: Any) -> None:
        raise TypeError(f"{type(self).__name__} is wasmtime's own; only wasm can make one")


def drop(resource: GuestResource | NativeResource) -> None:
    """Drop a handle; twice is fine."""
    Handle._drop(resource)
