"""Random streams through a guest, under both faces: what comes out has to be what went in, and nothing may be left."""

from __future__ import annotations

import _thread
import asyncio
import gc
import io
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from tests.adapters.flow_relays import async_relays, relays
from tests.adapters.test_streams import awaited, plain

_KINDS = ("bytes", "numbers", "texts", "entries", "lists")
_ALPHABET = "aé漢😀\0\n"


class BrokenError(Exception):
    """What a host raises on purpose."""


@dataclass
class Flow:
    """One stream: what goes in, how it is passed, and what has to come out."""

    random: Random
    kind: str
    given: Any
    way: Any
    breaks: bool
    got: list[Any] = field(default_factory=list[Any])

    @property
    def expected(self) -> Any:
        return self.given[: self.way.most]

    @property
    def so_far(self) -> Any:
        return b"".join(self.got) if self.kind == "bytes" else [each for piece in self.got for each in piece]

    def check(self, *, whole: bool) -> None:
        found = self.so_far
        wanted = self.expected if whole else self.expected[: len(found)]
        assert found == wanted, (self.kind, self.way, len(self.given), len(found))


def flow_of(random: Random, *, breaks: bool) -> Flow:
    """Return a random flow."""
    from flows_bindings.types.flows import Way

    kind = random.choice(_KINDS)
    count = random.choice((0, 1, random.randrange(20), random.randrange(200)))
    given: Any = [_element(random, kind) for _ in range(count)]
    if kind == "bytes":
        given = random.randbytes(count * random.choice((1, 100, 1500)))
    most = random.choice((None, None, random.randrange(len(given) + 5)))
    piece = random.choice((1, 7, 64, 5000)) + len(given) // 40
    return Flow(random, kind, given, Way(piece, most, random.random() < 0.5), breaks)


def _element(random: Random, kind: str) -> Any:
    from flows_bindings.types.test_flows_relays import Entry

    def text() -> str:
        return "".join(random.choices(_ALPHABET, k=random.randrange(12)))

    match kind:
        case "numbers":
            return random.randrange(-(1 << 63), 1 << 63)
        case "texts":
            return text()
        case "entries":
            return Entry(text(), [text() for _ in range(random.randrange(3))], random.choice((None, 7, 1 << 60)))
        case _:
            return [random.randrange(1 << 16) for _ in range(random.randrange(9))]


def _pieces(flow: Flow, random: Random) -> Iterator[tuple[Any, float]]:
    """Yield what a host brings, each with how long that takes; raise somewhere if that is wanted."""
    at, end = 0, random.randrange(len(flow.given) + 1) if flow.breaks else None
    while at < len(flow.given):
        if end is not None and at >= end:
            break
        size = random.randrange(1, 5000) if flow.kind == "bytes" else 1
        pause = random.random() * 0.003 if random.random() < 0.1 else 0.0
        yield flow.given[at : at + size] if flow.kind == "bytes" else flow.given[at], pause
        at += size
    if end is not None:
        raise BrokenError


class Balance:
    """How many of the hosts' generators were begun, and how many are over."""

    def __init__(self) -> None:
        self.begun = self.over = 0

    def __enter__(self) -> None:
        self.begun += 1

    def __exit__(self, *_: object) -> None:
        self.over += 1


def _source(flow: Flow, balance: Balance) -> Any:
    random, choice = Random(flow.random.random()), flow.random.randrange(3)

    def live() -> Iterator[Any]:
        with balance:
            for piece, pause in _pieces(flow, random):
                time.sleep(pause)
                yield piece

    if choice == 0 and not flow.breaks:
        return io.BytesIO(flow.given) if flow.kind == "bytes" and flow.random.random() < 0.5 else flow.given
    return live()


def _async_source(flow: Flow, balance: Balance) -> Any:
    random = Random(flow.random.random())

    async def live() -> AsyncIterator[Any]:
        with balance:
            for piece, pause in _pieces(flow, random):
                if pause:
                    await asyncio.sleep(pause)
                yield piece

    return live() if flow.random.random() < 0.6 else _source(flow, balance)


