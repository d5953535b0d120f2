"""How calls of async functions end when something goes wrong on the host's side: nobody waits for ever."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from tests.adapters.async_guest import TEXT, Waiting, waiting
from tests.adapters.test_waiting import AsyncWaiting
from witgen_runtime import host


async def _face(wait: Any) -> AsyncWaiting:
    return await AsyncWaiting._open(Waiting, TEXT, waiting(wait))


def _run(main: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(main, 20))


def test_a_plain_function_that_raises_stop_iteration() -> None:
    def wait(n: int) -> int:
        return next(iter(()))

    async def main() -> None:
        async with await _face(wait) as world:
            with pytest.raises(RuntimeError, match="StopIteration") as caught:
                await world.all(1)
            assert isinstance(caught.value.__cause__, StopIteration)

    _run(main())


def _in_thread(log: list[str]) -> Callable[[int], int]:
    def wait(n: int) -> int:
        log.append(f"waits {n}")
        time.sleep(5)
        return n

    return wait


def _on_the_loop(log: list[str]) -> Callable[[int], Coroutine[Any, Any, int]]:
    async def wait(n: int) -> int:
        log.append(f"waits {n}")
        await asyncio.sleep(3600)
        return n

    return wait


@pytest.mark.parametrize("kind", [_in_thread, _on_the_loop])
def test_closing_a_world_ends_the_call_that_is_under_way(kind: Callable[[list[str]], Any]) -> None:
    async def main() -> None:
        log: list[str] = []
        async with await _face(kind(log)) as world:
            calls = [asyncio.create_task(world.all(2)), asyncio.create_task(world.all(1))]
            while len(log) < 2:
                await asyncio.sleep(0.01)
            began = time.monotonic()
        assert time.monotonic() - began < 2
        under_way, in_turn = await asyncio.gather(*calls, return_exceptions=True)
        assert isinstance(under_way, host.HostError)
        assert str(under_way) == "the world was closed while this call was in progress"
        assert isinstance(in_turn, host.StoreDeadError)
        assert sorted(log) == ["waits 0", "waits 1"]

    _run(main())
