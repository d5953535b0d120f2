"""A component in text that passes streams on and makes some, with its bindings."""

from __future__ import annotations

from typing import Any

from witgen_runtime import abi, host

TEXT = """(component
  (type $numbers (stream u32)) (type $nothing (stream)) (type $done (future))
  (core module $mm (memory (export "memory") 1))
  (core instance $mi (instantiate $mm))
  (alias core export $mi "memory" (core memory $memory))
  (core func $give-numbers (canon task.return (result $numbers)))
  (core func $give-nothing (canon task.return (result $nothing)))
  (core func $give-done (canon task.return (result $done)))
  (core func $new (canon stream.new $numbers))
  (core func $write (canon stream.write $numbers async (memory $memory)))
  (core func $drop (canon stream.drop-writable $numbers))
  (core func $set (canon waitable-set.new))
  (core func $join (canon waitable.join))
  (core module $m
    (import "" "give-numbers" (func $give-numbers (param i32)))
    (import "" "give-nothing" (func $give-nothing (param i32)))
    (import "" "give-done" (func $give-done (param i32)))
    (import "" "new" (func $new (result i64)))
    (import "" "write" (func $write (param i32 i32 i32) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (import "" "set" (func $set (result i32)))
    (import "" "join" (func $join (param i32 i32)))
    (func (export "echo") (param i32) (result i32) (call $give-numbers (local.get 0)) (i32.const 0))
    (func (export "ticks") (param i32) (result i32) (call $give-nothing (local.get 0)) (i32.const 0))
    (func (export "done") (param i32) (result i32) (call $give-done (local.get 0)) (i32.const 0))
    ;; Return a stream, and go on with writing zeros to it.
    (func (export "zeros") (param $n i32) (result i32) (local $ends i64) (local $end i32) (local $set i32)
      (local.set $ends (call $new))
      (local.set $end (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))))
      (call $give-numbers (i32.wrap_i64 (local.get $ends)))
      (local.set $set (call $set))
      (drop (call $write (local.get $end) (i32.const 0) (local.get $n)))
      (call $join (local.get $end) (local.get $set))
      (i32.or (i32.const 2) (i32.shl (local.get $set) (i32.const 4))))
    (func (export "wrote") (param i32 i32 i32) (result i32)
      (call $join (local.get 1) (i32.const 0))
      (call $drop (local.get 1))
      (i32.const 0)))
  (core instance $i (instantiate $m (with "" (instance
    (export "give-numbers" (func $give-numbers)) (export "give-nothing" (func $give-nothing))
    (export "give-done" (func $give-done))
    (export "new" (func $new)) (export "write" (func $write)) (export "drop" (func $drop))
    (export "set" (func $set)) (export "join" (func $join))))))
  (alias core export $i "wrote" (core func $wrote))
  (func (export "echo") async (param "of" $numbers) (result $numbers)
    (canon lift (core func $i "echo") async (callback $wrote)))
  (func (export "ticks") async (param "of" $nothing) (result $nothing)
    (canon lift (core func $i "ticks") async (callback $wrote)))
  (func (export "done") async (param "of" $done) (result $done)
    (canon lift (core func $i "done") async (callback $wrote)))
  (func (export "zeros") async (param "n" u32) (result $numbers)
    (canon lift (core func $i "zeros") async (callback $wrote))))
"""

NUMBERS, NOTHING, DONE = abi.Stream(abi.U32), abi.Stream(None), abi.Future(None)


def _function(name: str, param: str, type_: abi.Type, result: abi.Type) -> abi.Function:
    return abi.Function(name, name, (abi.Param(param, param, type_),), result, is_async=True)


def _exports(numbers: abi.Stream) -> abi.Interface:
    functions = (
        _function("echo", "of", numbers, numbers),
        _function("ticks", "of", NOTHING, NOTHING),
        _function("done", "of", DONE, DONE),
        _function("zeros", "n", abi.U32, numbers),
    )
    return abi.Interface("", (), functions)


class Streaming(host.World):
    """The component."""

    _definition = host.Definition("test:adapters/streaming", (), (_exports(NUMBERS),))
    done: Any
    echo: Any
    ticks: Any
    zeros: Any

    def _bind(self, instance: host.Instance) -> None:
        for function in self._definition.exports[0].functions:
            setattr(self, function.python, instance.function(function))


class Texts(Streaming):
    """The same component with strings for numbers: `TEXTS`."""

    _definition = host.Definition("test:adapters/streaming", (), (_exports(abi.Stream(abi.STRING)),))


TEXTS = TEXT.replace("(stream u32)", "(stream string)")
