"""Bytes that Python copies to and from an adapter's memory: nested calls, interrupts, limits, memories that move."""

from __future__ import annotations

import ctypes
import signal
import time
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import pytest
import wasmtime

from tests.adapters.test_composing import BYTES, Swaps, _component, _imports
from tests.host.echo import Echo, echo
from witgen_runtime import abi, host
from witgen_runtime.host.capi import ffi
from witgen_runtime.host.linking import preparation

pytestmark = pytest.mark.usefixtures("inside")

CONTENT = bytes(range(256)) * 40
BEFORE = [(64, 0)]
MANY = abi.Tuple((BYTES, abi.Option(BYTES), abi.List(BYTES), abi.STRING))


def blocks(component: Echo) -> list[tuple[int, ...]]:
    """Return the end of the blocks and the number of calls under way, of each adapter; the same ones once."""
    world: Any = component.world
    found: list[tuple[int, ...]] = []
    for memory in world.instance._linkage.memories._memories.values():
        for base in memory.bases:
            found.append(tuple(ffi.cast(ffi.MEMORY, "I")[base // 4 : base // 4 + 2]))
            break
    return sorted(set(found))


@contextmanager
def handling(handler: Callable[[int, Any], None]) -> Any:
    """Call a handler every now and then."""
    before = signal.signal(signal.SIGALRM, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_what_was_copied_is_freed() -> None:
    component = echo(MANY)
    assert set(host.adapters_of(component.world).direct) == set(host.adapters_of(component.world).text)
    for value in (
        (b"", None, [], ""),
        (CONTENT, CONTENT[:1], [CONTENT, b"", CONTENT[3:]], "zażółć"),
        (b"1", b"", [b""], "x"),
    ):
        assert component.there(value) == component.back(value) == value
        assert blocks(component) == BEFORE
    for wrong in ((CONTENT, 7, [], ""), (CONTENT, None, [CONTENT, 7], ""), (CONTENT, None, [], b"")):
        with pytest.raises(TypeError):
            component.there(wrong)
        assert blocks(component) == BEFORE
    # What is not in canonical form is copied again, in place of the first attempt.
    assert component.there((bytearray(CONTENT), memoryview(CONTENT), (CONTENT,), ""))[1:3] == (CONTENT, [CONTENT])
    assert blocks(component) == BEFORE


def test_where_memories_are_not_found_bytes_are_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparation, "finds_memories", lambda _: False)
    component = echo(MANY)
    taken = host.adapters_of(component.world)
    assert (taken.direct, len(taken.text)) == ((), 3)
    value = (CONTENT, CONTENT[:1], [CONTENT, b""], "zażółć")
    assert component.there(value) == component.back(value) == value
    assert blocks(component) == []


def test_a_handler_that_calls_the_component_changes_nothing() -> None:
    """Its calls may come between the copying of the arguments and the call, and before the result is read."""
    component, inside, calls = echo(abi.Tuple((BYTES, BYTES))), [False], [0]
    other = (b"inside" * 1500, b"inside")
    assert component.there(other) == component.back(other) == other

    def handler(*_: object) -> None:
        if not inside[0]:
            inside[0] = True
            assert component.there(other) == other
            calls[0] += 1
            inside[0] = False
        signal.setitimer(signal.ITIMER_REAL, 3e-5)

    value = (CONTENT[:700], CONTENT[700:1500])
    with handling(handler):
        signal.setitimer(signal.ITIMER_REAL, 3e-5)
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            assert component.there(value) == value
            assert component.back(value) == value
    assert calls[0] > 500
    assert blocks(component) == BEFORE


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # one may come in a finalizer
def test_interrupts_leave_no_blocks() -> None:
    component, interrupted = echo(abi.Tuple((BYTES, abi.List(BYTES)))), 0

    class Interrupted(BaseException):
        pass

    def handler(*_: object) -> None:
        raise Interrupted

    value = (CONTENT[:900], [CONTENT, b"", CONTENT])
    assert component.there(value) == value
    with handling(handler):
        for round_ in range(400):
            try:
                signal.setitimer(signal.ITIMER_REAL, 1e-6 * (1 + round_ % 90))
                for _ in range(20):
                    assert component.there(value) == value
                signal.setitimer(signal.ITIMER_REAL, 0)
            except Interrupted:
                interrupted += 1
            assert blocks(component) == BEFORE
            if component.world._store.dead is not None:
                component.world.close()
                component = echo(abi.Tuple((BYTES, abi.List(BYTES))))
                assert component.there(value) == value
    assert interrupted > 150


def _moving() -> host.Engine:
    """Return an engine whose memories lie elsewhere after growing."""
    config = wasmtime.Config()
    for name in ("memory_reservation", "memory_guard_size", "memory_reservation_for_growth"):
        set_ = ffi.prototype(f"wasmtime_config_{name}_set", None)
        set_(ffi.Address(ffi.address_of(config.ptr())), ctypes.c_uint64(0))
    return host.make_engine(config)


def test_memories_that_move() -> None:
    with host.Store(_moving()) as store:
        deep = [0]

        def answer(value: Any) -> Any:
            if deep[0] < 4:
                deep[0] += 1
                larger = (value[0] * 3, [*value[1], value[0] * 2])
                assert component.there(larger) == larger
                assert component.back(larger) == larger
            return value

        component = echo(abi.Tuple((BYTES, abi.List(BYTES))), store, answer)
        value = (CONTENT * 20, [CONTENT, CONTENT])
        assert component.back(value) == value
        assert component.there(value) == value
        assert blocks(component) == BEFORE


def test_a_list_beyond_the_limit_of_a_store() -> None:
    limits = host.Limits(memory=4 << 20)
    with host.Store(limits=limits) as store:
        component = echo(BYTES, store, lambda value: value * 100)
        assert component.there(CONTENT) == CONTENT
        with pytest.raises(host.MemoryLimitError, match="the lists of a call need a memory of 5242944 bytes"):
            component.there(bytes(5 << 20))
        # Nothing has run.
        assert component.there(CONTENT) == CONTENT
        assert blocks(component) == BEFORE
        with pytest.raises(host.MemoryLimitError, match="the lists of a call need a memory of"):
            component.back(CONTENT * 10)
        with pytest.raises(host.StoreDeadError):
            component.there(CONTENT)


def test_closed_stores_are_not_read() -> None:
    component = echo(BYTES)
    component.there(CONTENT)
    component.world.close()
    with pytest.raises(host.StoreDeadError, match="closed"):
        component.there(CONTENT)


def test_a_component_that_pretends_to_be_adapted() -> None:
    pretended = _component('(import "adapter-memory-x000000000000" (func (result u64)))')
    with pytest.raises(host.LinkError, match="imports something whose name begins with adapter-"):
        Swaps._open(pretended, _imports(), adapters="bytes")


def test_instances_of_one_component_in_one_store() -> None:
    """Their core instances follow each other, and so do the memories."""
    with host.Store() as store:
        several = [echo(BYTES, store) for _ in range(5)]
        for number, component in enumerate(several):
            assert component.there(CONTENT[number:]) == CONTENT[number:]
        for number, component in enumerate(several):
            assert component.back(CONTENT[number:]) == CONTENT[number:]


def test_stores_of_a_prepared_world_use_linkers_in_turn() -> None:
    prepared = Swaps._prepare(_component(), {})
    for _ in range(5):
        with prepared.open(_imports()) as one, prepared.open(_imports()) as other:
            assert one.run(CONTENT) == other.run(CONTENT) == CONTENT[::-1]
