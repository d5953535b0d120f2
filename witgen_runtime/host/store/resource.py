"""Resource classes: those that Python implements, and handles of those that wasm implements."""

# pyright: reportPrivateUsage=false
# ruff: noqa: SLF001
# Handles keep their state under names with an underscore, because WIT may give their methods any other.

from __future__ import annotations

from abc import ABC, ABCMeta
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Never, NoReturn, Self, TypeVar

from ... import abi, values
from ..capi.entry import quiet
from ..errors import ThreadError

if TYPE_CHECKING:
    from .owner import HandleOwner

__all__ = [
    "AsyncExportedInterface",
    "AsyncGuestResource",
    "AsyncResource",
    "ExportedInterface",
    "GuestResource",
    "Handle",
    "HostResource",
    "Interface",
    "NativeResource",
    "Resource",
    "ResourceBinding",
    "async_drop",
    "drop",
    "unbound",
]


class Interface(ABC):  # noqa: B024  (what is abstract stands in the generated classes)
    """Base of classes that implement an imported interface."""


_Name = TypeVar("_Name", bound=str)


class _Exported(values.Unique, Generic[_Name]):
    """What exported interfaces have in common; the type argument is a `Literal` with the interface's WIT name."""

    __slots__ = ()

    _WHY_UNIQUE = "belongs to an open component"

    _wit: ClassVar[abi.Interface | None] = None
    """The interface; None if it has no functions."""

    def __init_subclass__(cls, *, wit: abi.Interface | None = None) -> None:
        super().__init_subclass__()
        if wit is not None:
            cls._wit = wit


class ExportedInterface(_Exported[_Name]):
    """Base of classes that represent an exported interface of an open component.

    An object of one implements that interface as an import of other components, too.
    """

    __slots__ = ()


class AsyncExportedInterface(_Exported[_Name]):
    """Base of classes that represent an exported interface of a component that was opened for asyncio."""

    __slots__ = ()


class HostResource(values.Resource, ABC):
    """Base of resources that Python implements; users derive from `Resource` and `AsyncResource`."""

    _dropped_hook: ClassVar[str] = "dropped"

    def _tell_dropped(self) -> object:
        """Call the hook; for the runtime. Names of WIT never begin with an underscore."""
        hook: Callable[[], object] = getattr(self, self._dropped_hook)
        return hook()


class Resource(HostResource):
    """Base of a resource that Python implements for a component.

    `dropped` is called exactly once for every object that was given to a guest and not taken back: when the guest
    drops its handle, or when the store closes. If WIT declares a method of that name, `_dropped_hook` of the generated
    class names the method that is called instead.
    """

    def dropped(self) -> None:
        """Release what the object holds. The default does nothing."""


class AsyncResource(HostResource):
    """Base of a resource that Python implements with coroutines, for the asyncio API; otherwise like `Resource`.

    A generated class names the class that it stands for in `of`, and counts as a subclass of that.
    """

    def __init_subclass__(cls, *, of: type[Resource] | None = None) -> None:
        super().__init_subclass__()
        if of is not None:
            ABCMeta.register(of, cls)

    def dropped(self) -> Awaitable[None] | None:
        """Release what the object holds; may be a coroutine. The default does nothing."""


class Handle(values.Unique, values.Resource):
    """A handle that Python holds of a resource that wasm implements.

    It belongs to Python until it is passed as `own`, dropped, or its store is closed; then it cannot be used. It cannot
    be copied or pickled: two objects would own, and drop, one handle.
    """

    __slots__ = ("_box", "_fate", "_store")

    _WHY_UNIQUE = "is a handle to a resource in the component's store"

    _box: int
    """Address of the C library's box; 0 when the handle cannot be used."""
    _fate: str
    """Why it cannot be used: empty while it can, "borrowed" for a handle that ends with a call."""
    _store: HandleOwner

    @classmethod
    def _adopt(cls, store: HandleOwner, box: int, fate: str = "") -> Self:
        """Make a handle that takes ownership of a box."""
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
            # No call is made, and so no signal handled, until the handle is empty (see `entry`).
            self._store.abandoned[self._box] = None
            self._box, self._fate = 0, "dropped"
            self._store.drop_abandoned()

    @quiet
    def __del__(self) -> None:
        try:
            box = self._box
        except AttributeError:  # a constructor failed
            return
        # The box of a borrow is deleted when the borrow ends.
        if box and self._fate != "borrowed":
            self._store.abandoned[box] = self._store._attention[0] = None
            self._box, self._fate = 0, "dropped"
            if self._store._closed:
                self._store.drop_abandoned()


