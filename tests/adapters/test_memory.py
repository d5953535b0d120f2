"""What goes through adapters leaves no memory behind; what is large goes through, and what helpers keep of it."""

from __future__ import annotations

import asyncio
import tracemalloc
from array import array
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from tests.adapters.async_guest import TEXT, opened, waiting
from tests.adapters.test_composing import BYTES
from tests.adapters.test_waiting import AsyncWaiting, Waiting
from tests.host.echo import echo
from tests.support.memory import GROWTH, flat, measured, resident
from witgen_runtime import abi, host

pytestmark = pytest.mark.slow

CONTENT = bytes(range(256)) * 4
KINDS: dict[str, tuple[abi.Type, Any]] = {
    "bytes": (BYTES, CONTENT),
    "no bytes": (BYTES, b""),
    "bytes beside text": (abi.Tuple((abi.STRING, BYTES, abi.STRING)), ("zażółć", CONTENT, "")),
    "numbers": (abi.List(abi.U32), list(range(1000, 2000))),
    "numbers in pairs": (abi.List(abi.Tuple((abi.U8, abi.F64))), [(n, n / 3) for n in range(100)]),
    "numbers as arrays": (abi.List(abi.U32, "array"), array("I", range(1000, 2000))),
    "bytes in bytes": (abi.List(abi.Option(BYTES)), [CONTENT[:99], None, b"", CONTENT]),
}
"""Types with a value."""


def _passing(kind: str) -> Callable[[], object]:
    type_, value = KINDS[kind]
    component = echo(type_)
    assert len(host.adapters_of(component.world).direct) == 3

    def both() -> None:
        component.there(value)
        component.back(value)
        component.seen.clear()

    return both


def _refused() -> Callable[[], object]:
    component = echo(abi.List(BYTES))

    def refused() -> None:
        with pytest.raises(TypeError):
            component.there([CONTENT, 7])

    return refused


CALLS: dict[str, Callable[[], Callable[[], object]]] = {
    **{kind: lambda kind=kind: _passing(kind) for kind in KINDS},
    "refused": _refused,
}


@measured
@pytest.mark.parametrize("kind", CALLS)
def test_memory_stays_flat(kind: str) -> None:
    flat(CALLS[kind](), 2000)


@pytest.mark.long
@measured
@pytest.mark.parametrize("kind", CALLS)
def test_memory_stays_flat_over_a_million_calls(kind: str) -> None:
    flat(CALLS[kind](), 500_000)


@pytest.mark.parametrize("kind", KINDS)
def test_python_keeps_nothing_of_what_was_passed(kind: str) -> None:
    type_, _ = KINDS[kind]
    large = CONTENT * 1024
    values = {
        "bytes beside text": ("", large, ""),
        "bytes in bytes": [large, None],
        "numbers": [*range(1000, 101_000)],
        "numbers in pairs": [(7, 0.5)] * 20_000,
        "numbers as arrays": array("I", range(1000, 101_000)),
    }
    # CPython keeps up to 2,000 tuples of two for the next ones.
    most = 200_000 if kind == "numbers in pairs" else len(large) // 10
    component = echo(type_)
    component.there(KINDS[kind][1])
    component.back(KINDS[kind][1])
    tracemalloc.start()
    try:
        component.there(values.get(kind, large))
        component.back(values.get(kind, large))
        component.seen.clear()
        assert tracemalloc.get_traced_memory()[0] < most
    finally:
        tracemalloc.stop()


def _in_threads(rounds: int) -> None:
    with opened(lambda n: n) as world:
        flat(lambda: world.all(100), rounds)


def _on_the_loop(rounds: int) -> None:
    async def wait(n: int) -> int:
        await asyncio.sleep(0)
        return n

    async def call(world: AsyncWaiting) -> None:
        assert await world.all(100) == sum(range(100))

    asyncio.run(_repeated(wait, call, rounds))


def _given_up(rounds: int) -> None:
    async def wait(n: int) -> int:
        await asyncio.sleep(3600)
        return n

    async def call(world: AsyncWaiting) -> None:
        for _ in range(100):
            assert await world.give_up(1) == 4

    asyncio.run(_repeated(wait, call, rounds))


async def _repeated(wait: Any, call: Callable[[AsyncWaiting], Coroutine[Any, Any, None]], rounds: int) -> None:
    async with await AsyncWaiting._open(Waiting, TEXT, waiting(wait)) as world:
        for _ in range(max(20, rounds // 20)):
            await call(world)
        before = resident()
        for _ in range(rounds):
            await call(world)
        assert resident() - before < GROWTH


WAYS = [_in_threads, _on_the_loop, _given_up]


@pytest.mark.long
@measured
@pytest.mark.parametrize("way", WAYS)
def test_async_calls_leave_nothing(way: Callable[[int], None]) -> None:
    way(10)


@pytest.mark.long
@measured
@pytest.mark.parametrize("way", WAYS)
def test_a_hundred_thousand_async_calls_leave_nothing(way: Callable[[int], None]) -> None:
    way(1000)
