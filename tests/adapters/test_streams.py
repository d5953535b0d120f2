"""Streams and futures between a componentize-py guest and its host, under both faces, in imports and exports."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.flow_relays import async_relays, relays

_IMPORTS = ["fetch", "send", "upload", "store", "unfinished", "handles", "entries", "numbers", "early", "late"]
_ALL_BYTES = bytes(range(256))
_EXPECTED = {
    "fetch": "256000 32640000 Ok(value=None)",
    "send": "Ok(value=32640311)",
    "upload": "300000",
    "store": "9792294",
    "unfinished": "not finished",
    "handles": "[True, False, False, True] 2007 0",
    "entries": "True",
    "numbers": "True",
    "early": "[0, 1, 2]",
    "late": "value 7",
}


def plain(**methods: Any) -> Any:
    """Return imports whose functions are plain; `methods` replace some."""
    from flows_bindings.host import FlowsImports
    from flows_bindings.host.test_flows_io import Blob, Io
    from flows_bindings.types.test_flows_io import Entry, StoreError

    from witgen_runtime.values import Ok

    class Body(Blob):
        def __init__(self) -> None:
            self.content: Any = None

        def write_body(self, data: Any) -> None:
            self.content = data.gather()

        def is_same(self, other: Any) -> bool:
            return self is other

    class Host(Io):
        def two(self, first: Any, second: Any) -> bool:
            return first is second

        def meet(self, these: Any, those: Any) -> int:
            return len(set(these)) * 1000 + (those[0] if those is not None and those[1] in these else 0)

        def store(self, body: Any) -> int:
            if not body.content.done():
                raise StoreError("not finished")
            return sum(body.content.result())

        def send(self, data: Any) -> Any:
            return lambda: Ok(sum(map(sum, data)))

        def upload(self, data: Any) -> int:
            return sum(map(len, data))

        def fetch(self, name: str) -> Any:
            return [_ALL_BYTES] * 1000, Ok(None)

        def entries(self, of: Any) -> Any:
            return (Entry(each.name * 2, -each.n) for each in of)

        def numbers(self, n: int) -> Any:
            return range(n)

        def late(self, n: Any) -> Any:
            value = n.read()
            return lambda: f"value {value}"

    Host.Blob = Body
    host = type("Changed", (Host,), methods)()
    return FlowsImports(test_flows_io=host, test_flows_relays=relays())


def awaited(closed: list[int]) -> Any:
    """Return imports whose functions are coroutines; where `numbers` was left goes to `closed`."""
    from flows_bindings.host import AsyncFlowsImports
    from flows_bindings.host.test_flows_io import AsyncBlob, AsyncIo
    from flows_bindings.types.test_flows_io import Entry, StoreError

    from witgen_runtime.values import Ok

    class Body(AsyncBlob):
        def __init__(self) -> None:
            self.content: Any = None

        async def write_body(self, data: Any) -> None:
            self.content = data.gather()

        async def is_same(self, other: Any) -> bool:
            return self is other

    class Host(AsyncIo):
        async def two(self, first: Any, second: Any) -> bool:
            return first is second

        async def meet(self, these: Any, those: Any) -> int:
            return len(set(these)) * 1000 + (those[0] if those is not None and those[1] in these else 0)

        async def store(self, body: Any) -> int:
            if not body.content.done():
                raise StoreError("not finished")
            return sum(body.content.result())

        async def send(self, data: Any) -> Any:
            async def received() -> Any:
                return Ok(sum([sum(piece) async for piece in data]))

            return received()

        async def upload(self, data: Any) -> int:
            return sum([len(piece) async for piece in data])

        async def fetch(self, name: str) -> Any:
            async def body() -> Any:
                for _ in range(100):
                    await asyncio.sleep(0)
                    yield _ALL_BYTES * 10

            return body(), Ok(None)

        async def entries(self, of: Any) -> Any:
            async def doubled() -> Any:
                async for each in of:
                    yield Entry(each.name * 2, -each.n)

            return doubled()

        async def numbers(self, n: int) -> Any:
            async def counting() -> Any:
                number = 0
                try:
                    for number in range(n):
                        yield number
                finally:
                    closed.append(number)

            return counting()

        async def late(self, n: Any) -> Any:
            return asyncio.sleep(0.01, f"value {await n}")

    Host.Blob = Body
    return AsyncFlowsImports(test_flows_io=Host(), test_flows_relays=async_relays())


_OLD = int(version("wasmtime").split(".")[0]) < 49
_WAITING = {"store", "unfinished"}
"""Here a plain function has to wait until the host has what was written before, which takes wasmtime 49."""
_POSSIBLE = [what for what in _IMPORTS if not (_OLD and what in _WAITING)]


def _async(test: Callable[..., Coroutine[Any, Any, None]], *arguments: Any) -> None:
    asyncio.run(asyncio.wait_for(test(*arguments), 120))


def test_imports(flows: Path) -> None:
    from flows_bindings.host import Flows

    from witgen_runtime.host import adapters_of

    with Flows.open(flows, plain(), deadline=30) as world:
        assert "import test:flows/io#numbers" in adapters_of(world).ends
        for what in _POSSIBLE * 3:
            assert world.run(what) == _EXPECTED[what], what


@pytest.mark.skipif(not _OLD, reason="later releases can do this")
@pytest.mark.parametrize("what", sorted(_WAITING))
def test_what_old_releases_cannot_do(flows: Path, what: str) -> None:
    from flows_bindings.host import Flows

    from witgen_runtime.host import EngineError

    with Flows.open(flows, plain(), deadline=30) as world, pytest.raises(EngineError, match="49 and later do"):
        world.run(what)


def test_who_reads_late_is_told_that_the_guest_has_closed_its_end(flows: Path) -> None:
    from flows_bindings.host import Flows

    def numbers(_: Any, n: int) -> Iterator[int]:
        time.sleep(0.1)
        yield from range(n)

    def upload(_: Any, data: Any) -> int:
        count = len(data.read())
        time.sleep(0.1)
        assert data.read() == b""
        return count

    with Flows.open(flows, plain(upload=upload, numbers=numbers), deadline=10) as world:
        assert world.run("upload_slowly") == "1000"


def test_imports_on_a_loop(flows: Path) -> None:
    from flows_bindings.host import AsyncFlows

    async def main() -> None:
        closed: list[int] = []
        async with await AsyncFlows.open(flows, awaited(closed)) as world:
            for what in _POSSIBLE * 3:
                assert await world.run(what) == _EXPECTED[what], what
            assert closed[0] == 999
            assert 3 <= closed[1] < 2000

    _async(main)


def test_exports(flows: Path) -> None:
    from flows_bindings.host import Flows
    from flows_bindings.types.flows import CountError

    with Flows.open(flows, plain(), deadline=30) as world:
        with world.doubled(range(1000)) as doubled:
            assert list(doubled) == list(range(0, 2000, 2))
        assert world.count([b"abc"] * 1000) == 3000
        assert world.count(_ALL_BYTES * 4096) == 1 << 20
        with pytest.raises(CountError, match="nothing"):
            world.count(b"")
        answered, told = world.answer(lambda: time.sleep(0.05) or "zażółć")
        assert answered.read() == "zażółć!"
        assert told.read(3) + b"".join(told) == "zażółć".encode()


def test_exports_on_a_loop(flows: Path) -> None:
    from flows_bindings.host import AsyncFlows

    async def numbers() -> Any:
        for number in range(5):
            await asyncio.sleep(0.01)
            yield number

    async def read(reader: Any) -> list[int]:
        return [number async for number in reader]

    async def main() -> None:
        async with await AsyncFlows.open(flows, awaited([])) as world:
            first, second = await world.doubled(numbers()), await world.doubled(numbers())
            assert await asyncio.gather(read(first), read(second), world.count(b"abc")) == [
                [0, 2, 4, 6, 8],
                [0, 2, 4, 6, 8],
                3,
            ]
            answered, told = await world.answer(asyncio.sleep(0.05, "why"))
            assert await asyncio.gather(answered, told.read()) == ["why!", b"why"]
            assert await told.read() == b""
            _, told = await world.answer(asyncio.sleep(3600, "never"))
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(told.read(), 0.1)
            assert await world.count(b"abc") == 3

    _async(main)


@pytest.mark.skipif(_OLD, reason="before wasmtime 49, a plain function of a guest traps where it waits for a stream")
def test_elements_of_one_structure_are_of_the_class_that_was_declared(flows: Path) -> None:
    from flows_bindings.host import AsyncFlows, Flows
    from flows_bindings.types.test_flows_relays import First, Second

    with Flows.open(flows, plain(), deadline=30) as world:
        seconds, firsts = world.swapped([First(1), First(2)], [Second(3)])
        assert (list(seconds), list(firsts)) == ([Second(14)], [First(12), First(13)])

    async def main() -> None:
        async with await AsyncFlows.open(flows, awaited([])) as world:
            seconds, firsts = await world.swapped([First(1), First(2)], [Second(3)])
            assert [each async for each in seconds] == [Second(14)]
            assert [each async for each in firsts] == [First(12), First(13)]

    _async(main)


def _failing(failure: Exception) -> Iterator[int]:
    yield 1
    raise failure


def test_what_fails_comes_out_of_the_call(flows: Path) -> None:
    from flows_bindings.host import Flows

    failure = LookupError("no more numbers")
    with Flows.open(flows, plain(numbers=lambda *_: _failing(failure)), deadline=30) as world:
        with pytest.raises(LookupError) as caught:
            world.run("numbers")
        assert caught.value is failure


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("text", r"numbers\(\) result: expected something iterable, got str"),
        (7, r"numbers\(\) result: expected something iterable, got int"),
        ([1, "x"], r"stream<u32>\(\) result: \[1\]: expected int, got str"),
        ([1, -1], r"stream<u32>\(\) result: \[1\]: expected u32, got -1"),
    ],
)
def test_what_does_not_fit_is_named(flows: Path, given: object, message: str) -> None:
    from flows_bindings.host import Flows

    with (
        Flows.open(flows, plain(numbers=lambda *_: given), deadline=30) as world,
        pytest.raises((TypeError, ValueError), match=message),
    ):
        world.run("numbers")


def test_a_coroutine_needs_a_loop(flows: Path) -> None:
    from flows_bindings.host import Flows

    async def numbers() -> Any:
        yield 1

    with (
        Flows.open(flows, plain(numbers=lambda *_: numbers()), deadline=30) as world,
        pytest.raises(TypeError, match="only the asyncio API runs asynchronous iterables"),
    ):
        world.run("numbers")


def test_waiting_on_the_thread_that_runs_the_guest_is_refused(flows: Path) -> None:
    from flows_bindings.host import Flows

    from witgen_runtime.host import ThreadError

    with (
        Flows.open(flows, plain(send=lambda _, data: data.read()), deadline=30) as world,
        pytest.raises(ThreadError, match="this would wait for the guest on the thread that runs it"),
    ):
        world.run("send")


def test_a_host_that_wants_nothing(flows: Path) -> None:
    from flows_bindings.host import Flows

    from witgen_runtime.values import Ok

    def close(_: object, data: Any) -> Any:
        data.close()
        return Ok(3)

    with Flows.open(flows, plain(send=close), deadline=30) as world:
        assert world.run("send") == "Ok(value=3)"


def test_a_call_that_waits_for_a_stream_does_not_spin(flows: Path) -> None:
    from flows_bindings.host import Flows

    from witgen_runtime.host import DeadlineError

    def never(*_: object) -> Iterator[int]:
        time.sleep(3600)
        yield 1

    with Flows.open(flows, plain(numbers=lambda *_: never()), deadline=1.0) as world:
        used = time.thread_time()
        with pytest.raises(DeadlineError):
            world.run("numbers")
        assert time.thread_time() - used < 0.3
