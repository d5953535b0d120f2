"""What wasmtime-py's own component API does with values and errors, and what the bindings do instead.

Where the raw behaviour ends the process, a child process shows it. A test that fails on its raw half means that
wasmtime-py has changed, not that the bindings are wrong.
"""

from __future__ import annotations

import enum
import multiprocessing
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import pytest
import wasmtime
from wasmtime import component as wasm

from tests.host.echo import echo
from tests.host.test_values import SHAPE, ShapeSize
from tests.support.memory import allocated, counted
from tests.support.paths import ROOT
from witgen_runtime import abi, host
from witgen_runtime.host.capi import ffi

TEXT = """(component
  (core module $m (memory (export "memory") 4) (global $p (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
    (func (export "same") (param i32) (result i32) (local.get 0))
    (func (export "same-f32") (param f32) (result f32) (local.get 0))
    (func (export "tag") (param i32 i32) (result i32)
      (i32.add (i32.mul (i32.const 1000) (local.get 0)) (local.get 1)))
    (func (export "some") (result i32) (i32.store (i32.const 16) (i32.const 1))
      (i32.store (i32.const 20) (i32.const 7)) (i32.const 16))
    (func (export "size") (param i32 i32) (result i32) (local.get 1))
    (func (export "trap") unreachable))
  (core instance $i (instantiate $m))
  (alias core export $i "memory" (core memory $memory))
  (alias core export $i "realloc" (core func $realloc))
  (type $e' (enum "red" "green")) (export $e "e" (type $e'))
  (type $v' (variant (case "a" u8) (case "b" bool))) (export $v "v" (type $v'))
  (func (export "u8") (param "x" u8) (result u8) (canon lift (core func $i "same")))
  (func (export "s8") (param "x" s8) (result s8) (canon lift (core func $i "same")))
  (func (export "char") (param "x" char) (result char) (canon lift (core func $i "same")))
  (func (export "f32") (param "x" f32) (result f32) (canon lift (core func $i "same-f32")))
  (func (export "enum") (param "x" $e) (result $e) (canon lift (core func $i "same")))
  (func (export "tag") (param "x" $v) (result u32) (canon lift (core func $i "tag")))
  (func (export "some") (result (option u32)) (canon lift (core func $i "some") (memory $memory)))
  (func (export "size") (param "x" (list u32)) (result u32)
    (canon lift (core func $i "size") (memory $memory) (realloc $realloc)))
  (func (export "trap") (canon lift (core func $i "trap"))))"""

FAILS = """(component (import "f" (func $f (result string)))
  (core module $mm (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 8)))
  (core instance $mi (instantiate $mm))
  (alias core export $mi "memory" (core memory $memory))
  (alias core export $mi "realloc" (core func $realloc))
  (core func $l (canon lower (func $f) (memory $memory) (realloc $realloc)))
  (core module $m (import "" "l" (func $l (param i32))) (func $run (export "run") (call $l (i32.const 16))) START)
  (core instance $i (instantiate $m (with "" (instance (export "l" (func $l))))))
  (func (export "run") (canon lift (core func $i "run"))))"""


class Raw:
    """The component above as wasmtime-py runs it."""

    def __init__(self, text: str = TEXT, function: Callable[..., Any] | None = None) -> None:
        self.engine = wasmtime.Engine()
        self.store = wasmtime.Store(self.engine)
        self.linker = wasm.Linker(self.engine)
        if function is not None:
            with self.linker.root() as root:
                root.add_func("f", function)
        self.instance = self.linker.instantiate(self.store, wasm.Component(self.engine, text))

    def __call__(self, name: str, *values: Any) -> Any:
        function = self.instance.get_func(self.store, name)
        assert function is not None
        return function(self.store, *values)


@pytest.mark.parametrize(
    ("name", "type_", "given", "got"),
    [("u8", abi.U8, 300, 44), ("u8", abi.U8, -1, 255), ("s8", abi.S8, 200, -56), ("u8", abi.U8, True, 1)],
)
def test_integers_are_truncated(name: str, type_: abi.Prim, given: int, got: int) -> None:
    assert Raw()(name, given) == got
    with pytest.raises((ValueError, TypeError)):
        echo(type_).there(given)


