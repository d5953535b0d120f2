"""A component that can spin, sleep in WASI and wait in the host; tests of interrupts, forks and waits share it."""

from __future__ import annotations

import time
from typing import Any

from witgen_runtime import abi, host

TEXT = """(component
  (import "wasi:io/poll@0.2.3" (instance $poll
    (export "pollable" (type $p (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $p))))
    (export "poll" (func (param "in" (list (borrow $p))) (result (list u32))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:clocks/monotonic-clock@0.2.3" (instance $clock
    (alias outer 1 $pollable (type $o)) (export "pollable" (type $q (eq $o)))
    (export "subscribe-duration" (func (param "when" u64) (result (own $q))))))
  (import "call" (func $call))
  (core module $memory (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
  (core instance $memory (instantiate $memory))
  (alias core export $memory "memory" (core memory $mem))
  (alias core export $memory "realloc" (core func $realloc))
  (core func $after (canon lower (func $clock "subscribe-duration")))
  (core func $block (canon lower (func $poll "[method]pollable.block")))
  (core func $poll (canon lower (func $poll "poll") (memory $mem) (realloc $realloc)))
  (core func $drop (canon resource.drop $pollable))
  (core func $call (canon lower (func $call)))
  (core module $m
    (import "" "memory" (memory 1))
    (import "" "after" (func $after (param i64) (result i32)))
    (import "" "block" (func $block (param i32)))
    (import "" "poll" (func $poll (param i32 i32 i32)))
    (import "" "drop" (func $drop (param i32)))
    (import "" "call" (func $call))
    (func $nap (export "nap") (param $ns i64) (local $p i32)
      (local.set $p (call $after (local.get $ns)))
      (call $block (local.get $p))
      (call $drop (local.get $p)))
    (func (export "pump") (param $ns i64) (loop $l (call $nap (local.get $ns)) (br $l)))
    ;; Poll a short and a long timer; return the place of the one that was ready.
    (func (export "first") (param $one i64) (param $other i64) (result i32)
      (i32.store (i32.const 0) (call $after (local.get $one)))
      (i32.store (i32.const 4) (call $after (local.get $other)))
      (call $poll (i32.const 0) (i32.const 2) (i32.const 16))
      (call $drop (i32.load (i32.const 0)))
      (call $drop (i32.load (i32.const 4)))
      (i32.add (i32.mul (i32.load (i32.const 20)) (i32.const 100)) (i32.load (i32.load (i32.const 16)))))
    (func (export "none") (call $poll (i32.const 0) (i32.const 0) (i32.const 16)))
    (func (export "spin") (loop $l (br $l)))
    (func (export "call-host") (call $call))
    (func (export "call-host-for-ever") (loop $l (call $call) (br $l)))
    (func (export "call-host-and-spin") (call $call) (loop $l (br $l)))
    (func (export "add") (param i32 i32) (result i32)
      (i32.add (i32.add (local.get 0) (local.get 1)) (i32.const 0))))
  (core instance $i (instantiate $m (with "" (instance
    (export "memory" (memory $mem)) (export "after" (func $after)) (export "block" (func $block))
    (export "poll" (func $poll)) (export "drop" (func $drop)) (export "call" (func $call))))))
  (func (export "nap") (param "ns" u64) (canon lift (core func $i "nap")))
  (func (export "pump") (param "ns" u64) (canon lift (core func $i "pump")))
  (func (export "first") (param "one" u64) (param "other" u64) (result u32) (canon lift (core func $i "first")))
  (func (export "none") (canon lift (core func $i "none")))
  (func (export "spin") (canon lift (core func $i "spin")))
  (func (export "call-host") (canon lift (core func $i "call-host")))
  (func (export "call-host-for-ever") (canon lift (core func $i "call-host-for-ever")))
  (func (export "call-host-and-spin") (canon lift (core func $i "call-host-and-spin")))
  (func (export "add") (param "a" s32) (param "b" s32) (result s32) (canon lift (core func $i "add"))))"""


def other(number: int) -> str:
    """Return another component, whose sums are too large by a number."""
    return TEXT.replace("(i32.const 0))))\n", f"(i32.const {number}))))\n", 1)


def _function(name: str, result: abi.Type | None = None, **params: abi.Type) -> abi.Function:
    given = tuple(abi.Param(each, each, type_) for each, type_ in params.items())
    return abi.Function(name, name.replace("-", "_"), given, result)


EXPORTS = abi.Interface(
    "",
    (),
    (
        _function("nap", ns=abi.U64),
        _function("pump", ns=abi.U64),
        _function("first", abi.U32, one=abi.U64, other=abi.U64),
        *(_function(name) for name in ("none", "spin", "call-host", "call-host-for-ever", "call-host-and-spin")),
        _function("add", abi.S32, a=abi.S32, b=abi.S32),
    ),
)


class Waiting(host.World):
    """The component's world."""

    _definition = host.Definition(
        "test:waits/waiting", (host.Import("", abi.Interface("", (), (_function("call"),))),), (EXPORTS,)
    )

    def _bind(self, instance: host.Instance) -> None:
        for function in EXPORTS.functions:
            setattr(self, function.python, instance.function(function))

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


class Imports:
    """What it imports."""

    @staticmethod
    def call() -> None:
        """Do nothing for a while."""
        time.sleep(0.005)


class AsyncWaiting(host.AsyncWorld[Waiting]):
    """The same for asyncio."""

    @classmethod
    async def open(cls, imports: object, **limits: Any) -> AsyncWaiting:
        """Open the component."""
        return await cls._open(Waiting, TEXT, imports, limits=host.Limits(**limits))

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: host.run_in_store(self, getattr(self._world, name), *arguments)
