"""What happens to the ends of streams, as only component text can ask for it exactly."""

from __future__ import annotations

import resource
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest
from wasmtime.component import Component

from tests.adapters.stream_guest import TEXT, TEXTS, Streaming, Texts
from tests.support.memory import flat
from witgen_runtime import host
from witgen_runtime.host.capi.engine import Settings, default_engine


def test_numbers_and_nothing() -> None:
    with Streaming._open(TEXT, None) as world:
        assert list(world.echo(range(1000))) == list(range(1000))
        assert list(world.zeros(3)) == [0, 0, 0]
        assert list(world.ticks([None] * 5)) == [None] * 5
        assert host.adapters_of(world).ends == ("export echo", "export ticks", "export done", "export zeros")


def test_a_reader_takes_what_it_asks_for() -> None:
    with Streaming._open(TEXT, None) as world, world.zeros(10) as zeros:
        assert zeros.read(3) == [0, 0, 0]
        assert zeros.read() == []
        assert zeros.read() == []


def test_what_is_dropped_early_is_left() -> None:
    left = threading.Event()

    def endless() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            left.set()

    with Streaming._open(TEXT, None) as world:
        with world.echo(endless()) as numbers:
            assert numbers.read(2) == [1, 1]
        world.zeros(1)
        assert left.wait(5)


def test_closing_a_world_ends_what_waits() -> None:
    ended = threading.Event()

    def silent() -> Iterator[int]:
        ended.wait(20)
        yield 1

    with Streaming._open(TEXT, None) as world:
        reader = world.echo(silent())
        gathered = reader.gather()
    assert isinstance(gathered.exception(5), host.HostError)
    ended.set()
    with pytest.raises(host.HostError):
        reader.read()


@pytest.mark.slow
def test_memory_is_flat() -> None:
    with Streaming._open(TEXT, None) as world:
        flat(lambda: sum(world.echo([1] * 2000)), 500, 8 << 20)


def test_a_component_without_lanes_says_so() -> None:
    compiled = Component(default_engine(Settings(concurrent=True)), TEXT)
    with (
        Streaming._open(compiled, None) as world,
        pytest.raises(host.LinkError, match=r"echo: async func.* cannot be called: streams and futures need adapters"),
    ):
        world.echo([1])


def test_live_elements_arrive_as_they_come() -> None:
    events: list[str] = []
    seen = threading.Event()

    def live() -> Iterator[int]:
        yield 1
        assert seen.wait(20)
        events.append("second")
        yield 2

    with Streaming._open(TEXT, None) as world:
        for number in world.echo(live()):
            events.append(f"got {number}")
            seen.set()
    assert events == ["got 1", "second", "got 2"]


def _silent(ended: threading.Event) -> Iterator[int]:
    ended.wait(20)
    yield 1


@pytest.mark.parametrize(
    ("count", "failure"), [(0, ValueError), (-1, ValueError), (True, TypeError), (1.0, TypeError), ("1", TypeError)]
)
def test_a_count_that_is_none_is_refused_and_spoils_nothing(count: Any, failure: type[Exception]) -> None:
    with Streaming._open(TEXT, None) as world:
        numbers = world.echo([1, 2])
        with pytest.raises(failure, match=r"read\(max_count=…\)"):
            numbers.read(count)
        assert numbers.read(1 << 40) == [1, 2]


def test_what_iterating_has_not_given_is_there_for_who_goes_on() -> None:
    with Streaming._open(TEXT, None) as world:
        numbers = world.echo(range(10))
        for number in numbers:
            if number == 2:
                break
        assert numbers.read(2) == [3, 4]
        assert next(iter(numbers)) == 5
        gathered = numbers.gather()
        assert list(world.zeros(1)) == [0]
        assert gathered.result(5) == [6, 7, 8, 9]


def test_closing_ends_what_is_asked_for() -> None:
    ended = threading.Event()
    with Streaming._open(TEXT, None) as world:
        numbers = world.echo(_silent(ended))
        gathered = numbers.gather()
        numbers.close()
        assert list(world.zeros(1)) == [0]
        with pytest.raises(host.HostError, match="the reader was closed"):
            gathered.result(5)
        assert numbers.read() == []
        ended.set()


