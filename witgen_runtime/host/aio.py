"""The asyncio API: each world's store has a dedicated thread, so that the event loop is never blocked."""

# pyright: reportPrivateUsage=false
# ruff: noqa: SLF001
# Worlds keep what is the runtime's under names with an underscore, because WIT may give their functions any other.

from __future__ import annotations

import asyncio
import atexit
import inspect
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from functools import partial
from typing import Any, Generic, ParamSpec, Self, TypeVar, overload
from weakref import WeakSet

import wasmtime

from ..values import Unique
from . import forking
from .adapters.options import Adapters
from .component import ComponentSource
from .errors import HostError, StoreDeadError
from .linking.instantiation import Setup
from .open_options import Chosen, OpenOptions, choose
from .store.limits import Limits
from .store.resource import Handle
from .store.store import Store
from .world import World, open_world

__all__ = ["AsyncWorld", "Opening", "run_any_in_store", "run_in_store"]

P = ParamSpec("P")
T = TypeVar("T")
W = TypeVar("W", bound=World)
A = TypeVar("A", bound="AsyncWorld[Any]")

_ASK_AGAIN = 0.02
"""Seconds between attempts to interrupt a call: it may not have entered wasm at the first one."""

_FORKED = (
    "this world was opened before the process was forked, and the thread of its store does not exist in this process: "
    "open it again"
)

_GRACE = 0.3
"""Seconds to wait for an interrupted call; after that its host function is taken not to return."""


class AsyncWorld(Unique, Generic[W]):
    """Base of the generated worlds for asyncio. Calls run one at a time, in the order in which they were awaited.

    Methods of the host may be `async def`: they run on the loop that opened the world, while the guest waits. All of
    them see the context variables of the call that led to them, as with `asyncio.to_thread`.
    Cancelling a call interrupts the guest, and the store is dead afterwards, with the cancellation as its cause.
    """

    _WHY_UNIQUE = "is an open component"

    def __init__(self, world: W, worker: _Worker) -> None:
        self._world = world
        self._adapters = world._adapters
        self._worker = worker
        self._bind()

    def _bind(self) -> None:
        """Take the exported interfaces from the world."""

    @classmethod
    def _open_by_options(
        cls, world: type[W], component: ComponentSource, imports: object, options: OpenOptions
    ) -> Opening[Self]:
        """Run a component in a store of its own, as the caller of the generated `open` asks."""
        wasi, limits, adapters = choose(f"{cls.__name__}.open", options, interruptible=True)
        return Opening(cls._open(world, component, imports, wasi=wasi, limits=limits, adapters=adapters))

    @classmethod
    async def _open(
        cls,
        world: type[W],
        component: ComponentSource,
        imports: object,
        *,
        wasi: wasmtime.WasiConfig | None = None,
        limits: Limits | None = None,
        adapters: Adapters | None = None,
    ) -> Self:
        """Run a component in a new store; it is compiled and started on the store's thread too."""
        options = Chosen(wasi, replace(limits or Limits(), interruptible=True), adapters)
        worker = _Worker(asyncio.get_running_loop(), options.limits.deadline)
        try:
            opened = await worker.run(partial(worker.open, world, component, imports, options))
        except BaseException:
            worker.end()
            raise
        return cls(opened, worker)

    async def close(self) -> None:
        """Close the store; twice is fine. Running and queued calls end with a `HostError`."""
        await self._worker.close(self._world)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._worker.close(self._world)


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
            await self._opened._worker.close(self._opened._world)

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
    return await world._worker.run(partial(function, *arguments, **named))


async def run_any_in_store(world: AsyncWorld[Any], function: Callable[..., Any], *arguments: Any) -> Any:
    """`run_in_store` without static types, for generated code whose annotations differ from those of the plain API."""
    return await world._worker.run(partial(function, *arguments))


