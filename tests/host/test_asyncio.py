"""The asyncio API: the loop goes on while a guest runs, host methods may be coroutines, cancelling stops the guest."""

from __future__ import annotations

import _weakrefset
import asyncio
import gc
import sys
import threading
import time
import warnings
import weakref
from collections.abc import Coroutine
from contextlib import asynccontextmanager
from types import FrameType
from typing import Any, ClassVar, TypeVar

import pytest

from tests.host.test_limits import TEXT as LIMITS
from tests.host.test_limits import Imports as Waits
from tests.host.test_limits import Limited
from tests.host.things import TEXT, Counted, Imports, Things, World
from witgen_runtime import host
from witgen_runtime.host import store_thread

T = TypeVar("T")


class AsyncTestWorld(host.AsyncWorld[Any]):
    """What generated code has."""

    @classmethod
    async def things(cls, imports: Any) -> AsyncTestWorld:
        return await cls._open(World, TEXT, imports)

    @classmethod
    async def limits(cls, **limits: Any) -> AsyncTestWorld:
        return await cls._open(Limited, LIMITS, Waits, limits=host.Limits(**limits))

    async def call(self, name: str, *values: Any) -> Any:
        return await host.run_in_store(self, getattr(self._world, name), *values)


def run(main: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(asyncio.wait_for(main, 20))


@asynccontextmanager
async def ticking(least: int) -> Any:
    """Fail if the loop does not go round so often meanwhile; while it waits for a guest it does not at all."""
    ticks, stop = 0, asyncio.Event()

    async def tick() -> None:
        nonlocal ticks
        while not stop.is_set():
            await asyncio.sleep(0.005)
            ticks += 1

    task = asyncio.create_task(tick())
    yield
    stop.set()
    await task
    assert ticks >= least


class Slow(Things):
    """Implemented with coroutines."""

    async def sum(self, a: Counted, b: Counted) -> int:  # type: ignore[override]
        await asyncio.sleep(0.05)
        return a.n + b.n

    async def take(self, x: Counted) -> None:  # type: ignore[override]
        self.thread = threading.current_thread()
        await asyncio.sleep(60)


class Mine(Counted):
    """A resource with coroutines."""

    drops: ClassVar[list[int]] = []

    async def number(self) -> int:  # type: ignore[override]
        await asyncio.sleep(0.01)
        return self.n

    async def dropped(self) -> None:  # type: ignore[override]
        await asyncio.sleep(0.01)
        self.drops.append(self.n)


def test_host_methods_may_be_coroutines() -> None:
    async def main() -> None:
        Mine.drops.clear()
        async with await AsyncTestWorld.things(Imports(Slow(Mine))) as world, ticking(4):
            assert await world.call("numbers", Mine(1), Mine(2)) == 3
            assert await world.call("cycle", 7) == 7
            assert Mine.drops == [7]
            await world.call("keep", Mine(8))
        assert Mine.drops == [7, 8]

    run(main())


def test_ordinary_methods_and_exceptions() -> None:
    async def main() -> None:
        async with await AsyncTestWorld.things(Imports(Things(Counted))) as world:
            assert await world.call("cycle", 7) == 7
            assert await asyncio.gather(*(world.call("cycle", n) for n in range(20))) == list(range(20))
            with pytest.raises(TypeError, match="expected int"):
                await world.call("cycle", "x")
            with pytest.raises(RuntimeError, match="no such number"):
                await world.call("cycle", 666)
            with pytest.raises(host.StoreDeadError):
                await world.call("cycle", 1)

    run(main())


def test_the_loop_goes_on_while_the_guest_works() -> None:
    async def main() -> None:
        async with await AsyncTestWorld.limits() as world, ticking(10):
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(world.call("spin"), 0.3)

    run(main())


@pytest.mark.parametrize("function", ["spin", "spin_through_host"])
def test_cancelling_stops_the_guest(function: str) -> None:
    async def main() -> None:
        async with await AsyncTestWorld.limits() as world:
            task = asyncio.create_task(world.call(function))
            await asyncio.sleep(0.1)
            task.cancel()
            began = time.monotonic()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert time.monotonic() - began < 0.5
            with pytest.raises(host.StoreDeadError) as dead:
                await world.call("add", 1, 2)
            assert isinstance(dead.value.__cause__, asyncio.CancelledError)

    run(main())


def test_cancelling_while_a_coroutine_of_the_host_runs() -> None:
    async def main() -> None:
        slow = Slow(Counted)
        async with await AsyncTestWorld.things(Imports(slow)) as world:
            task = asyncio.create_task(world.call("give", 3))
            await asyncio.sleep(0.1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert slow.thread is threading.current_thread()

    run(main())


def test_cancelling_a_call_that_waits_for_its_turn() -> None:
    async def main() -> None:
        async with await AsyncTestWorld.things(Imports(Slow(Counted))) as world:
            first = asyncio.create_task(world.call("numbers", Counted(1), Counted(2)))
            second = asyncio.create_task(world.call("cycle", 1))
            await asyncio.sleep(0.01)
            second.cancel()
            with pytest.raises(asyncio.CancelledError):
                await second
            assert await first == 3
            assert await world.call("cycle", 4) == 4

    run(main())


def test_a_coroutine_that_calls_the_component_that_waits_for_it() -> None:
    world: Any = None
    called: list[asyncio.Task[Any]] = []

    class Back(Things):
        async def sum(self, a: Counted, b: Counted) -> int:  # type: ignore[override]
            called.append(asyncio.create_task(world.call("cycle", 4)))
            return int(await world.call("cycle", 3))

    async def main() -> None:
        nonlocal world
        async with await AsyncTestWorld.things(Imports(Back(Counted))) as world:
            with pytest.raises(host.HostError, match="a coroutine cannot call the component that waits for it"):
                await world.call("numbers", Counted(1), Counted(2))
            with pytest.raises(host.StoreDeadError):
                await called[0]

    run(main())


def test_a_deadline_in_the_asyncio_face() -> None:
    async def main() -> None:
        async with await AsyncTestWorld.limits(deadline=0.1) as world:
            with pytest.raises(host.DeadlineError):
                await world.call("spin")

    run(main())


def test_closing_twice_and_a_component_that_does_not_open() -> None:
    async def main() -> None:
        world = await AsyncTestWorld.things(Imports(Things(Counted)))
        await world.close()
        await world.close()
        with pytest.raises(host.StoreDeadError, match="this store is closed"):
            await world.call("cycle", 1)
        with pytest.raises(host.LinkError):
            await AsyncTestWorld.things(object())

    run(main())
    for thread in threading.enumerate():
        if thread.name.startswith("store"):
            thread.join(5)
            assert not thread.is_alive()


def test_a_coroutine_whose_loop_is_closed() -> None:
    """Another loop may use the world as long as nothing needs the one that opened it."""

    async def open_() -> AsyncTestWorld:
        return await AsyncTestWorld.things(Imports(Slow(Mine)))

    world = run(open_())

    async def main() -> None:
        assert await world.call("drops") == 0
        with pytest.raises(host.HostError, match="the event loop that opened this world is closed; open the world on"):
            await world.call("numbers", Mine(1), Mine(2))
        await world.close()

    with warnings.catch_warnings():
        warnings.simplefilter("error")  # of coroutines that nobody awaits
        run(main())


def test_a_coroutine_whose_loop_does_not_run() -> None:
    """It would wait for a loop that nobody runs."""
    own = asyncio.new_event_loop()
    world = own.run_until_complete(AsyncTestWorld.things(Imports(Slow(Mine))))

    async def main() -> None:
        with pytest.raises(
            host.HostError, match="the event loop that opened this world is not running; open the world"
        ):
            await asyncio.wait_for(world.call("numbers", Mine(1), Mine(2)), 20)

    run(main())
    own.run_until_complete(world.close())
    own.close()


def test_a_world_that_is_garbage_runs_no_callbacks_of_weak_references() -> None:
    """CPython drops what a signal's handler raises there, on the main thread as well."""
    held = list[object]()

    async def main() -> None:
        async with await AsyncTestWorld.limits() as world:
            held.append(vars(world)["_thread"])

    run(main())
    gc.collect()
    ran = list[str]()

    def look(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename in (weakref.__file__, _weakrefset.__file__):
            ran.append(frame.f_code.co_qualname)

    sys.setprofile(look)
    held.clear()
    gc.collect()
    sys.setprofile(None)
    assert ran == []


def test_worlds_that_are_garbage_are_forgotten() -> None:
    async def main() -> None:
        worlds = [await AsyncTestWorld.limits() for _ in range(200)]
        for world in worlds:
            await world.close()

    run(main())
    gc.collect()
    run(main())
    gc.collect()
    assert len(store_thread._threads) < 300
