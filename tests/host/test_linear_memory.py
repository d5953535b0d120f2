"""The memories of adapters are found by handles written by hand; a wrong one ends the process, so a child's."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest
import wasmtime

from tests.support.paths import ROOT
from witgen_runtime import host
from witgen_runtime.host.capi import engine, ffi, linear_memory

HEAD = """
import ctypes
import wasmtime
from witgen_runtime.host.capi import engine, ffi, linear_memory

def setting(config, name, value):
    function = ffi.prototype(f"wasmtime_config_{name}_set", None)
    function(ffi.Address(ffi.address_of(config.ptr())), value)
"""


def child(code: str) -> subprocess.CompletedProcess[str]:
    program = HEAD + textwrap.dedent(code)
    return subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)


def test_memories_are_found_on_engines_of_all_kinds() -> None:
    done = child("""
    for number in range(16):
        names = ("concurrent", "fuel", "interruptible", "bounded")
        given = {name: bool(number >> bit & 1) for bit, name in enumerate(names)}
        assert engine.finds_memories(engine.default_engine(engine.Settings(**given))), given
    moving = wasmtime.Config()
    for name in ("memory_reservation", "memory_guard_size", "memory_reservation_for_growth"):
        setting(moving, name, ctypes.c_uint64(0))
    counting = wasmtime.Config()
    counting.epoch_interruption = counting.consume_fuel = True
    for config in (moving, counting, wasmtime.Config()):
        assert engine.finds_memories(wasmtime.Engine(config))
    """)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("shift", [-3, -2, -1, 1, 2, 3])
def test_other_numbers_are_noticed_before_they_are_used(shift: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The trial compares numbers only; a memory that cannot be found is never asked for anything."""
    asked = linear_memory._next_instance
    calls = iter(range(10))

    def numbered(context: int) -> tuple[int, int]:
        store, number = asked(context)
        return store, number + (shift if next(calls) == 1 else 0)

    monkeypatch.setattr(linear_memory, "_next_instance", numbered)
    assert not engine.finds_memories(wasmtime.Engine())


def test_why_the_order_is_tried_first() -> None:
    """A handle with the number of an instance that has no memory is the end."""
    done = child("""
    store = wasmtime.Store()
    context = ffi.context_of(store)
    memory = linear_memory.LinearMemory(context)
    memory._handle.raw = linear_memory._HANDLE.pack(*linear_memory._next_instance(context), 0)
    for base in memory.bases:
        break
    """)
    assert done.returncode < 0


def test_a_memory_without_the_number_that_proves_it() -> None:
    store = wasmtime.Store()
    other: object = wasmtime.Memory(store, wasmtime.MemoryType(wasmtime.Limits(1, 1)))
    wasmtime.Memory(store, wasmtime.MemoryType(wasmtime.Limits(1, 1)))
    memory = linear_memory.LinearMemory(ffi.context_of(store))
    with pytest.raises(host.EngineError, match="has not announced its memory"):
        memory.prove()
    memory.announce()
    with pytest.raises(host.EngineError, match="announced its memory twice"):
        memory.announce()
    assert memory.numbers == linear_memory._HANDLE.unpack(bytes(other._memory))  # type: ignore[attr-defined]
    with pytest.raises(host.EngineError, match="numbers a component's memories differently than in a trial"):
        memory.prove()
