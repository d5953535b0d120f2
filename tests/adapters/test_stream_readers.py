"""Who reads streams and futures, in threads and on a loop, and stops, and sources that are cancelled."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.flow_relays import relays
from tests.adapters.test_streams import _async, awaited, plain

pytestmark = [
    pytest.mark.skipif(
        int(version("wasmtime").split(".")[0]) < 49, reason="before wasmtime 49, streams of guests trap"
    ),
    pytest.mark.slow,
]


def test_a_reader_that_is_cancelled_closed_or_out_of_date(flows: Path) -> None:
    from flows_bindings.host import AsyncFlows

    from witgen_runtime.host import HostError

    async def slow() -> Any:
        for number in range(20):
            await asyncio.sleep(0.002)
            yield number

    async def silent() -> Any:
        await asyncio.sleep(60)
        yield 1

    async def main() -> None:
        async with await AsyncFlows.open(flows, awaited([])) as world:
            reader, got = await world.doubled(slow()), list[int]()
            while len(got) < 20:
                with suppress(TimeoutError):
                    got += await asyncio.wait_for(reader.read(), 0.0015)
            assert got == list(range(0, 40, 2))
            async with await world.doubled(slow()) as left:
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(left.read(), 0.0001)
            assert await world.count(b"abc") == 3
            kept = await world.doubled(silent())
            waiting = asyncio.ensure_future(kept.read())
            await asyncio.sleep(0)
        with pytest.raises(HostError, match="this store is closed"):
            await waiting
        with pytest.raises(HostError, match="this store is closed"):
            await kept.read()

    _async(main)


def test_one_who_waits_does_not_cost_the_others(flows: Path) -> None:
    """However often others read, one job lets the guest go on for all."""
    from flows_bindings.host import AsyncFlows

    async def main() -> None:
        never = asyncio.Event()

        async def silent() -> Any:
            await never.wait()
            yield 1

        async with await AsyncFlows.open(flows, awaited([])) as world:
            silence, numbers = await world.doubled(silent()), await world.doubled(range(300))
            waiting = asyncio.ensure_future(silence.read())
            while await numbers.read(1):
                assert len(asyncio.all_tasks()) < 8
            never.set()
            assert await waiting == [2]

    _async(main)


def test_a_future_that_the_guest_does_not_want(flows: Path) -> None:
    from flows_bindings.host import Flows

    with Flows.open(flows, plain(), deadline=30) as world:
        assert [world.run("left"), world.run("numbers"), world.run("left")] == ["left", "True", "left"]


def test_a_cancelled_source_does_not_cancel_the_caller(flows: Path) -> None:
    from flows_bindings.host import AsyncFlows

    from witgen_runtime.host import HostError

    async def cancelled() -> Any:
        yield 1
        raise asyncio.CancelledError

    async def main() -> None:
        async with await AsyncFlows.open(flows, awaited([])) as world:
            with pytest.raises(HostError, match="what the host supplied for a stream or future was cancelled"):
                async for _ in await world.doubled(cancelled()):
                    pass

    _async(main)


def test_gathering_what_an_export_returned(flows: Path) -> None:
    from flows_bindings.host import AsyncFlows

    async def main() -> None:
        async with await AsyncFlows.open(flows, awaited([])) as world:
            gathered = (await world.doubled(range(2000))).gather()
            assert await asyncio.wait_for(asyncio.wrap_future(gathered), 20) == list(range(0, 4000, 2))

    _async(main)


def test_a_call_does_not_wait_for_the_elements_that_a_thread_reads(flows: Path) -> None:
    """An iterable that a host returns for a stream runs in a thread: what it reads, it reads beside the caller."""
    from flows_bindings.host import Flows
    from flows_bindings.types.flows import Way

    goes_on = threading.Event()

    def slow() -> Iterator[bytes]:
        yield b"first"
        goes_on.wait(30)
        yield b"second"

    def pass_on(of: Any) -> Iterator[bytes]:
        with of:
            yield from iter(lambda: of.read(100), b"")

    imports = plain()
    imports.test_flows_relays = relays(pass_on)
    with Flows.open(flows, imports, deadline=60) as world:
        reader = world.passed_bytes(slow(), Way(100, None, through=True))
        assert reader.read(100) == b"first"
        for _ in range(20):
            assert world.count(b"abc") == 3
            time.sleep(0.01)
        goes_on.set()
        assert b"".join(reader) == b"second"


def test_closing_does_not_wait_for_the_elements_that_a_thread_reads(flows: Path) -> None:
    from flows_bindings.host import Flows

    from witgen_runtime.host import HostError

    ended, never = threading.Event(), threading.Event()

    def silent() -> Iterator[int]:
        never.wait(60)
        yield 1

    def read() -> None:
        with pytest.raises(HostError, match="this store is closed"):
            reader.read()
        ended.set()

    with Flows.open(flows, plain(), deadline=60) as world:
        reader = world.doubled(silent())
        threading.Thread(target=read, daemon=True).start()
        time.sleep(0.5)
    never.set()
    assert ended.wait(30)