def test_who_cancels_gathering_can_read_what_has_come() -> None:
    ended = threading.Event()

    def some() -> Iterator[int]:
        yield 1
        yield from _silent(ended)

    with Streaming._open(TEXT, None) as world:
        numbers = world.echo(some())
        gathered = numbers.gather()
        assert list(world.zeros(1)) == [0]
        assert gathered.cancel()
        assert numbers.read() == [1]
        ended.set()
        assert list(numbers) == [1]


def test_who_cannot_begin_to_bring_says_so() -> None:
    class Broken:
        def __iter__(self) -> Iterator[int]:
            raise LookupError("no numbers")

    with Streaming._open(TEXT, None) as world, pytest.raises(LookupError, match="no numbers"):
        world.echo(Broken()).read()


def test_several_threads_read_at_once() -> None:
    """Who has its elements goes on, whatever the others wait for."""
    ended = threading.Event()
    with Streaming._open(TEXT, None) as world:
        silent, numbers = world.echo(_silent(ended)), world.echo(range(100_000))
        waiting = threading.Thread(target=silent.read, daemon=True)
        waiting.start()
        for _ in range(20):
            assert numbers.read(1)
        numbers.close()
        assert waiting.is_alive()
        ended.set()
        waiting.join(5)
        assert not waiting.is_alive()


def test_futures_without_a_value_and_those_that_are_over() -> None:
    with Streaming._open(TEXT, None) as world:
        done = world.done(None)
        assert done.read() is None
        with pytest.raises(host.HostError, match="this future was already read, or its reader was closed"):
            done.read()


def test_a_future_that_is_cancelled_is_a_failure() -> None:
    promised: Future[None] = Future()
    with Streaming._open(TEXT, None) as world:
        done = world.done(promised)
        promised.cancel()
        with pytest.raises(host.HostError, match="what the host supplied for a stream or future was cancelled"):
            done.read()


def test_much_at_once_goes_in_parts() -> None:
    """The helper keeps the memory that it once had, so it takes no more than it needs."""
    with Streaming._open(TEXT, None) as world:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        assert sum(1 for _ in world.ticks([None] * 1_000_000)) == 1_000_000
        numbers = world.echo([7] * 1_000_000)
        assert sum(len(iter_) for iter_ in iter(lambda: numbers.read(1 << 30), [])) == 1_000_000
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10


def test_what_a_guest_hands_back_unread_cannot_be_read() -> None:
    with Texts._open(TEXTS, None) as world, pytest.raises(host.EngineError, match="has to copy the elements instead"):
        world.echo(["a", "b"]).read()


def test_much_that_has_come_before_is_gathered() -> None:
    everything = threading.Event()

    def numbers() -> Iterator[int]:
        yield from range(300_000)
        everything.wait(30)

    with Streaming._open(TEXT, None) as world, world.echo(numbers()) as echo:
        given_up = echo.gather()
        world.ticks([]).close()
        assert given_up.cancel()
        everything.set()
        gathered = echo.gather()
        for _ in range(100):
            world.ticks([]).close()
            if gathered.done():
                break
        assert gathered.result(60) == list(range(300_000))


def test_reading_after_the_store_was_closed_says_so() -> None:
    ended = threading.Event()
    with Streaming._open(TEXT, None) as world:
        numbers = world.echo(_silent(ended))
    with pytest.raises(host.StoreDeadError, match="this store is closed") as caught:
        numbers.read()
    assert caught.value.__cause__ is None
    ended.set()


def test_reading_after_a_failure_says_so_whether_or_not_the_store_is_closed() -> None:
    ended, failures = threading.Event(), list[BaseException | None]()
    with Streaming._open(TEXT, None, limits=host.Limits(fuel=1_000_000)) as world:
        numbers = world.echo(_silent(ended))
        with pytest.raises(host.FuelError) as caught:
            all(world.zeros(1000).close() is None for _ in range(1_000_000))
        for _ in range(2):
            with pytest.raises(host.StoreDeadError, match="a call in it failed") as lost:
                numbers.read()
            failures.append(lost.value.__cause__)
            world.close()
    assert failures == [caught.value] * 2
    ended.set()