def _passing(random: Random, balance: Balance) -> Callable[[Any], Any]:
    """Return what a host makes of the streams that it is to pass on."""

    def pass_on(of: Any) -> Any:
        mine, choice = Random(random.random()), random.randrange(3)
        gathered = of.gather() if choice == 0 else None

        def reading() -> Iterator[Any]:
            with balance, of:
                while piece := of.read(mine.randrange(1, 300)):
                    yield from [piece] if isinstance(piece, bytes) else piece

        def gathering() -> Iterator[Any]:
            with balance:
                everything = gathered.result()
                yield from [everything] if isinstance(everything, bytes) else everything

        return of if choice == 1 else gathering() if gathered is not None else reading()

    return pass_on


def _async_passing(random: Random, balance: Balance) -> Callable[[Any], Any]:
    def pass_on(of: Any) -> Any:
        mine, choice = Random(random.random()), random.randrange(3)
        gathered = of.gather() if choice == 0 else None

        async def reading() -> AsyncIterator[Any]:
            with balance:
                async with of:
                    while piece := await _impatient(mine, lambda: of.read(mine.randrange(1, 300))):
                        for each in [piece] if isinstance(piece, bytes) else piece:
                            yield each

        async def gathering() -> AsyncIterator[Any]:
            with balance:
                everything = await asyncio.wrap_future(gathered)
                for each in [everything] if isinstance(everything, bytes) else everything:
                    yield each

        return of if choice == 1 else gathering() if gathered is not None else reading()

    return pass_on


async def _impatient(random: Random, read: Callable[[], Any]) -> Any:
    """Read, sometimes after some attempts that were cancelled."""
    while random.random() < 0.2:
        try:
            return await asyncio.wait_for(read(), random.random() * 0.004)
        except TimeoutError:
            pass
    return await read()


def _consume(flow: Flow, reader: Any) -> bool:
    """Read all of a stream, or a part; tell which."""
    random, choice = flow.random, flow.random.randrange(5)
    if choice == 0:
        for each in reader:
            flow.got.append(each if flow.kind == "bytes" else [each])
            if random.random() < 0.05:
                break
    while choice != 1 or random.random() < 0.8:
        piece = reader.read(random.randrange(1, 400))
        if not piece:
            return True
        flow.got.append(piece)
    if random.random() < 0.5:
        reader.close()
    return False


async def _consume_async(flow: Flow, reader: Any) -> bool:
    random, choice = flow.random, flow.random.randrange(5)
    if choice == 0:
        async for each in reader:
            flow.got.append(each if flow.kind == "bytes" else [each])
            if random.random() < 0.05:
                break
    while choice != 1 or random.random() < 0.8:
        piece = await _impatient(random, lambda: reader.read(random.randrange(1, 400)))
        if not piece:
            return True
        flow.got.append(piece)
    if random.random() < 0.5:
        reader.close()
    return False


def _is_empty(manager: Any) -> bool:
    left = (
        manager._moving,
        manager._offered,
        manager._orders,
        manager.jobs,
        manager._awaited,
        manager._subtasks._works,
    )
    return not any(left)


def _told(manager: Any) -> str:
    """Return the state of what is left, as it is now."""
    left = {end: vars(each) for end, each in manager._moving.items()}
    return f"{left} {vars(manager)}"


def _is_broken(failure: BaseException) -> bool:
    """Tell whether an error is, or comes from, what a host has raised on purpose."""
    known: BaseException | None = failure
    while known is not None and not isinstance(known, BrokenError):
        known = known.__cause__
    return known is not None