@dataclass(frozen=True, slots=True)
class ResourceBinding:
    """The calls of an exported resource's functions, for one instance.

    `adopt` sets another class for the handles that the component returns.
    """

    calls: dict[abi.Function, Callable[..., Any]]
    adopt: Callable[[type[Any]], None]


class _Scoped(Handle):
    """Drops its handle at the end of a `with` block."""

    __slots__ = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        Handle._drop(self)


class GuestResource(_Scoped, ABC):
    """Base of the proxies of resources that a component exports.

    The classes in the generated modules are abstract: those of an instance, which can be called, are the attributes of
    its interfaces. `drop(x)` or `with` drops the handle; so does the garbage collector, later.
    """

    __slots__ = ()

    _binding: ClassVar[ResourceBinding]


class AsyncGuestResource(Handle, ABC):
    """Base of the proxies of resources that a component exports, for the asyncio API.

    The classes in the generated modules are abstract: those of an instance, which can be called, are the attributes of
    its interfaces. `await Thing.new(…)` runs the constructor; every method is a coroutine. `async with`, or
    `await async_drop(x)`, drops the handle; so does the garbage collector, later.
    """

    __slots__ = ()

    _constructor: ClassVar[str] = ""
    """Name of the method that runs the constructor; empty where WIT declares none."""
    _discard: ClassVar[Callable[[Handle], Awaitable[None]]]
    """Drops a handle on the thread of its store."""

    if TYPE_CHECKING:

        def __init__(self, _new: Never, /) -> None: ...

    else:

        def __init__(self, *_: object, **__: object) -> None:
            name = type(self).__name__
            if not self._constructor:
                raise TypeError(f"{name} has no constructor")
            instead = f"await the class's `{self._constructor}(…)` instead of calling it"
            raise ThreadError(f"the constructor of {name} runs on the thread of its store: {instead}")

        def __enter__(self) -> NoReturn:
            name = type(self).__name__
            raise ThreadError(f"a handle of {name} is dropped on the thread of its store: use `async with`, not `with`")

        def __exit__(self, *_: object) -> None:
            """Exists so that `with` reaches `__enter__`, whose error says what to use."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await type(self)._discard(self)


class NativeResource(_Scoped):
    """A resource that wasmtime implements, for instance a stream. It can be passed on and dropped."""

    __slots__ = ()

    def __init__(self, *_: Any) -> None:
        raise TypeError(f"{type(self).__name__} is wasmtime's own; only wasm can make one")


def drop(resource: GuestResource | NativeResource) -> None:
    """Drop a handle. Dropping twice is harmless."""
    handle: Handle = resource
    if isinstance(handle, AsyncGuestResource):
        name = type(handle).__name__
        raise ThreadError(f"a handle of {name} is dropped on the thread of its store: use `await async_drop(…)`")
    Handle._drop(handle)


async def async_drop(resource: AsyncGuestResource) -> None:
    """Drop a handle of the asyncio API. Dropping twice is harmless."""
    await type(resource)._discard(resource)


def unbound(cls: type[Handle]) -> TypeError:
    """Return the error of a static function that was called on the abstract class of a generated module."""
    instead = "the classes to call are attributes of the interfaces of an open world"
    return TypeError(f"{cls.__name__} is abstract and belongs to no component: {instead}")
