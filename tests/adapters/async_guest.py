"""A component in text that has many async calls under way at once, and gives some up; with its bindings."""

from __future__ import annotations

from typing import Any

from witgen_runtime import abi, host

TEXT = """(component
  (import "wait" (func $wait async (param "n" u32) (result u32)))
  (core module $mm (memory (export "memory") 2))
  (core instance $mi (instantiate $mm))
  (alias core export $mi "memory" (core memory $memory))
  (core func $wait (canon lower (func $wait) async (memory $memory)))
  (core func $new (canon waitable-set.new))
  (core func $next (canon waitable-set.wait (memory $memory)))
  (core func $drop-set (canon waitable-set.drop))
  (core func $join (canon waitable.join))
  (core func $drop (canon subtask.drop))
  (core func $cancel (canon subtask.cancel))
  (core module $m
    (import "" "memory" (memory 2))
    (import "" "wait" (func $wait (param i32 i32) (result i32)))
    (import "" "new" (func $new (result i32)))
    (import "" "next" (func $next (param i32 i32) (result i32)))
    (import "" "drop-set" (func $drop-set (param i32)))
    (import "" "join" (func $join (param i32 i32)))
    (import "" "drop" (func $drop (param i32)))
    (import "" "cancel" (func $cancel (param i32) (result i32)))
    ;; Start `count` calls, wait until all have returned, and return the sum of what they gave.
    (func (export "all") (param $count i32) (result i32)
      (local $set i32) (local $i i32) (local $r i32) (local $open i32) (local $sum i32)
      (local.set $set (call $new))
      (block $started (loop $start
        (br_if $started (i32.eq (local.get $i) (local.get $count)))
        (local.set $r (call $wait (local.get $i) (i32.add (i32.const 1024) (i32.shl (local.get $i) (i32.const 2)))))
        (if (i32.ne (i32.and (local.get $r) (i32.const 15)) (i32.const 2)) (then
          (call $join (i32.shr_u (local.get $r) (i32.const 4)) (local.get $set))
          (local.set $open (i32.add (local.get $open) (i32.const 1)))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $start)))
      (block $ended (loop $wait
        (br_if $ended (i32.eqz (local.get $open)))
        (drop (call $next (local.get $set) (i32.const 16)))
        ;; The event is that of a subtask: its number, and its state, of which 2 means that it has returned.
        (if (i32.eq (i32.load (i32.const 20)) (i32.const 2)) (then
          (call $join (i32.load (i32.const 16)) (i32.const 0))
          (call $drop (i32.load (i32.const 16)))
          (local.set $open (i32.sub (local.get $open) (i32.const 1)))))
        (br $wait)))
      (call $drop-set (local.get $set))
      (block $added (loop $add
        (br_if $added (i32.eqz (local.get $i)))
        (local.set $i (i32.sub (local.get $i) (i32.const 1)))
        (local.set $sum (i32.add (local.get $sum)
          (i32.load (i32.add (i32.const 1024) (i32.shl (local.get $i) (i32.const 2))))))
        (br $add)))
      (local.get $sum))
    ;; Start a call and give it up; return its state then: 4 means that it was cancelled before it returned.
    (func (export "give-up") (param $n i32) (result i32) (local $r i32) (local $state i32)
      (local.set $r (i32.shr_u (call $wait (local.get $n) (i32.const 1024)) (i32.const 4)))
      (local.set $state (call $cancel (local.get $r)))
      (call $drop (local.get $r))
      (local.get $state)))
  (core instance $i (instantiate $m (with "" (instance
    (export "memory" (memory $mi "memory")) (export "wait" (func $wait)) (export "new" (func $new))
    (export "next" (func $next)) (export "drop-set" (func $drop-set)) (export "join" (func $join))
    (export "drop" (func $drop)) (export "cancel" (func $cancel))))))
  (func (export "all") async (param "count" u32) (result u32) (canon lift (core func $i "all")))
  (func (export "give-up") async (param "n" u32) (result u32) (canon lift (core func $i "give-up"))))
"""


def function(name: str, param: str) -> abi.Function:
    python = name.replace("-", "_")
    return abi.Function(name, python, (abi.Param(param, param, abi.U32),), abi.U32, is_async=True)


_EXPORTS = abi.Interface("", (), (function("all", "count"), function("give-up", "n")))


class Waiting(host.World):
    """The component; it imports a function `wait`."""

    _definition = host.Definition(
        "test:adapters/waiting", (host.Import("", abi.Interface("", (), (function("wait", "n"),))),), (_EXPORTS,)
    )

    def _bind(self, instance: host.Instance) -> None:
        self.all, self.give_up = (instance.function(function) for function in _EXPORTS.functions)


def opened(wait: Any) -> Waiting:
    """Run the component with a function for `wait`."""
    return Waiting._open(TEXT, waiting(wait))


def waiting(wait: Any) -> Any:
    """Return imports."""
    return type("Imports", (), {"wait": staticmethod(wait)})
