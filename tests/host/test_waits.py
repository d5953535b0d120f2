"""Deadlines and cancellation reach every wait: in WASI, in the host, on streams; and waits are still right."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any, Self

import pytest
import wasmtime

from tests.host.waiting import TEXT, AsyncWaiting, Imports, Waiting
from witgen_runtime import host
from witgen_runtime.host.adapters.compose.waits import bound_waits

HOUR = 3600 * 10**9
MOMENT = 10**6

BOUNDED = [pytest.param({"deadline": 60}, id="bounded"), pytest.param({}, id="plain")]


def open_(text: str = TEXT, imports: object = Imports, **limits: Any) -> Waiting:
    return Waiting._open(text, imports, limits=host.Limits(**limits))


class Took:
    """How long something takes."""

    def __enter__(self) -> Self:
        self.began = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.monotonic() - self.began


@pytest.mark.parametrize(
    "job",
    [lambda world: world.nap(HOUR), lambda world: world.pump(MOMENT), lambda world: world.first(HOUR, HOUR)],
    ids=["block", "many", "poll"],
)
def test_a_deadline_ends_a_guest_that_sleeps(job: Callable[[Any], object]) -> None:
    world = open_(deadline=0.3)
    world.nap(MOMENT)
    with Took() as took, pytest.raises(host.DeadlineError) as caught:
        job(world)
    assert 0.3 <= took.seconds < 2
    assert world._store.dead is caught.value
    world.close()


def test_interrupt_ends_a_guest_that_sleeps() -> None:
    world = open_(interruptible=True)
    reason = RuntimeError("nobody waits for it")
    threading.Timer(0.1, lambda: world._store.interrupt(reason)).start()
    with Took() as took, pytest.raises(RuntimeError) as caught:
        world.nap(HOUR)
    assert caught.value is reason
    assert took.seconds < 2


@pytest.mark.parametrize("limits", BOUNDED)
def test_waits_are_still_right(limits: dict[str, Any]) -> None:
    with open_(**limits) as world:
        with Took() as took:
            world.nap(150 * MOMENT)
        assert 0.15 <= took.seconds < 2
        # 100 times the number of those that were ready, and the first of them.
        assert world.first(30 * MOMENT, HOUR) == 100
        assert world.first(HOUR, 30 * MOMENT) == 101
        assert world.first(0, HOUR) == 100
        for _ in range(200):
            world.nap(1)


@pytest.mark.parametrize("limits", BOUNDED)
def test_an_empty_list_is_wasmtimes_to_refuse(limits: dict[str, Any]) -> None:
    with open_(**limits) as world, pytest.raises(host.HostError, match="empty poll list"):
        world.none()


@pytest.mark.parametrize("version", ["0.2.0", "0.2.6", "0.2.12"])
def test_any_release_of_wasi(version: str) -> None:
    with open_(TEXT.replace("0.2.3", version), deadline=0.2) as world, pytest.raises(host.DeadlineError):
        world.nap(HOUR)


def test_a_component_that_helpers_cannot_be_put_around_runs_as_it_is() -> None:
    module = '(core module $early (func (export "f")))\n  (core instance (instantiate $early))\n  (import "call"'
    with open_(TEXT.replace('(import "call"', module), deadline=60) as world:
        world.nap(MOMENT)
        assert world.add(1, 2) == 3


def test_only_what_waits_is_composed() -> None:
    assert bound_waits(bytes(wasmtime.wat2wasm("(component)"))) is None
    assert bound_waits(bytes(wasmtime.wat2wasm(TEXT))) is not None


# The host


def test_a_host_function_that_is_late() -> None:
    """On the plain API it is not interrupted; the call ends when it returns."""

    class Late(Imports):
        @staticmethod
        def call() -> None:
            time.sleep(0.5)

    with open_(imports=Late, deadline=0.2) as world:
        with Took() as took, pytest.raises(host.DeadlineError):
            world.call_host()
        assert 0.5 <= took.seconds < 2


class Coroutine(Imports):
    """Waits on the event loop."""

    cancelled = 0

    @classmethod
    async def call(cls) -> None:  # type: ignore[override]
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            cls.cancelled += 1
            raise


class Stubborn(Imports):
    """Does not let itself be cancelled."""

    end = asyncio.Event()

    @classmethod
    async def call(cls) -> None:  # type: ignore[override]
        while not cls.end.is_set():
            try:
                await asyncio.wait_for(cls.end.wait(), 3600)
            except asyncio.CancelledError:
                continue


class Blocking(Imports):
    """Blocks the store's thread."""

    end = threading.Event()

    @classmethod
    def call(cls) -> None:
        cls.end.wait(60)