def run_plain(component: Path, seed: int, batches: int) -> None:
    """Run batches of random flows in one world, each in a thread of its own or all in this one."""
    from flows_bindings.host import Flows

    random, balance = Random(seed), Balance()
    imports = plain()
    imports.test_flows_relays = relays(_passing(Random(seed), balance))
    with Flows.open(component, imports, deadline=60) as world:
        threads = _thread._count()
        manager: Any = None
        for batch in range(batches):
            breaks = batch == batches - 1 and random.random() < 0.5
            flows = [flow_of(Random(random.random()), breaks=breaks) for _ in range(random.randrange(1, 5))]
            try:
                readers = [getattr(world, f"passed_{each.kind}")(_source(each, balance), each.way) for each in flows]
                manager = readers[0]._manager
                _consume_all(random, flows, readers)
                del readers
            except Exception as failure:
                if not (breaks and _is_broken(failure)):
                    raise
                break

            if not breaks:
                due = time.monotonic() + 10
                while not (world.count(b"abc") == 3 and _is_empty(manager)):
                    assert time.monotonic() < due, (seed, _told(manager))
                    gc.collect()
    assert manager is None or (not manager._moving and not manager._offered)
    due = time.monotonic() + 10
    while _thread._count() > threads or balance.begun != balance.over:
        assert time.monotonic() < due, (seed, vars(balance))
        time.sleep(0.001)


def _consume_all(random: Random, flows: list[Flow], readers: list[Any]) -> None:
    failures: list[Exception] = []

    def consume(flow: Flow) -> None:
        try:
            flow.check(whole=_consume(flow, readers[flows.index(flow)]))
        except Exception as failure:  # noqa: BLE001  (raised again where it fails the test)
            failures.append(failure)

    if random.random() < 0.5:
        consuming = [threading.Thread(target=consume, args=(flow,), daemon=True) for flow in flows]
        for each in consuming:
            each.start()
        for each in consuming:
            each.join(30)
            assert not each.is_alive(), "a reader waits for ever"
    else:
        for flow in flows:
            consume(flow)
    if failures:
        raise failures[0]


async def run_on_loop(component: Path, seed: int, batches: int) -> None:
    """Run batches of random flows in one world, all at once; some readers are cancelled and go on."""
    from flows_bindings.host import AsyncFlows

    random, threads, balance = Random(seed), _thread._count(), Balance()
    imports = awaited([])
    imports.test_flows_relays = async_relays(_async_passing(Random(seed), balance))
    async with await AsyncFlows.open(component, imports) as world:
        manager: Any = None

        async def one(flow: Flow) -> None:
            nonlocal manager
            reader = await getattr(world, f"passed_{flow.kind}")(_async_source(flow, balance), flow.way)
            manager = reader._manager
            while flow.random.random() < 0.3:
                consuming = asyncio.ensure_future(_consume_async(flow, reader))
                await asyncio.wait([consuming], timeout=flow.random.random() * 0.01)
                consuming.cancel()
                await asyncio.wait([consuming])
                if not consuming.cancelled():
                    flow.check(whole=consuming.result())
                    return
            flow.check(whole=await _consume_async(flow, reader))

        for batch in range(batches):
            breaks = batch == batches - 1 and random.random() < 0.5
            flows = [flow_of(Random(random.random()), breaks=breaks) for _ in range(random.randrange(1, 5))]
            done = await asyncio.wait_for(asyncio.gather(*map(one, flows), return_exceptions=True), 30)
            for failure in done:
                if failure is not None and not (breaks and _is_broken(failure)):
                    raise failure
            if not breaks:
                due = time.monotonic() + 10
                while not (await world.count(b"abc") == 3 and _is_empty(manager)):
                    assert time.monotonic() < due, (seed, _told(manager))
                    gc.collect()
    assert not manager._moving
    assert not manager._offered
    due = time.monotonic() + 10
    while len(asyncio.all_tasks()) > 1 or _thread._count() > threads or balance.begun != balance.over:
        assert time.monotonic() < due, (seed, asyncio.all_tasks(), vars(balance))
        await asyncio.sleep(0.001)
