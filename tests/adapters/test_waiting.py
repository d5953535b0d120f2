"""Many async calls at once, and calls that a guest gives up: what only component text can ask for exactly."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine
from contextvars import ContextVar
from statistics import median
from typing import Any

import pytest

from tests.adapters.async_guest import TEXT, Waiting, function, waiting
from witgen_runtime import abi, host
from witgen_runtime.host.adapters.calling.subtasks import Subtasks


class AsyncWaiting(host.AsyncWorld[Waiting]):
    """The asyncio API."""

    async def all(self, count: int) -> Any:
        return await host.run_in_store(self, self._world.all, count)

    async def give_up(self, n: int) -> Any:
        return await host.run_in_store(self, self._world.give_up, n)


def test_a_hundred_calls_in_threads() -> None:
    together = threading.Barrier(100, timeout=20)

    def wait(n: int) -> int:
        # Nobody passes before all are under way.
        together.wait()
        return n

    with Waiting._open(TEXT, waiting(wait)) as world:
        assert host.adapters_of(world).polled == ("import wait",)
        assert world.all(100) == sum(range(100))


def test_a_thousand_calls_on_the_loop() -> None:
    async def main() -> None:
        under_way, everybody = 0, asyncio.Event()

        async def wait(n: int) -> int:
            nonlocal under_way
            under_way += 1
            if under_way == 1000:
                everybody.set()
            await everybody.wait()
            return n

        async with await AsyncWaiting._open(Waiting, TEXT, waiting(wait)) as world:
            assert await world.all(1000) == sum(range(1000))

    asyncio.run(asyncio.wait_for(main(), 30))


def test_calls_of_exports_wait_for_their_turn() -> None:
    async def main() -> None:
        log: list[str] = []

        async def wait(n: int) -> int:
            log.append(f"begins {n}")
            await asyncio.sleep(0.01)
            log.append(f"ends {n}")
            return n

        async with await AsyncWaiting._open(Waiting, TEXT, waiting(wait)) as world:
            assert await asyncio.gather(world.all(1), world.all(2)) == [0, 1]
        assert log == ["begins 0", "ends 0", "begins 0", "begins 1", "ends 0", "ends 1"]

    asyncio.run(asyncio.wait_for(main(), 30))


def test_a_guest_cancels_a_coroutine() -> None:
    async def main() -> None:
        log: list[str] = []

        async def wait(n: int) -> int:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                log.append(f"cancelled {n}")
                raise
            return n

        async with await AsyncWaiting._open(Waiting, TEXT, waiting(wait)) as world:
            assert await world.give_up(7) == 4
            await asyncio.sleep(0.01)
            assert log == ["cancelled 7"]
            assert await world.give_up(8) == 4

    asyncio.run(asyncio.wait_for(main(), 30))


def test_a_guest_gives_a_thread_up() -> None:
    release = threading.Event()

    def wait(n: int) -> int:
        release.wait(20)
        return n

    with Waiting._open(TEXT, waiting(wait)) as world:
        assert world.give_up(1) == 4
        release.set()
        assert world.all(5) == 10


def test_a_guest_cancels_a_coroutine_that_a_plain_function_returned() -> None:
    async def main() -> None:
        log: list[str] = []

        async def sleep(n: int) -> int:
            log.append(f"sleeps {n}")
            try:
                await asyncio.sleep(3600)
            finally:
                log.append(f"ends {n}")
            return n

        def wait(n: int) -> Coroutine[Any, Any, int]:
            return sleep(n)

        async with await AsyncWaiting._open(Waiting, TEXT, waiting(wait)) as world:
            call = asyncio.create_task(world.all(1))
            while not log:
                await asyncio.sleep(0.01)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            await asyncio.sleep(0.05)
            assert log == ["sleeps 0", "ends 0"]

    asyncio.run(asyncio.wait_for(main(), 30))


def test_worlds_in_one_store_wait_together() -> None:
    ended: list[float] = []

    def wait(n: int) -> int:
        time.sleep(0.03)
        ended.append(time.perf_counter())
        return n

    late: list[float] = []
    with host.Store(concurrent=True) as store:
        worlds = [Waiting._instantiate(store, TEXT, waiting(wait)) for _ in range(2)]
        for world in worlds * 10:
            assert world.all(1) == 0
            late.append(time.perf_counter() - ended[-1])
    # Without a wake-up it would be half of a pause, which has grown to twenty milliseconds by then.
    assert median(late[::2]) < 0.008
    assert median(late[1::2]) < 0.008


def test_a_guest_wakes_up_when_one_of_many_calls_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    gates = [threading.Event() for _ in range(100)]
    opened, waited, take = dict[int, float](), list[float](), Subtasks.take

    def timed(subtasks: Subtasks, subtask: int) -> object:
        number = take(subtasks, subtask)
        assert isinstance(number, int)
        waited.append(time.perf_counter() - opened[number])
        return number

    under_way = threading.Semaphore(0)

    def wait(n: int) -> int:
        under_way.release()
        gates[n].wait(20)
        opened[n] = time.perf_counter()
        return n

    def release() -> None:
        for _ in gates:
            under_way.acquire()
        for gate in gates:
            time.sleep(0.003)
            gate.set()

    monkeypatch.setattr(Subtasks, "take", timed)
    with Waiting._open(TEXT, waiting(wait)) as world:
        threading.Thread(target=release).start()
        assert world.all(100) == sum(range(100))
    # Two milliseconds on a quiet machine; without a wake-up it would be the longest pause, twenty.
    assert median(waited) < 0.01


def test_a_host_of_plain_functions_only_is_told() -> None:
    async def wait(n: int) -> int:
        return n

    with pytest.raises(
        host.LinkError, match=r"wait: async func\(n: u32\) -> u32 \(it is `async def`: only the asyncio"
    ):
        Waiting._open(TEXT, waiting(wait))


class _WithMore(Waiting):
    """A world with a function that the component does not use."""

    _definition = host.Definition(
        "test:adapters/more",
        (host.Import("", abi.Interface("", (), (function("wait", "n"), function("more", "n")))),),
        Waiting._definition.exports,
    )


def test_a_component_that_does_not_use_all_async_functions() -> None:
    with _WithMore._open(TEXT, _both()) as world:
        assert world.all(10) == 45


def test_a_component_that_cannot_have_helpers_says_why() -> None:
    with pytest.raises(host.LinkError) as refused:
        _WithMore._open(TEXT.replace("(component", "(component (core type (func))", 1), _both())
    assert str(refused.value) == (
        "imports that are missing or do not fit: "
        "the world itself: wait: async func(n: u32) -> u32 (wasmtime's C API cannot implement it, and adapters cannot"
        " be put around the component: wait: an import of the component follows core types or code)"
    )


def _both() -> Any:
    return type("Imports", (), {"wait": staticmethod(abs), "more": staticmethod(abs)})


def test_exceptions_come_out() -> None:
    failure = LookupError("nothing")

    def wait(n: int) -> int:
        if n == 3:
            raise failure
        time.sleep(0.01)
        return n

    with Waiting._open(TEXT, waiting(wait)) as world:
        with pytest.raises(LookupError) as caught:
            world.all(10)
        assert caught.value is failure
        with pytest.raises(host.StoreDeadError):
            world.all(1)


def test_work_of_async_functions_has_the_context_variables_of_the_call() -> None:
    request = ContextVar("request", default="none")

    def wait(n: int) -> int:
        return len(request.get()) + n

    async def wait_awaited(n: int) -> int:
        await asyncio.sleep(0)
        return wait(n)

    async def one(world: AsyncWaiting, name: str) -> int:
        request.set(name)
        return int(await world.all(2))

    async def main(implementation: Any) -> None:
        async with host.Opening(AsyncWaiting._open(Waiting, TEXT, waiting(implementation))) as world:
            assert await asyncio.gather(one(world, "a"), one(world, "bbb"), one(world, "")) == [3, 7, 1]

    asyncio.run(asyncio.wait_for(main(wait), 30))
    asyncio.run(asyncio.wait_for(main(wait_awaited), 30))
    request.set("plain")
    with Waiting._open(TEXT, waiting(wait)) as world:
        assert world.all(2) == 11
