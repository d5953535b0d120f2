"""Memory stays flat: calls of every kind, refused calls, resources, and stores that are made and closed."""

from __future__ import annotations

import gc
import random
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.host.echo import echo
from tests.host.test_values import COLOR, EITHER, NESTED, POINT, RIGHTS, SHAPE, Color, Point, Rights, ShapeName
from tests.host.things import start
from tests.support.memory import flat, measured, resident
from witgen_runtime import abi
from witgen_runtime.values import Ok, Some

pytestmark = measured

KINDS: dict[str, tuple[abi.Type, Any]] = {
    "integer": (abi.U64, 2**64 - 1),
    "float": (abi.F64, 1.5),
    "char": (abi.CHAR, "x"),
    "string": (abi.STRING, "hello, world" * 10),
    "bytes": (abi.List(abi.U8), bytes(1000)),
    "record": (POINT, Point(1, "label")),
    "variant": (SHAPE, ShapeName("name")),
    "enum": (COLOR, Color.RED),
    "flags": (RIGHTS, Rights(5)),
    "tuple": (abi.Tuple((abi.STRING, abi.U8)), ("a", 1)),
    "option": (abi.Option(abi.STRING), "some"),
    "nested option": (NESTED, Some(None)),
    "result": (EITHER, Ok("fine")),
    "numbers": (abi.List(abi.U32), list(range(100))),
    "strings": (abi.List(abi.STRING), ["text"] * 100),
    "records": (abi.List(POINT), [Point(1, "label")] * 50),
    "variants": (abi.List(SHAPE), [ShapeName("name")] * 50),
    "lists": (abi.List(abi.List(abi.STRING)), [["a"] * 3] * 20),
}


def _calls(kind: str) -> Callable[[], object]:
    type_, value = KINDS[kind]
    component = echo(type_)

    def both() -> None:
        component.there(value)
        component.back(value)
        component.seen.clear()

    return both


def _resources() -> Callable[[], object]:
    world, thing, _ = start()

    def cycle() -> None:
        world.cycle(3)
        made = world.make(1)
        world.number(made)
        world.drop(world.same(made))
        with world.Box(1) as box:
            box.get()
        world.Box(2)
        world.boxes([world.Box(3), world.Box(4)])
        thing.drops.clear()
        assert not world._store.table.objects

    return cycle


def _refusals() -> Callable[[], object]:
    component = echo(abi.List(POINT))
    world, thing, _ = start()

    def refuse() -> None:
        for call, value in (
            (component.there, [Point(1, "a"), Point(1, 5)]),
            (getattr(world, "pass"), [thing(1), None]),
        ):
            try:
                call(value)
            except TypeError:
                continue
            raise AssertionError

    return refuse


def _stores() -> Callable[[], object]:
    def live() -> None:
        world, thing, _ = start()
        world.keep(thing(1))
        world.Box(1)
        try:
            world.cycle(666)
        except RuntimeError:
            world.close()
        assert thing.drops == [1]

    return live


OTHERS: dict[str, tuple[Callable[[], Callable[[], object]], int]] = {
    "resources": (_resources, 1),
    "refusals": (_refusals, 1),
    "stores": (_stores, 50),
}


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("kind", [*KINDS, *OTHERS])
def test_memory_stays_flat(kind: str) -> None:
    call, divisor = (_calls(kind), 1) if kind in KINDS else (OTHERS[kind][0](), OTHERS[kind][1])
    flat(call, 3000 // divisor)


@pytest.mark.long
@pytest.mark.parametrize("kind", [*KINDS, *OTHERS])
def test_memory_stays_flat_over_a_million_calls(kind: str) -> None:
    call, divisor = (_calls(kind), 2) if kind in KINDS else (OTHERS[kind][0](), OTHERS[kind][1] * 4)
    flat(call, 1_000_000 // divisor)


def test_large_values_are_not_kept() -> None:
    component = echo(abi.List(abi.U8))
    component.there(bytes(1 << 18))
    before = resident()
    for _ in range(2):
        assert len(component.there(bytes(2_500_000))) == 2_500_000
    # The columns of that list take 80 MB; the guest's own memory has grown too.
    assert resident() - before < 60 << 20


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="there is no SIGALRM")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_interrupted_calls_leave_nothing() -> None:
    """An interrupt is raised when the call has returned, perhaps with a result that nobody looks at any more."""
    component, value = echo(abi.List(abi.STRING)), ["text"] * 50_000

    def raises(*_: object) -> None:
        raise InterruptedError

    def call(after: float) -> float:
        begun = time.perf_counter()
        signal.setitimer(signal.ITIMER_REAL, after)
        component.there(value)
        signal.setitimer(signal.ITIMER_REAL, 0)
        return time.perf_counter() - begun

    usual = signal.signal(signal.SIGALRM, raises)
    gc.freeze()  # so that collecting is quick
    try:
        takes, interrupts, before = min(call(60) for _ in range(3)), 0, 0
        while interrupts < 50:
            try:
                call(takes * random.uniform(0.5, 1))
            except InterruptedError:
                interrupts += 1
                component = echo(abi.List(abi.STRING))
                gc.collect()
                before = before if interrupts > 15 else resident()
        # A result takes 4 MiB.
        assert resident() - before < 50 << 20
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, usual)
        gc.unfreeze()


def test_memory_of_a_large_list_serves_the_next_one() -> None:
    component, other = echo(abi.List(abi.U8)), echo(abi.List(abi.U8))
    numbers = echo(abi.List(abi.U32))
    for n in (1 << 19, 1 << 20, 1 << 18):
        for one in (component, other):
            value = bytes([n & 0xFF, 3]) * (n // 2)
            assert one.there(value) == value
            assert one.there(b"ab") == b"ab"
        listed = list(range(n))
        assert numbers.there(listed) == listed
