"""The instances of a served component: opened ahead of need, used for some requests, closed."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any, ClassVar, Final

from ..linking.instance import Instance
from ..linking.instantiation import Setup
from ..linking.linker import Linkage
from ..linking.preparation import Prepared
from ..store_thread import StoreThread, Threads
from ..world import World
from .exchange import Exchange
from .generations import Generation
from .options import Serving

__all__ = ["Instances", "ServedInstance", "ServedWorld"]


_GRACE: Final = 5.0
"""Seconds that guests may go on after their responses when the server ends."""


class ServedWorld(World):
    """Base of a world whose handler is called for each request."""

    _generation: ClassVar[Generation]

    def _bind(self, instance: Instance) -> None:
        handler = self._generation.handler
        self.handle: Callable[..., Any] = instance.function(handler.functions[0], handler.name)


class ServedInstance:
    """One instance, in a store with a thread.

    Attributes:
        used: how many requests it has got.
        generation: the number of the component, which grows when that is replaced.
    """

    def __init__(
        self,
        thread: StoreThread,
        world: ServedWorld,
        answer: Callable[[Callable[..., Any], Exchange], None],
        generation: int,
    ) -> None:
        self._thread, self._world, self._answer = thread, world, answer
        self.generation = generation
        self.used = 0

    @classmethod
    async def open(
        cls,
        world: type[ServedWorld],
        component: Prepared,
        imports: object,
        wanted: Serving,
        generation: int,
        threads: Threads,
    ) -> ServedInstance:
        """Open an instance on the running loop, in one of some threads."""
        made = list[Callable[[Callable[..., Any], Exchange], None]]()
        wasi_http = world._generation  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  (see `World`)

        def define(linkage: Linkage) -> None:
            made.append(wasi_http.link(linkage))

        options, setup = wanted.opening(), Setup(on_linkage=define, linked_alike=(wasi_http,))
        thread = StoreThread(asyncio.get_running_loop(), options.limits.deadline, threads)
        try:
            opened = await thread.run(
                partial(thread.open, world, component, wasi_http.imports(imports), options, setup)
            )
        except BaseException:
            thread.end()
            raise
        return cls(thread, opened, made[-1], generation)

    async def handle(self, exchange: Exchange) -> None:
        """Have the guest answer a request; return when it has ended. Cancelling this stops the guest."""
        self.used += 1
        await self._thread.run(partial(self._answer, self._world.handle, exchange))

    async def close(self) -> None:
        """Close the store; a running guest is stopped."""
        await self._thread.close(self._world)


class Instances:
    """The instances of one event loop.

    Args:
        loop: the loop.
        make: opens an instance.
        wanted: how many there may be in use, and how many are opened before they are needed.
        report: called with the exception when that fails.

    Attributes:
        generation: the number of the current component.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        make: Callable[[], Awaitable[ServedInstance]],
        wanted: Serving,
        report: Callable[[Exception], None],
    ) -> None:
        self.loop = loop
        self._make, self._wanted, self._report = make, wanted, report
        self._slots = asyncio.Semaphore(wanted.instances)
        self._free: deque[ServedInstance] = deque()
        self._opening = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended = False
        self.generation = 0

    async def take(self) -> ServedInstance:
        """Return an instance that is free; it has to be released."""
        await self._slots.acquire()
        try:
            instance = self._next_free() or await self._make()
        except BaseException:
            self._slots.release()
            raise
        self.refill()
        return instance

    def _next_free(self) -> ServedInstance | None:
        with suppress(IndexError):  # another thread's loop may have closed the last one
            return self._free.popleft()
        return None

    async def take_until(self, due: float | None) -> ServedInstance:
        """Return an instance that is free, or raise `TimeoutError` at a time of the loop.

        `asyncio.timeout` would refer to the running task: CPython crashes when it collects a coroutine that drops the
        last reference to its own task while it is closed, as the garbage of an abandoned loop may.
        """
        if not self._slots.locked() and (instance := self._next_free()) is not None:
            await self._slots.acquire()  # at once
            self.refill()
            return instance
        taking = asyncio.ensure_future(self.take())
        remaining = None if due is None else max(0.0, due - asyncio.get_running_loop().time())
        try:
            await asyncio.wait({taking}, timeout=remaining)
        except asyncio.CancelledError:
            self._decline(taking)
            raise
        if not taking.done():
            self._decline(taking)
            raise TimeoutError
        return taking.result()

    def _decline(self, taking: asyncio.Task[ServedInstance]) -> None:
        """Do without an instance that is being taken."""

        def release(taken: asyncio.Task[ServedInstance]) -> None:
            if not taken.cancelled() and taken.exception() is None:
                self.in_background(self.release(taken.result(), intact=True))

        taking.add_done_callback(release)
        taking.cancel()

    async def release(self, instance: ServedInstance, *, intact: bool) -> None:
        """Let an instance answer another request if it is intact and may, or close it."""
        self._slots.release()
        if intact and instance.used < self._wanted.requests and self._is_current(instance):
            self._free.appendleft(instance)
        else:
            await instance.close()

    def _is_current(self, instance: ServedInstance) -> bool:
        return instance.generation == self.generation and not self._ended

    def refill(self) -> None:
        """Open instances until enough of them are free."""
        while not self._ended and len(self._free) + self._opening < self._wanted.ahead:
            self._opening += 1
            self.in_background(self._open_ahead())

    async def _open_ahead(self) -> None:
        try:
            instance = await self._make()
        except Exception as error:  # noqa: BLE001  (whatever it is, the request that needs an instance gets it, too)
            self._report(error)
            return
        finally:
            self._opening -= 1
        if self._is_current(instance):
            self._free.append(instance)
        else:
            await instance.close()

    def renew(self) -> None:
        """Stop using the instances that were opened so far."""
        self.generation += 1
        self._close_free()
        self.refill()

    def _close_free(self) -> None:
        while self._free:
            self.in_background(self._free.popleft().close())

    def in_background(self, work: Coroutine[Any, Any, None]) -> None:
        """Do some work that nobody waits for, before this ends."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def leave(self) -> list[ServedInstance]:
        """Return the instances that are free, because the loop has ended."""
        self._ended = True
        free = list[ServedInstance]()
        while self._free:  # one by one: that loop may be another thread's, which takes some meanwhile
            with suppress(IndexError):
                free.append(self._free.popleft())
        return free

    async def close(self) -> None:
        """Close the instances that are free, and those in use when their guests end, which are stopped soon."""
        self._ended = True
        self._close_free()
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=_GRACE)
        for task in self._tasks:
            task.cancel()
        while self._tasks:
            await asyncio.wait(set(self._tasks))
