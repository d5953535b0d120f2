"""Limits of memory, fuel and time: each ends in its own exception, and the store is dead with that as its cause."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
import wasmtime

from witgen_runtime import abi, host
from witgen_runtime.host.capi import memory

TEXT = """(component
  (import "wait" (func $wait))
  (core func $w (canon lower (func $wait)))
  (core module $m (import "" "w" (func $w)) (memory (export "memory") 1)
    (func (export "spin") (loop $l (br $l)))
    (func (export "spin-through-host") (loop $l (call $w) (br $l)))
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "trap") unreachable)
    (func (export "poke") (param i32) (i32.store8 (local.get 0) (i32.const 1)))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "need") (param i32) (if (i32.eq (memory.grow (local.get 0)) (i32.const -1)) (then unreachable))))
  (core instance $i (instantiate $m (with "" (instance (export "w" (func $w))))))
  (func (export "spin") (canon lift (core func $i "spin")))
  (func (export "spin-through-host") (canon lift (core func $i "spin-through-host")))
  (func (export "add") (param "a" s32) (param "b" s32) (result s32) (canon lift (core func $i "add")))
  (func (export "grow") (param "n" s32) (result s32) (canon lift (core func $i "grow")))
  (func (export "trap") (canon lift (core func $i "trap")))
  (func (export "poke") (param "n" s32) (canon lift (core func $i "poke")))
  (func (export "need") (param "n" s32) (canon lift (core func $i "need"))))"""

PAGE = 65536


def _function(name: str, result: abi.Type | None, *params: str) -> abi.Function:
    return abi.Function(name, name.replace("-", "_"), tuple(abi.Param(p, p, abi.S32) for p in params), result)


EXPORTS = abi.Interface(
    "",
    (),
    (
        _function("spin", None),
        _function("spin-through-host", None),
        _function("add", abi.S32, "a", "b"),
        _function("grow", abi.S32, "n"),
        _function("need", None, "n"),
        _function("poke", None, "n"),
        _function("trap", None),
    ),
)


class Limited(host.World):
    _definition = host.Definition(
        "test:limits/limited",
        (host.Import("", abi.Interface("", (), (abi.Function("wait", "wait", ()),))),),
        (EXPORTS,),
    )

    def _bind(self, instance: host.Instance) -> None:
        for function in EXPORTS.functions:
            setattr(self, function.python, instance.function(function))

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


class Imports:
    @staticmethod
    def wait() -> None:
        time.sleep(0.01)


def open_(**limits: Any) -> Limited:
    return Limited._open(TEXT, Imports, limits=host.Limits(**limits))


def dead_of(world: Limited, cause: BaseException) -> None:
    with pytest.raises(host.StoreDeadError) as dead:
        world.add(1, 2)
    assert dead.value.__cause__ is cause
    world.close()


@pytest.mark.parametrize("function", ["spin", "spin_through_host"])
def test_a_call_that_takes_too_long_is_stopped(function: str) -> None:
    world = open_(deadline=0.15)
    assert world.add(1, 2) == 3
    began = time.monotonic()
    with pytest.raises(host.DeadlineError, match="longer than") as caught:
        getattr(world, function)()
    assert 0.15 <= time.monotonic() - began < 1
    dead_of(world, caught.value)


def test_the_deadline_is_for_each_call() -> None:
    world = open_(deadline=0.2)
    ends = time.monotonic() + 0.5
    while time.monotonic() < ends:
        assert world.add(20, 22) == 42
    time.sleep(0.3)
    assert world.add(20, 22) == 42
    world.close()


def test_another_store_of_the_engine_is_not_stopped() -> None:
    slow, other = open_(deadline=0.1), open_(deadline=60)
    caught: list[BaseException] = []

    def spin() -> None:
        try:
            slow.spin()
        except host.DeadlineError as error:
            caught.append(error)

    thread = threading.Thread(target=spin)
    thread.start()
    while thread.is_alive():
        assert other.add(1, 1) == 2
    thread.join()
    assert len(caught) == 1
    assert other.add(1, 1) == 2


def test_a_store_can_be_interrupted_from_another_thread() -> None:
    world = open_(interruptible=True)
    reason = RuntimeError("nobody waits for it")
    threading.Timer(0.1, lambda: world._store.interrupt(reason)).start()
    with pytest.raises(RuntimeError, match="nobody waits") as caught:
        world.spin()
    assert caught.value is reason
    dead_of(world, reason)


def test_interrupting_a_store_at_rest_does_nothing() -> None:
    world = open_(interruptible=True)
    world._store.interrupt(RuntimeError("too late"))
    assert world.add(1, 2) == 3
    with pytest.raises(host.EngineError, match="interruptible"):
        open_()._store.interrupt(RuntimeError("x"))


def test_fuel() -> None:
    world = open_(fuel=10_000)
    assert world.add(1, 2) == 3
    with pytest.raises(host.FuelError, match="10000") as caught:
        world.spin()
    dead_of(world, caught.value)
    assert open_().add(1, 2) == 3


def test_memory() -> None:
    world = open_(memory=4 * PAGE)
    assert world.grow(3) == 1
    assert world.grow(1) == -1
    assert world.add(1, 2) == 3
    with pytest.raises(
        host.MemoryLimitError, match=f"asked for a memory of {5 * PAGE} bytes.* allows {4 * PAGE}"
    ) as caught:
        world.need(1)
    assert isinstance(caught.value.__cause__, host.Trap)
    assert "unreachable" in str(caught.value.__cause__)
    dead_of(world, caught.value)


def test_a_trap_is_the_limits_only_in_the_call_that_ran_into_it() -> None:
    world = open_(memory=4 * PAGE)
    assert world.grow(100) == -1
    with pytest.raises(host.Trap):
        world.trap()


def test_every_byte_of_a_memory_that_has_grown_can_be_used() -> None:
    """And none beyond; two stores have nothing to do with each other."""
    one, other = open_(memory=64 * PAGE), open_(memory=2 * PAGE)
    for pages in range(1, 64):
        one.poke(pages * PAGE - 1)
        assert one.grow(1) == pages
    assert other.grow(1) == 1
    other.poke(2 * PAGE - 1)
    with pytest.raises(host.Trap, match="out of bounds"):
        other.poke(2 * PAGE)
    one.poke(64 * PAGE - 1)
    assert one.grow(1) == -1


def test_what_a_memory_begins_with() -> None:
    text = TEXT.replace('(memory (export "memory") 1)', '(memory (export "memory") 1) (data (i32.const 8) "\\2a")')
    text = text.replace("(i32.add (local.get 0) (local.get 1))", "(i32.load8_u (i32.const 8))")
    for limit in (None, 4 * PAGE):
        assert Limited._open(text, Imports, limits=host.Limits(memory=limit)).add(1, 2) == 42


def test_memories_are_given_back() -> None:
    before = set(memory._memories)  # of stores that other tests' failures still hold
    for _ in range(20):
        open_(memory=PAGE).close()
    assert set(memory._memories) <= before


def test_less_memory_than_a_component_begins_with() -> None:
    with pytest.raises(host.MemoryLimitError, match=f"memory of {PAGE} bytes.*allows {PAGE // 2} bytes"):
        open_(memory=PAGE // 2)


def test_a_limit_that_was_meant_in_another_unit() -> None:
    for engine in (None, host.make_engine()):
        with host.Store(engine, limits=host.Limits(memory=64)) as store, pytest.raises(host.MemoryLimitError) as caught:
            Limited._instantiate(store, TEXT, Imports)
        assert str(caught.value) == (
            f"the component begins with a memory of {PAGE} bytes, and its store allows 64 bytes;"
            " limits are in bytes: 64 MiB are `memory=64 << 20`"
        )


def test_an_engine_of_the_users_has_wasmtimes_own_limiter() -> None:
    with host.Store(host.make_engine(), limits=host.Limits(memory=4 * PAGE)) as store:
        world = Limited._instantiate(store, TEXT, Imports)
        assert world.grow(4) == -1
        with pytest.raises(host.Trap) as caught:
            world.need(4)
        assert caught.value.__notes__ == ["The store allows each memory 262144 bytes; maybe the guest needs more."]


def test_a_trap_is_not_put_down_to_a_memory_that_was_never_refused() -> None:
    with open_(memory=4 * PAGE) as world, pytest.raises(host.Trap) as caught:
        world.trap()
    assert not any("memory" in note for note in getattr(caught.value, "__notes__", []))


def test_a_users_engine_without_what_a_limit_needs() -> None:
    engine = host.make_engine()
    for limits, setting in ((host.Limits(fuel=1), "fuel"), (host.Limits(deadline=1.0), "interruptible")):
        with pytest.raises(host.EngineError, match=rf"Settings\({setting}=True\)"):
            host.Store(engine, limits=limits)
    config = wasmtime.Config()
    config.consume_fuel = config.epoch_interruption = True
    with host.Store(host.make_engine(config)) as store:  # which limits nothing
        assert Limited._instantiate(store, TEXT, Imports).add(1, 2) == 3
    suitable = host.make_engine(wasmtime.Config(), host.Settings(fuel=True, interruptible=True))
    with host.Store(suitable, limits=host.Limits(fuel=10_000, deadline=1.0)) as store:
        assert Limited._instantiate(store, TEXT, Imports).add(1, 2) == 3


class Index:
    """Behaves like an integer of numpy's."""

    def __index__(self) -> int:
        return 4 * PAGE


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        *((name, "1", TypeError) for name in ("memory", "fuel", "deadline", "interruptible")),
        *((name, True, TypeError) for name in ("memory", "fuel", "deadline")),
        *((name, -1, ValueError) for name in ("memory", "fuel", "deadline")),
        *((name, 1 << 70, ValueError) for name in ("memory", "fuel", "deadline")),
        *((name, [1], TypeError) for name in ("memory", "fuel", "deadline", "interruptible")),
        ("memory", 1e6, TypeError),
        ("fuel", 1e6, TypeError),
        ("fuel", 1 << 64, ValueError),
        ("memory", 1 << 63, ValueError),
        ("deadline", 0, ValueError),
        ("deadline", math.nan, ValueError),
        ("deadline", math.inf, ValueError),
        ("deadline", -math.inf, ValueError),
        ("deadline", 1j, TypeError),
        ("interruptible", 1, TypeError),
        ("interruptible", None, TypeError),
    ],
)
def test_a_value_that_is_no_limit_is_refused_where_it_is_given(name: str, value: object, error: type) -> None:
    with pytest.raises(error, match=rf"^{name}: expected .*, got .*{type(value).__name__}") as caught:
        open_(**{name: value})
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300
    with pytest.raises(error, match=f"^{name}: "):
        replace(host.Limits(), **{name: value})


