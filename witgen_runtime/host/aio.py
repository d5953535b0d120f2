"""The asyncio API: each world's store has a dedicated thread, so that the event loop is never blocked."""

# pyright: reportPrivateUsage=false
# ruff: noqa: SLF001
# Worlds keep what is the runtime's under names with an underscore, because WIT may give their functions any other.

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Coroutine, Generator
from dataclasses import replace
from functools import partial
from typing import Any, Generic, ParamSpec, Self, TypeVar, Unpack, overload

import wasmtime

from ..values import Unique
from .adapters.options import Adapters
from .component import ComponentSource
from .linking.preparation import Prepared
from .linking.variants import Variants
from .open_options import Chosen, OpenOptions, choose
from .store.limits import Limits
from .store_thread import StoreThread
from .wasi.http.allowed import Http
from .wasi.settings import Wasi
from .world import World, definition_of

__all__ = ["AsyncPreparedWorld", "AsyncWorld", "Opening", "run_any_in_store", "run_in_store"]

P = ParamSpec("P")
T = TypeVar("T")
W = TypeVar("W", bound=World)
A = TypeVar("A", bound="AsyncWorld[Any]")
I = TypeVar("I")  # noqa: E741  (imports)
J = TypeVar("J")


class AsyncWorld(Unique, Generic[W]):
    """Base of the generated worlds for asyncio. Calls run one at a time, in the order in which they were awaited.

    Methods of the host may be `async def`: they run on the loop that opened the world, while the guest waits. All of
    them see the context variables of the call that led to them, as with `asyncio.to_thread`.
    Cancelling a call interrupts the guest, and the store is dead afterwards, with the cancellation as its cause.
    """

    _WHY_UNIQUE = "is an open component"

    def __init__(self, world: W, thread: StoreThread) -> None:
        self._world = world
        self._store = world._store
        self._adapters = world._adapters
        self._thread = thread
        self._bind()

    def _bind(self) -> None:
        """Take the exported interfaces from the world."""

    @classmethod
    def _open_by_options(
        cls, world: type[W], component: ComponentSource, imports: object, options: OpenOptions
    ) -> Opening[Self]:
        """Run a component in a store of its own, as the caller of the generated `open` asks."""
        chosen = choose(f"{cls.__name__}.open", options, interruptible=True)
        return Opening(cls._open(world, component, imports, **chosen._asdict()))

    @classmethod
    def _prepare(
        cls, world: type[W], component: ComponentSource, options: OpenOptions
    ) -> AsyncPreparedWorld[Self, Any]:
        """Prepare a component, as the caller of the generated `prepare` asks."""
        return AsyncPreparedWorld(cls, world, component, options)

    @classmethod
    async def _open(
        cls,
        world: type[W],
        component: ComponentSource | Prepared,
        imports: object,
        *,
        wasi: Wasi | wasmtime.WasiConfig | None = None,
        limits: Limits | None = None,
        adapters: Adapters | None = None,
        http: Http | bool = False,
    ) -> Self:
        """Run a component in a new store; it is compiled and started on the store's thread too."""
        options = Chosen(wasi, replace(limits or Limits(), interruptible=True), adapters, http)
        thread = StoreThread(asyncio.get_running_loop(), options.limits.deadline)
        try:
            opened = await thread.run(partial(thread.open, world, component, imports, options))
        except BaseException:
            thread.end()
            raise
        return cls(opened, thread)

    async def close(self) -> None:
        """Close the store; twice is fine. Running and queued calls end with a `HostError`."""
        await self._thread.close(self._world)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._thread.close(self._world)


