"""Async exports are called to their end; async imports are refused with what is missing in the C API."""

from __future__ import annotations

from typing import Any

import pytest

from witgen_runtime import abi, host

TEXT = """(component
  (import "twice" (func $twice (param "x" u32) (result u32)))
  (core module $mm (memory (export "memory") 1) (global $p (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $r i32)
      (local.set $r (global.get $p)) (global.set $p (i32.add (global.get $p) (local.get 3))) (local.get $r)))
  (core instance $mi (instantiate $mm))
  (alias core export $mi "memory" (core memory $memory))
  (alias core export $mi "realloc" (core func $realloc))
  (core func $t (canon lower (func $twice)))
  (core func $ret (canon task.return (result u32)))
  (core func $ret-s (canon task.return (result string) (memory $memory)))
  (core module $m (import "" "t" (func $t (param i32) (result i32))) (import "" "ret" (func $ret (param i32)))
    (import "" "ret-s" (func $ret-s (param i32 i32)))
    (func (export "run") (param i32) (result i32) (local $n i32)
      (call $ret (call $t (local.get 0))) (i32.const 0))
    (func (export "late") (param i32 i32) (result i32)
      (global.set $a (local.get 0)) (global.set $b (local.get 1)) (i32.const 1))
    (global $a (mut i32) (i32.const 0)) (global $b (mut i32) (i32.const 0)) (global $turns (mut i32) (i32.const 0))
    (func (export "callback-late") (param i32 i32 i32) (result i32)
      (global.set $turns (i32.add (global.get $turns) (i32.const 1)))
      (if (i32.lt_u (global.get $turns) (i32.const 5)) (then (return (i32.const 1))))
      (global.set $turns (i32.const 0))
      (call $ret-s (global.get $a) (global.get $b)) (i32.const 0))
    (func (export "trap") (result i32) unreachable)
    (func (export "plain") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
    (func (export "callback") (param i32 i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m (with "" (instance
    (export "t" (func $t)) (export "ret" (func $ret)) (export "ret-s" (func $ret-s))))))
  (alias core export $i "callback" (core func $callback))
  (alias core export $i "callback-late" (core func $callback-late))
  (func (export "run") async (param "x" u32) (result u32)
    (canon lift (core func $i "run") async (callback $callback)))
  (func (export "late") async (param "x" string) (result string) (canon lift (core func $i "late") async
    (callback $callback-late) (memory $memory) (realloc $realloc)))
  (func (export "trap") async (canon lift (core func $i "trap") async (callback $callback)))
  (func (export "plain") (param "x" u32) (result u32) (canon lift (core func $i "plain"))))"""


def _function(name: str, type_: abi.Prim | None, *, is_async: bool = True) -> abi.Function:
    params = (abi.Param("x", "x", type_),) if type_ else ()
    return abi.Function(name, name, params, type_, is_async=is_async)


EXPORTS = abi.Interface(
    "",
    (),
    (
        _function("run", abi.U32),
        _function("late", abi.STRING),
        _function("trap", None),
        _function("plain", abi.U32, is_async=False),
    ),
)
TWICE = abi.Interface("", (), (_function("twice", abi.U32, is_async=False),))


class Async(host.World):
    _definition = host.Definition("test:async/async", (host.Import("", TWICE),), (EXPORTS,))

    def _bind(self, instance: host.Instance) -> None:
        for function in EXPORTS.functions:
            setattr(self, function.python, instance.function(function))

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


class Imports:
    @staticmethod
    def twice(x: int) -> int:
        if x > 1000:
            raise OverflowError("too much")
        return 2 * x


def test_async_exports_are_called_to_their_end() -> None:
    with Async._open(TEXT, Imports) as world:
        assert world.run(21) == 42
        assert [world.late("zażółć" * n) for n in range(4)] == ["zażółć" * n for n in range(4)]
        assert world.plain(4) == 5
        assert world.run(x=3) == 6


def test_values_are_checked_and_exceptions_come_out() -> None:
    world = Async._open(TEXT, Imports)
    with pytest.raises(ValueError, match=r"run\(x=…\): expected u32, got -1"):
        world.run(-1)
    with pytest.raises(OverflowError, match="too much"):
        world.run(5000)
    with pytest.raises(host.StoreDeadError):
        world.plain(1)
    with pytest.raises(host.Trap, match="unreachable"):
        Async._open(TEXT, Imports).trap()


@pytest.mark.parametrize("name", ["run", "plain"])
def test_a_host_function_cannot_call_back_while_an_async_function_of_the_guest_runs(name: str) -> None:
    world: Any = None

    class Back:
        @staticmethod
        def twice(x: int) -> int:
            return int(getattr(world, name)(x))

    world = Async._open(TEXT, Back)
    # Some releases come to the rule of the component model first: nobody enters an instance that is being called.
    meant = r"a host function that an async function of the guest called .* export|cannot enter component instance"
    with pytest.raises((host.EngineError, host.Trap), match=meant):
        world.run(1)


def test_an_engine_without_support_is_refused() -> None:
    with host.Store() as store, pytest.raises(host.EngineError, match=r"Settings\(concurrent=True\)"):
        Async._instantiate(store, TEXT, Imports)
    with host.Store(concurrent=True) as store:
        assert Async._instantiate(store, TEXT, Imports).run(1) == 2


def test_a_function_with_a_stream_of_streams_is_linked_and_says_why_it_cannot_be_called() -> None:
    """Nobody can implement it, so nobody has to; a component may have it all the same."""
    text = """(component
      (type $e (stream u8)) (type $s (stream $e)) (import "f" (func $f (result $s)))
      (core module $m (import "" "f" (func $f (result i32))) (func (export "run") (drop (call $f))))
      (core func $l (canon lower (func $f)))
      (core instance $i (instantiate $m (with "" (instance (export "f" (func $l))))))
      (func (export "run") (canon lift (core func $i "run"))))"""
    f = abi.Function("f", "f", (), abi.Stream(abi.Stream(abi.U8)))
    run = abi.Function("run", "run", ())

    class Streaming(host.World):
        _definition = host.Definition(
            "test:async/streaming",
            (host.Import("", abi.Interface("", (), (f,))),),
            (abi.Interface("", (), (run,)),),
            streams=True,
        )

        def _bind(self, instance: host.Instance) -> None:
            self.run = instance.function(run)

    with pytest.raises(host.LinkError, match="cannot be called: a stream or future that carries"):
        Streaming._open(text, object()).run()