@pytest.mark.parametrize("name", ["memory", "fuel", "deadline"])
def test_a_number_too_long_to_be_written_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=rf"^{name}: expected .* got a value \(int\)$"):
        open_(**{name: 10**5000})


def test_what_is_refused_harms_no_other_store() -> None:
    good = open_(deadline=0.3)
    for value in ("1", math.nan, -1.0):
        with pytest.raises((TypeError, ValueError)):
            open_(deadline=value)
    with pytest.raises(host.DeadlineError):
        good.spin()


def test_numbers_of_other_types_are_limits() -> None:
    limits = host.Limits(memory=Index(), fuel=Index(), deadline=Fraction(1, 2))  # type: ignore[arg-type]
    assert (limits.memory, limits.fuel, limits.deadline) == (4 * PAGE, 4 * PAGE, 0.5)
    assert [type(each) for each in (limits.memory, limits.fuel, limits.deadline)] == [int, int, float]
    with open_(memory=Index(), fuel=(1 << 64) - 1, deadline=5) as world:
        assert world.add(1, 2) == 3
    with open_(memory=(1 << 63) - 1, deadline=threading.TIMEOUT_MAX) as world:
        assert world.add(1, 2) == 3


def test_nothing_is_a_limit_too() -> None:
    with pytest.raises(host.MemoryLimitError):
        open_(memory=0)
    with open_(fuel=0) as world, pytest.raises(host.FuelError):
        world.add(1, 2)