class AsyncPreparedWorld(Generic[A, I]):
    """A component that was read, compiled and checked once; `open` runs it in new stores. Any loop may do so.

    Worlds for asyncio make it with `prepare`, which blocks while it compiles: call it before the loop runs, or with
    `asyncio.to_thread`.
    """

    def __init__(self, own: type[A], world: type[Any], component: ComponentSource, options: OpenOptions) -> None:
        self._own, self._world, self._options = own, world, options
        self._chosen = self._choose("prepare", options)
        self._variants = Variants(definition_of(world), component, self._chosen.limits, self._chosen.adapters)

    def __repr__(self) -> str:
        return f"<prepared component of {self._own.__name__}>"

    def _choose(self, caller: str, options: OpenOptions) -> Chosen:
        chosen = choose(f"{self._own.__name__}.{caller}", options, interruptible=True)
        return chosen._replace(limits=replace(chosen.limits, interruptible=True))

    @overload
    def open(
        self: AsyncPreparedWorld[A, J | None], imports: None = None, **options: Unpack[OpenOptions]
    ) -> Opening[A]: ...  # where all imports may be left out
    @overload
    def open(self, imports: I, **options: Unpack[OpenOptions]) -> Opening[A]: ...
    def open(self, imports: object = None, **options: Unpack[OpenOptions]) -> Opening[A]:
        """Instantiate the component in a new store, without blocking the loop: await it, or use `async with`.

        Args:
            imports: the implementations of what the component imports.
            options: as `OpenOptions` describes them; they take precedence over those of `prepare`. Where they are part
                of the code (fuel, whether there is a memory limit), and `prepare` had others, the component is compiled
                once more, at the first such call.
        """
        chosen = self._choose("open", {**self._options, **options}) if options else self._chosen
        return Opening(self._opened(imports, chosen))

    async def _opened(self, imports: object, chosen: Chosen) -> A:
        own: Any = self._own
        known = self._variants.known(chosen.limits, chosen.adapters)
        if known is None:
            known = await asyncio.to_thread(self._variants.ready, chosen.limits, chosen.adapters)
        opened: A = await own._open(self._world, known, imports, **chosen._asdict())
        return opened


class Opening(Coroutine[Any, Any, A]):
    """Opens a world when awaited: `await` returns it, `async with` also closes it."""

    def __init__(self, opening: Coroutine[Any, Any, A]) -> None:
        self._opening = opening
        self._opened: A | None = None

    def __await__(self) -> Generator[Any, Any, A]:
        return self._opening.__await__()

    async def __aenter__(self) -> A:
        self._opened = await self._opening
        return self._opened

    async def __aexit__(self, *_: object) -> None:
        if self._opened is not None:
            await self._opened._thread.close(self._opened._world)

    # These methods make it a coroutine, so that `asyncio.create_task` accepts it.

    def send(self, value: Any, /) -> Any:
        """Resume opening the world until it next has to wait."""
        return self._opening.send(value)

    def throw(self, *raised: Any) -> Any:
        """Raise an exception at the point where opening waits."""
        return self._opening.throw(*raised)

    def close(self) -> None:
        """Close the coroutine if it was never awaited."""
        self._opening.close()


@overload
async def run_in_store(
    world: AsyncWorld[Any], function: Callable[P, Awaitable[T]], *arguments: P.args, **named: P.kwargs
) -> T: ...


@overload
async def run_in_store(
    world: AsyncWorld[Any], function: Callable[P, T], *arguments: P.args, **named: P.kwargs
) -> T: ...


async def run_in_store(world: AsyncWorld[Any], function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """Call a function on the thread of a world's store and return its result, which is awaited if it is awaitable.

    The methods of the asyncio API need no help: `await box.get()` is `await run_in_store(chat, box.get)`.
    """
    constructor: str = getattr(function, "_constructor", "")  # of a class of the asyncio API
    called: Callable[..., Any] = getattr(function, constructor) if constructor else function
    if inspect.iscoroutinefunction(called):
        return await called(*arguments, **named)
    return await world._thread.run(partial(function, *arguments, **named))


async def run_any_in_store(world: AsyncWorld[Any], function: Callable[..., Any], *arguments: Any) -> Any:
    """`run_in_store` without static types, for generated code whose annotations differ from those of the plain API."""
    return await world._thread.run(partial(function, *arguments))
