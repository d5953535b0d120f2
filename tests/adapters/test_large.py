"""Payloads beyond the 256 MiB that the canonical ABI allows strings, in processes of their own."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest

from tests.adapters.test_composing import BYTES, MEMORY, OPTIONS
from tests.support.memory import measured, resident
from witgen_runtime import abi, host
from witgen_runtime.host.linking import preparation

pytestmark = pytest.mark.slow

SIZE = 300 << 20
LIMIT = 128 << 20
"""What wasmtime lets a guest hand over to the C API per call."""

TEXT = f"""(component
  (import "test:adapters/host" (instance $h
    (export "source" (func (param "size" u32) (result (list u8))))
    (export "sink" (func (param "data" (list u8)) (result u32)))))
  {MEMORY}
  (core func $source (canon lower (func $h "source") {OPTIONS}))
  (core func $sink (canon lower (func $h "sink") {OPTIONS}))
  (core module $m
    (import "" "memory" (memory 1))
    (import "" "source" (func $source (param i32 i32))) (import "" "sink" (func $sink (param i32 i32) (result i32)))
    ;; The sum of the bytes at the multiples of 4099.
    (func $sum (param $data i32) (param $size i32) (result i32) (local $i i32) (local $sum i32)
      (block $e (loop $l
        (br_if $e (i32.ge_u (local.get $i) (local.get $size)))
        (local.set $sum (i32.add (local.get $sum) (i32.load8_u (i32.add (local.get $data) (local.get $i)))))
        (local.set $i (i32.add (local.get $i) (i32.const 4099)))
        (br $l)))
      (local.get $sum))
    (func (export "take") (param i32 i32) (result i32) (call $sum (local.get 0) (local.get 1)))
    (func (export "fetch") (param i32) (result i32)
      (call $source (local.get 0) (i32.const 16))
      (call $sum (i32.load (i32.const 16)) (i32.load (i32.const 20))))
    (func (export "hand-over") (param i32) (result i32)
      (call $source (local.get 0) (i32.const 16))
      (call $sink (i32.load (i32.const 16)) (i32.load (i32.const 20)))))
  (core instance $i (instantiate $m (with "" (instance
    (export "memory" (memory $memory)) (export "source" (func $source)) (export "sink" (func $sink))))))
  (func (export "take") (param "data" (list u8)) (result u32)
    (canon lift (core func $i "take") {OPTIONS} (post-return $reset)))
  (func (export "fetch") (param "size" u32) (result u32)
    (canon lift (core func $i "fetch") (post-return $reset)))
  (func (export "hand-over") (param "size" u32) (result u32)
    (canon lift (core func $i "hand-over") (post-return $reset))))"""

_SIZE = (abi.Param("size", "size", abi.U32),)
_DATA = (abi.Param("data", "data", BYTES),)
_HOST = (abi.Function("source", "source", _SIZE, BYTES), abi.Function("sink", "sink", _DATA, abi.U32))
_EXPORTS = (
    abi.Function("take", "take", _DATA, abi.U32),
    abi.Function("fetch", "fetch", _SIZE, abi.U32),
    abi.Function("hand-over", "hand_over", _SIZE, abi.U32),
)


class Large(host.World):
    """The component's world."""

    _definition = host.Definition(
        "test:adapters/large",
        (host.Import("host", abi.Interface("test:adapters/host", (), _HOST)),),
        (abi.Interface("", (), _EXPORTS),),
        adapters="bytes",
    )

    def _bind(self, instance: host.Instance) -> None:
        self.take, self.fetch, self.hand_over = (instance.function(function) for function in _EXPORTS)


def content(size: int) -> bytes:
    """Return bytes, half of them not ASCII."""
    return (bytes(range(256)) * (size // 256 + 1))[:size]


class _Host:
    def source(self, size: int) -> bytes:
        return content(size)

    def sink(self, data: bytes) -> int:
        return total(data)


def total(data: bytes) -> int:
    return sum(data[::4099]) & 0xFFFF_FFFF


def opened() -> Any:
    return Large._open(TEXT, type("Imports", (), {"host": _Host()})())


def _to_the_guest() -> None:
    with opened() as world:
        assert world.fetch(SIZE) == total(content(SIZE))
        assert world.take(content(SIZE)) == total(content(SIZE))


def _from_the_guest() -> None:
    with opened() as world:
        assert world.hand_over(SIZE) == total(content(SIZE))


def _too_much_text_for_one_call() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(preparation, "finds_memories", lambda _: False)
        with opened() as world:
            assert world.hand_over(LIMIT - 4096) == total(content(LIMIT - 4096))
            with pytest.raises(host.Trap) as trapped:
                world.hand_over(SIZE)
            assert "128 MiB" in str(trapped.value.__notes__)


def _memory_is_kept_until_the_store_closes() -> None:
    start = resident()
    with opened() as world:
        world.take(content(SIZE))
        # The guest's memory and the helper's, and nothing on Python's side.
        assert 1.9 * SIZE < resident() - start < 2.3 * SIZE
        for _ in range(3):
            world.take(content(SIZE))
        assert resident() - start < 2.3 * SIZE
    assert resident() - start < SIZE // 10


@pytest.mark.long
@measured
@pytest.mark.parametrize(
    "check", [_to_the_guest, _from_the_guest, _too_much_text_for_one_call, _memory_is_kept_until_the_store_closes]
)
def test_three_hundred_megabytes(check: Callable[[], None]) -> None:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        pool.submit(check).result()
