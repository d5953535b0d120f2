"""What happens to the ends of streams, as only component text can ask for it exactly."""

from __future__ import annotations

import resource
import threading
from collections.abc import Iterator

import pytest
from wasmtime.component import Component

from witgen.runtime import host
from witgen.runtime.host.engine import Settings, default_engine

from .stream_guest import TEXT, Streaming


def test_numbers_and_nothing() -> None:
    with Streaming._open(TEXT, None) as world:
        assert list(world.echo(range(1000))) == list(range(1000))
        assert list(world.zeros(3)) == [0, 0, 0]
        assert list(world.ticks([None] * 5)) == [None] * 5
        assert host.lanes_of(world).ends == ("export echo", "export ticks", "export zeros")


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
    failures: list[BaseException] = []
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
    assert not failures


def test_memory_is_flat() -> None:
    with Streaming._open(TEXT, None) as world:
        for _ in range(50):
            assert sum(world.echo([1] * 2000)) == 2000
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for _ in range(500):
            assert sum(world.echo([1] * 2000)) == 2000
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 8 << 10


def test_a_component_without_lanes_says_so() -> None:
    compiled = Component(default_engine(Settings(concurrent=True)), TEXT)
    with (
        Streaming._open(compiled, None) as world,
        pytest.raises(host.LinkError, match=r"echo: async func.* cannot be called: streams and futures need lanes"),
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