class _Worker:
    """The thread of one store, and its way back to the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, deadline: float | None) -> None:
        self._loop = loop
        self._deadline = deadline
        self._generation = forking.generation()
        self._left: BaseException | None = None
        """Why the thread was abandoned with a host function that does not return; the thread ends when it does."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._ident = 0
        self._store: Store | None = None
        self._pending: Future[Any] | None = None
        self._waited_for: asyncio.Task[Any] | None = None
        """Runs the coroutines that the thread waits for."""
        self._ended = False
        self._closing: asyncio.Task[None] | None = None
        self._jobs: set[Future[Any]] = set()
        """Jobs that run on the thread or wait for it, except jobs that only let guests make progress."""
        _workers.add(self)

    def open(self, world: type[W], component: ComponentSource, imports: object, options: Chosen) -> W:
        return open_world(world, component, imports, options, Setup(on_store=self._adopt))

    @property
    def _is_lost(self) -> bool:
        """Whether the process was forked, so that the thread does not exist in this process."""
        return self._generation != forking.generation()

    def _adopt(self, store: Store) -> None:
        self._store = store
        if self._left is not None:
            raise self._left
        self._ident = threading.get_ident()
        store.bind_here()
        store.finish = self._finish
        store.loop = self._loop
        store.call_hooks.is_wanted = lambda: any(not job.running() and not job.done() for job in tuple(self._jobs))
        store.call_hooks.run_here = self._run_aside

    def _finish(self, value: object) -> object:
        """Return an implementation's result, awaited on the loop if it is awaitable. Called on the store's thread."""
        interruption = self._store.interruption if self._store is not None else None
        if not inspect.isawaitable(value):
            return value if interruption is None else interruption.in_time(value)

        if not self._loop.is_running():
            if inspect.iscoroutine(value):
                value.close()
            state = "is closed" if self._loop.is_closed() else "is not running"
            raise HostError(
                f"a coroutine of the host cannot run: the event loop that opened this world {state}; open the world on"
                " the loop that uses it"
            )

        async def wait() -> object:
            self._waited_for = asyncio.current_task()
            try:
                return await value
            finally:
                self._waited_for = None

        if threading.get_ident() != self._ident:
            # The garbage collector found a store that was never closed; the current thread, whichever it is, must not
            # wait.
            return asyncio.run_coroutine_threadsafe(wait(), self._loop)
        pending = self._pending = asyncio.run_coroutine_threadsafe(wait(), self._loop)
        try:
            return pending.result(None if interruption is None else interruption.remaining)
        except (CancelledError, TimeoutError):
            if not pending.done():
                pending.cancel()
            if interruption is not None:
                interruption.check_here()  # the caller of `stop` gives the reason
            raise
        finally:
            self._pending = None

    async def _run_aside(self, job: Callable[[], T]) -> T:
        """Run a job that ends as soon as another one waits for the thread."""
        return await asyncio.wrap_future(self._thread.submit(copy_context().run, _done, job))

    async def run(self, job: Callable[[], T]) -> T:
        """Run a job on the thread. If this coroutine is cancelled, stop the job and wait for it."""
        if self._is_lost:
            raise StoreDeadError(_FORKED)
        if (self._ended or self._left is not None) and self._store is not None:
            self._store.usable()
        if self._waited_for is not None and asyncio.current_task() is self._waited_for:
            raise HostError("a coroutine cannot call the component that waits for it; a separate task can, later")
        running = self._thread.submit(copy_context().run, _done, job)
        self._jobs.add(running)
        running.add_done_callback(self._jobs.discard)
        waiting = asyncio.wrap_future(running)
        try:
            if self._deadline is not None:
                await self._until_late(waiting, running)
            return await asyncio.shield(waiting)
        except asyncio.CancelledError as cancelled:
            if running.cancelled() and self._left is not None and self._store is not None:
                self._store.usable()
            if not running.cancel():
                await self._stop(waiting, cancelled)
            raise

    async def _until_late(self, waiting: asyncio.Future[Any], running: Future[Any]) -> None:
        """Wait until a job is done; raise if a call exceeds its deadline and cannot be interrupted."""
        pause = (self._deadline or 0.0) + _GRACE
        while not (await asyncio.wait([waiting], timeout=pause))[0]:
            interruption = self._store.interruption if self._store is not None else None
            remaining = interruption.remaining if interruption is not None else None
            if interruption is None or remaining is None:
                pause = _GRACE
            elif remaining > -_GRACE:
                pause = remaining + _GRACE
            else:
                try:
                    interruption.check_here()
                except BaseException as cause:
                    self._leave(cause)
                    if running.running():
                        waiting.add_done_callback(_seen)
                        raise

    async def discard(self, handle: Handle) -> None:
        """Drop a handle on the thread: now, or before the next call if a call is running."""
        if self._waited_for is not None and asyncio.current_task() is self._waited_for:
            Handle._drop(handle)
            return
        try:
            await self.run(partial(Handle._drop, handle))
        except StoreDeadError:
            Handle._drop(handle)

    async def _stop(self, waiting: asyncio.Future[Any], cause: BaseException) -> None:
        """Stop the job on the thread and wait for it, but not for a host function that does not return."""
        gives_up = time.monotonic() + _GRACE
        while not waiting.done():
            if self._store is not None:
                self._store.interrupt(cause)
            pending = self._pending
            if pending is not None:
                pending.cancel()
            await asyncio.wait([waiting], timeout=_ASK_AGAIN)
            if time.monotonic() > gives_up and not waiting.done():
                self._leave(cause)
                waiting.add_done_callback(_seen)
                return
        _seen(waiting)

    def _leave(self, cause: BaseException) -> None:
        """Abandon the thread: its store is dead, and queued calls end."""
        if self._left is None:
            self._left = cause
            if self._store is not None:
                self._store._break(cause)
            for job in tuple(self._jobs):
                job.cancel()

    async def close(self, world: World) -> None:
        """Close the store, even if the coroutine that waits for it is cancelled."""
        if self._is_lost:
            self._ended = True
            if self._store is not None:
                self._store.raw.forget()
            return
        if not self._ended:
            if self._closing is None:
                self._closing = asyncio.ensure_future(self._close(world))
            await asyncio.shield(self._closing)

    async def _close(self, world: World) -> None:
        try:
            await self._end_calls()
            if self._left is None:
                await self.run(partial(World.close, world))
            else:
                # Once the host function has returned.
                self._thread.submit(World.close, world)
        finally:
            self.end()

    async def _end_calls(self) -> None:
        """End the running call and the queued ones."""
        calls = [asyncio.wrap_future(job) for job in self._jobs]
        if calls:
            ended = asyncio.gather(*calls, return_exceptions=True)
            await self._stop(ended, HostError("the world was closed while this call was in progress"))

    def end(self) -> None:
        self._ended = True
        self._thread.shutdown(wait=False)

    def abandon(self) -> bool:
        """Let the thread end because the process exits; return whether a job is running on it."""
        if self._is_lost:
            return False
        for job in tuple(self._jobs):
            job.cancel()
        if self._store is not None:
            self._store.interrupt(HostError("the interpreter is ending"))
        if self._pending is not None:
            self._pending.cancel()
        return any(not job.done() for job in tuple(self._jobs))


_workers: WeakSet[_Worker] = WeakSet()


def _at_exit() -> None:
    """Stop the jobs on the threads of stores: the interpreter waits for those threads before it exits."""
    gives_up = time.monotonic() + _GRACE
    while sum(worker.abandon() for worker in tuple(_workers)) and time.monotonic() < gives_up:
        time.sleep(_ASK_AGAIN)


# `atexit` callbacks run only after those threads have ended, so this uses the hook that `concurrent.futures` uses.
getattr(threading, "_register_atexit", atexit.register)(_at_exit)


def _done(job: Callable[[], T]) -> T:
    """Run a job. An asyncio future accepts every exception but `StopIteration`."""
    try:
        return job()
    except StopIteration as stop:
        raise RuntimeError("host code raised StopIteration") from stop


def _seen(future: asyncio.Future[Any]) -> None:
    """Mark a future's outcome as retrieved: its caller gets another error."""
    if not future.cancelled():
        future.exception()
