"""The asyncio face: a world whose store lives on a thread of its own, so that the event loop is never blocked."""

# pyright: reportPrivateUsage=false
# ruff: noqa: SLF001
# Worlds keep what is the runtime's under names with an underscore, because WIT may give their functions any other.

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any, Generic, ParamSpec, Self, TypeVar

import wasmtime

from ..values import Unique
from .component import ComponentSource
from .errors import HostError
from .lanes.options import Lanes
from .limits import Limits
from .store import Store
from .world import World

__all__ = ["AsyncWorld", "run_any_in_store", "run_in_store"]

P = ParamSpec("P")
T = TypeVar("T")
W = TypeVar("W", bound=World)

_ASK_AGAIN = 0.02
"""Seconds until a call that does not end is asked to end once more: it may not have been inside wasm yet."""


class AsyncWorld(Unique, Generic[W]):
    """Base of the generated asyncio faces. Calls are made one after another, in the order in which they are awaited.

    Methods of the host may be `async def`: they run on the loop that opened the world, while the guest waits.
    Cancelling a call interrupts the guest, and the store is dead afterwards, with the cancellation as its cause.
    """

    _WHY_UNIQUE = "is an open component"

    def __init__(self, world: W, worker: _Worker) -> None:
        self._world = world
        self._lanes = world._lanes
        self._worker = worker
        self._bind()

    def _bind(self) -> None:
        """Take the exported interfaces from the world."""

    @classmethod
    async def _open(
        cls,
        world: type[W],
        component: ComponentSource,
        imports: object,
        *,
        wasi: wasmtime.WasiConfig | None = None,
        limits: Limits | None = None,
        lanes: Lanes | None = None,
    ) -> Self:
        """Run a component in a store of its own; it is compiled and started on the store's thread too."""
        worker = _Worker(asyncio.get_running_loop())
        interruptible = replace(limits or Limits(), interruptible=True)
        try:
            opened = await worker.run(partial(worker.open, world, component, imports, wasi, interruptible, lanes))
        except BaseException:
            worker.end()
            raise
        return cls(opened, worker)

    async def close(self) -> None:
        """Close the store; twice is fine. Calls that are under way or wait for their turn end with a `HostError`."""
        await self._worker.close(self._world)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._worker.close(self._world)


async def run_in_store(face: AsyncWorld[Any], function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """Call something of a world on its store's thread: a method of a resource, a class of one, `drop`."""
    return await face._worker.run(partial(function, *arguments, **named))


async def run_any_in_store(face: AsyncWorld[Any], function: Callable[..., Any], *arguments: Any) -> Any:
    """`run_in_store` for generated code whose types say what those of the plain face cannot."""
    return await face._worker.run(partial(function, *arguments))


class _Worker:
    """The thread of one store, and its way back to the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._store: Store | None = None
        self._pending: Future[Any] | None = None
        self._waited_for: asyncio.Task[Any] | None = None
        """Runs what the thread waits for."""
        self._ended = False
        self._closing: asyncio.Task[None] | None = None
        self._jobs: set[Future[Any]] = set()
        """What waits for the thread or runs there, but for what only lets guests go on."""

    def open(
        self,
        world: type[W],
        component: ComponentSource,
        imports: object,
        wasi: wasmtime.WasiConfig | None,
        limits: Limits,
        lanes: Lanes | None,
    ) -> W:
        return world._open_with(component, imports, wasi=wasi, limits=limits, lanes=lanes, prepare=self._adopt)

    def _adopt(self, store: Store) -> None:
        self._store = store
        store.finish = self._finish
        store.loop = self._loop
        store.around.is_wanted = lambda: any(not job.running() and not job.done() for job in tuple(self._jobs))
        store.around.run_here = self._run_aside

    def _finish(self, value: object) -> object:
        """Return what an implementation returned, or what it comes to where it is awaitable; on the store's thread."""
        if not inspect.isawaitable(value):
            return value

        async def wait() -> object:
            self._waited_for = asyncio.current_task()
            try:
                return await value
            finally:
                self._waited_for = None

        pending = self._pending = asyncio.run_coroutine_threadsafe(wait(), self._loop)
        try:
            return pending.result()
        except CancelledError:
            if self._store is not None and self._store.interruption is not None:
                self._store.interruption.check_here()  # who stops the call says why
            raise
        finally:
            self._pending = None

    async def _run_aside(self, job: Callable[[], T]) -> T:
        """Run a job that ends when another one waits for the thread."""
        return await asyncio.wrap_future(self._thread.submit(_done, job))

    async def run(self, job: Callable[[], T]) -> T:
        """Run a job on the thread. Where this is cancelled, the job is stopped and waited for."""
        if self._ended and self._store is not None:
            self._store.usable()
        if self._waited_for is not None and asyncio.current_task() is self._waited_for:
            raise HostError("a coroutine cannot call the component that waits for it; a task of its own can, later")
        running = self._thread.submit(_done, job)
        self._jobs.add(running)
        running.add_done_callback(self._jobs.discard)
        waiting = asyncio.wrap_future(running)
        try:
            return await asyncio.shield(waiting)
        except asyncio.CancelledError as cancelled:
            if not running.cancel():
                await self._stop(waiting, cancelled)
            raise

    async def _stop(self, waiting: asyncio.Future[Any], cause: BaseException) -> None:
        while not waiting.done():
            if self._store is not None:
                self._store.interrupt(cause)
            pending = self._pending
            if pending is not None:
                pending.cancel()
            await asyncio.wait([waiting], timeout=_ASK_AGAIN)
        if not waiting.cancelled():
            waiting.exception()  # seen: the caller gets the cancellation

    async def close(self, world: World) -> None:
        """Close the store, whatever becomes of who waits for that."""
        if not self._ended:
            if self._closing is None:
                self._closing = asyncio.ensure_future(self._close(world))
            await asyncio.shield(self._closing)

    async def _close(self, world: World) -> None:
        try:
            await self._end_calls()
            await self.run(partial(World.close, world))
        finally:
            self.end()

    async def _end_calls(self) -> None:
        """End the call that is under way, and those that wait for their turn."""
        calls = [asyncio.wrap_future(job) for job in self._jobs]
        if calls:
            ended = asyncio.gather(*calls, return_exceptions=True)
            await self._stop(ended, HostError("the world was closed while this call was under way"))

    def end(self) -> None:
        self._ended = True
        self._thread.shutdown(wait=False)


def _done(job: Callable[[], T]) -> T:
    """Do a job; a future of asyncio's takes any exception but one."""
    try:
        return job()
    except StopIteration as stop:
        raise RuntimeError("host code raised StopIteration") from stop
