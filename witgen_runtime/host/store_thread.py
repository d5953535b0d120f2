"""The thread of one store of the asyncio API: it runs all calls, so that the event loop is never blocked."""

# pyright: reportPrivateUsage=false
# ruff: noqa: SLF001
# Handles keep their state under names with an underscore, because WIT may give their methods any other.

from __future__ import annotations

import asyncio
import atexit
import inspect
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar
from weakref import ref

from . import forking
from .component import ComponentSource
from .errors import HostError, StoreDeadError
from .linking.instantiation import Setup
from .linking.preparation import Prepared
from .open_options import Chosen
from .store.resource import Handle
from .store.store import Store
from .world import World, open_world

__all__ = ["StoreThread", "Threads"]

T = TypeVar("T")
W = TypeVar("W", bound=World)

_ASK_AGAIN = 0.02
"""Seconds between attempts to interrupt a call: it may not have entered wasm at the first one."""

_FORKED = (
    "this world was opened before the process was forked, and the thread of its store does not exist in this process: "
    "open it again"
)

_MOST_FREE = 8
"""How many threads wait for another store."""

_GRACE = 0.3
"""Seconds to wait for an interrupted call; after that its host function is taken not to return."""


def _new_thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="store")


_NO_THREAD = _new_thread()
"""Takes no jobs any more."""
_NO_THREAD.shutdown()


class Threads:
    """Threads that run one store after another: starting one blocks the event loop until the thread runs."""

    def __init__(self) -> None:
        self._free: list[ThreadPoolExecutor] = []
        self._generation = forking.generation()
        self._ended = False

    def take(self) -> ThreadPoolExecutor:
        """Return a thread without jobs."""
        if self._generation != forking.generation():
            self._free.clear()  # those threads do not exist in this process
            self._generation = forking.generation()
        try:
            return self._free.pop()
        except IndexError:
            return _new_thread()

    def give_back(self, thread: ThreadPoolExecutor) -> None:
        """Let another store use a thread."""
        if self._ended or len(self._free) >= _MOST_FREE:
            thread.shutdown(wait=False)
        else:
            self._free.append(thread)

    def close(self) -> None:
        """Let the threads end: those that are free, and others when they are given back."""
        self._ended = True
        while self._free:
            self._free.pop().shutdown(wait=False)


class StoreThread:
    """The thread of one store, and its way back to the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, deadline: float | None, threads: Threads | None = None) -> None:
        self._loop = loop
        self._deadline = deadline
        self._threads = threads
        self._generation = forking.generation()
        self._left: BaseException | None = None
        """Why the thread was abandoned with a host function that does not return; the thread ends when it does."""
        self._executor = threads.take() if threads is not None else _new_thread()
        self._ident = 0
        self._store: Store | None = None
        self._pending: Future[Any] | None = None
        self._waited_for: asyncio.Task[Any] | None = None
        """Runs the coroutines that the thread waits for."""
        self._ended = False
        self._closing: asyncio.Task[None] | None = None
        self._jobs: set[Future[Any]] = set()
        """Jobs that run on the thread or wait for it, except jobs that only let guests make progress."""
        _remember(self)

    def open(
        self,
        world: type[W],
        component: ComponentSource | Prepared,
        imports: object,
        options: Chosen,
        setup: Setup | None = None,
    ) -> W:
        """Return a world in a new store that belongs to this thread; called on it."""
        own = replace(setup or Setup(linked_alike="asyncio"), on_store=self._adopt)
        return open_world(world, component, imports, options, own)

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
        return await asyncio.wrap_future(self._executor.submit(copy_context().run, _done, job))

    async def run(self, job: Callable[[], T]) -> T:
        """Run a job on the thread. If this coroutine is cancelled, stop the job and wait for it."""
        if self._is_lost:
            raise StoreDeadError(_FORKED)
        if (self._ended or self._left is not None) and self._store is not None:
            self._store.usable()
        if self._waited_for is not None and asyncio.current_task() is self._waited_for:
            raise HostError("a coroutine cannot call the component that waits for it; a separate task can, later")
        running = self._executor.submit(copy_context().run, _done, job)
        self._jobs.add(running)
        running.add_done_callback(self._jobs.discard)
        if self._store is not None:
            self._store.turns.readers.wake()
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
                self._executor.submit(World.close, world)
        except BaseException:  # also of a coroutine that is garbage with its loop, and then its thread may be, too
            self.end()
            raise
        else:
            self._end_or_lend()
        finally:
            self._closing = None  # garbage must hold no task: `asyncio` keeps those in a `WeakSet`

    async def _end_calls(self) -> None:
        """End the running call and the queued ones."""
        calls = [asyncio.wrap_future(job) for job in self._jobs]
        if calls:
            ended = asyncio.gather(*calls, return_exceptions=True)
            await self._stop(ended, HostError("the world was closed while this call was in progress"))

    def end(self) -> None:
        """Let the thread end after its last job."""
        self._ended = True
        executor, self._executor = self._executor, _NO_THREAD
        executor.shutdown(wait=False)

    def _end_or_lend(self) -> None:
        """Let the thread serve another store if it has no jobs any more."""
        if self._threads is None or self._left is not None:
            self.end()
        else:
            self._ended = True
            thread, self._executor = self._executor, _NO_THREAD
            self._threads.give_back(thread)

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


_threads: dict[int, ref[StoreThread]] = {}
"""All threads by their ids. No `WeakSet`: that has callbacks, and CPython drops what a signal's handler raises there.

The entries of those that are garbage go when there are `_FORGOTTEN` more.
"""
_FORGOTTEN = 64


def _remember(thread: StoreThread) -> None:
    if len(_threads) % _FORGOTTEN == 0:
        for key, reference in tuple(_threads.items()):
            if reference() is None and _threads.get(key) is reference:
                _threads.pop(key, None)
    _threads[id(thread)] = ref(thread)


def _living() -> list[StoreThread]:
    return [thread for reference in tuple(_threads.values()) if (thread := reference()) is not None]


def _at_exit() -> None:
    """Stop the jobs on the threads of stores: the interpreter waits for those threads before it exits."""
    gives_up = time.monotonic() + _GRACE
    while sum(thread.abandon() for thread in _living()) and time.monotonic() < gives_up:
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