def test_a_surrogate_ends_the_process() -> None:
    script = """
        from tests.host.test_hazards import Raw
        Raw()("char", chr(0xD800))
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    assert subprocess.run(command, capture_output=True, cwd=ROOT).returncode == -signal.SIGABRT
    component = echo(abi.CHAR)
    with pytest.raises(ValueError, match="surrogate"):
        component.there("\ud800")
    assert component.there("x") == "x"


def test_a_bool_is_taken_for_a_number() -> None:
    assert Raw()("tag", True) == 1  # case a, with 1
    component = echo(SHAPE)
    with pytest.raises(TypeError, match="got bool"):
        component.there(True)
    assert component.there(1) == ShapeSize(1)


def test_what_python_takes_for_a_number_or_a_list_is_refused() -> None:
    raw = Raw()
    with pytest.raises(TypeError):
        raw("f32", 1)
    with pytest.raises(TypeError):
        raw("size", (1, 2))
    assert echo(abi.F32).there(1) == 1.0
    assert echo(abi.List(abi.U32)).there((1, 2)) == [1, 2]


def test_a_wrong_case_poisons_the_store() -> None:
    raw = Raw()
    with pytest.raises(wasmtime.WasmtimeError):
        raw("enum", "blue")
    with pytest.raises(wasmtime.WasmtimeError, match="cannot enter component instance"):
        raw("u8", 1)

    class Color(enum.Enum):
        RED = 1

    component = echo(abi.Enum("color", Color, ("red",)))
    with pytest.raises(TypeError, match="expected Color"):
        component.there("blue")
    assert component.there(Color.RED) is Color.RED


def test_an_exception_of_one_component_and_thread_comes_out_of_another() -> None:
    def fail(_: object) -> str:
        raise KeyError("in start")

    with ThreadPoolExecutor(1) as pool:
        failure = pool.submit(Raw, FAILS.replace("START", "(start $run)"), fail).exception()
        assert isinstance(failure, wasmtime.WasmtimeError)
    with pytest.raises(KeyError, match="in start"):
        Raw()("trap")  # which has nothing to do with it, on another thread

    raised = KeyError("ours")
    with pytest.raises(KeyError):
        echo(abi.U8, answer=lambda _: (_ for _ in ()).throw(raised)).back(1)
    with pytest.raises(host.Trap):
        _trap()


def _trap() -> None:
    run = abi.Function("trap", "trap", ())

    class Traps(host.World):
        _definition = host.Definition("test:hazards/traps", (), (abi.Interface("", (), (run,)),))

        def _bind(self, instance: host.Instance) -> None:
            self.trap = instance.function(run)

    Traps._open(TEXT, None).trap()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_is_swallowed() -> None:
    def interrupted(_: object) -> str:
        raise KeyboardInterrupt

    with pytest.raises(wasmtime.WasmtimeError, match="type mismatch"):
        Raw(FAILS.replace("START", ""), interrupted)("run")

    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        echo(abi.STRING, answer=interrupt).back("x")


def leaked_bytes() -> tuple[int, int]:
    """How many bytes a call leaves behind, made with wasmtime-py and with the bindings."""

    def grown(call: Callable[[], Any]) -> int:
        for _ in range(1_000):
            call()
        before = allocated()
        for _ in range(10_000):
            call()
        return (allocated() - before) // 10_000

    raw = Raw()
    some = raw.instance.get_func(raw.store, "some")
    assert some is not None
    component = echo(abi.Option(abi.U32))
    return grown(lambda: some(raw.store)), grown(lambda: component.there(7))


@counted
def test_boxes_of_options_leak() -> None:
    # In a process of its own, with one thread.
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        theirs, ours = pool.submit(leaked_bytes).result()
    assert ours == 0
    if ffi.VERSION.startswith("50."):  # not all releases do
        assert theirs >= 32