ASYNC_JOBS = [
    pytest.param(lambda world: world.nap(HOUR), id="block"),
    pytest.param(lambda world: world.pump(MOMENT), id="many"),
    pytest.param(lambda world: world.spin(), id="spin"),
    pytest.param(lambda world: world.call_host(), id="host"),
]


@pytest.mark.parametrize("imports", [Coroutine, Stubborn, Blocking])
@pytest.mark.parametrize("job", ASYNC_JOBS)
@pytest.mark.parametrize("how", ["deadline", "cancelled"])
def test_asyncio(job: Callable[[Any], Any], imports: type, how: str) -> None:
    async def main() -> None:
        Stubborn.end = asyncio.Event()
        Blocking.end.clear()
        Coroutine.cancelled = 0
        limits = {"deadline": 0.3} if how == "deadline" else {}
        try:
            async with await AsyncWaiting.open(imports, **limits) as world:
                await world.nap(MOMENT)
                with Took() as took, pytest.raises((host.DeadlineError, TimeoutError)) as caught:
                    await asyncio.wait_for(job(world), 0.3 if how == "cancelled" else None)
                assert took.seconds < 2
                assert isinstance(caught.value, host.DeadlineError) == (how == "deadline")
                with Took() as took, pytest.raises(host.StoreDeadError):
                    await world.add(1, 2)
                assert took.seconds < 0.2
            await asyncio.sleep(0)
        finally:
            Stubborn.end.set()
            Blocking.end.set()

    asyncio.run(main())


def test_a_coroutine_is_cancelled_when_its_time_is_up() -> None:
    async def main() -> None:
        Coroutine.cancelled = 0
        async with await AsyncWaiting.open(Coroutine, deadline=0.2) as world:
            with pytest.raises(host.DeadlineError):
                await world.call_host()
            while not Coroutine.cancelled:
                await asyncio.sleep(0.001)

    asyncio.run(main())


def test_a_coroutine_that_is_in_time() -> None:
    class Quick(Imports):
        @staticmethod
        async def call() -> None:  # type: ignore[override]
            await asyncio.sleep(0.01)

    async def main() -> None:
        async with await AsyncWaiting.open(Quick, deadline=30) as world:
            for _ in range(5):
                await world.call_host()
            assert await world.add(1, 2) == 3

    asyncio.run(main())


def test_a_coroutine_that_raises_a_timeout_of_its_own() -> None:
    class Timing(Imports):
        @staticmethod
        async def call() -> None:  # type: ignore[override]
            raise TimeoutError("mine")

    async def main() -> None:
        async with await AsyncWaiting.open(Timing, deadline=30) as world:
            with pytest.raises(TimeoutError, match="mine"):
                await world.call_host()

    asyncio.run(main())


def test_calls_that_wait_behind_one_that_does_not_end() -> None:
    async def main() -> None:
        Blocking.end.clear()
        try:
            async with await AsyncWaiting.open(Blocking) as world:
                stuck = asyncio.ensure_future(world.call_host())
                queued = asyncio.ensure_future(world.add(1, 2))
                await asyncio.sleep(0.05)
                stuck.cancel()
                with Took() as took, pytest.raises(host.StoreDeadError):
                    await queued
                assert took.seconds < 2
                with pytest.raises(asyncio.CancelledError):
                    await stuck
        finally:
            Blocking.end.set()

    asyncio.run(main())


def test_opening_is_cancelled() -> None:
    text = TEXT.replace('(func (export "spin")', '(start $spin) (func $spin (export "spin")', 1)

    class Spinning(AsyncWaiting):
        @classmethod
        async def open(cls, imports: object, **limits: Any) -> AsyncWaiting:
            return await cls._open(Waiting, text, imports, limits=host.Limits(**limits))

    async def main() -> None:
        with Took() as took, pytest.raises(TimeoutError):
            await asyncio.wait_for(Spinning.open(Imports), 0.3)
        assert took.seconds < 3
        with Took() as took, pytest.raises(host.DeadlineError):
            await Spinning.open(Imports, deadline=0.3)
        assert took.seconds < 3

    asyncio.run(main())


# Streams
