"""A component that prints to stdout and stderr, fails in several ways, and asks its host in between; its bindings."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from textwrap import dedent
from typing import Any

from tests.support.paths import ROOT
from witgen_runtime import abi, host
from witgen_runtime.host.wasi.store_config import StoreConfig

TEXT = r"""(component
  (import "wasi:io/error@0.2.0" (instance $e (export "error" (type (sub resource)))))
  (alias export $e "error" (type $error))
  (import "wasi:io/streams@0.2.0" (instance $s
    (export "output-stream" (type $o (sub resource)))
    (alias outer 1 $error (type $err'))
    (export "error" (type $err (eq $err')))
    (type $se' (variant (case "last-operation-failed" (own $err)) (case "closed")))
    (export "stream-error" (type $se (eq $se')))
    (export "[method]output-stream.check-write" (func (param "self" (borrow $o)) (result (result u64 (error $se)))))
    (export "[method]output-stream.write"
      (func (param "self" (borrow $o)) (param "contents" (list u8)) (result (result (error $se)))))
    (export "[method]output-stream.blocking-write-and-flush"
      (func (param "self" (borrow $o)) (param "contents" (list u8)) (result (result (error $se)))))))
  (alias export $s "output-stream" (type $out))
  (import "wasi:cli/stdout@0.2.0" (instance $so (alias outer 1 $out (type $o'))
    (export "output-stream" (type $o (eq $o'))) (export "get-stdout" (func (result (own $o))))))
  (import "wasi:cli/stderr@0.2.0" (instance $si (alias outer 1 $out (type $o'))
    (export "output-stream" (type $o (eq $o'))) (export "get-stderr" (func (result (own $o))))))
  (import "wasi:cli/exit@0.2.0" (instance $x (export "exit" (func (param "status" (result))))))
  (import "ask" (func $ask))
  (core module $mem (memory (export "memory") 1)
    (data (i32.const 0) "stdout 00000\n") (data (i32.const 32) "stderr 00000\n"))
  (core instance $mem (instantiate $mem))
  (alias core export $mem "memory" (core memory $memory))
  (core func $get-out (canon lower (func $so "get-stdout")))
  (core func $get-err (canon lower (func $si "get-stderr")))
  (core func $check (canon lower (func $s "[method]output-stream.check-write") (memory $memory)))
  (core func $write (canon lower (func $s "[method]output-stream.write") (memory $memory)))
  (core func $print (canon lower (func $s "[method]output-stream.blocking-write-and-flush")
    (memory $memory)))
  (core func $exit (canon lower (func $x "exit")))
  (core func $ask (canon lower (func $ask)))
  (core module $m
    (import "" "memory" (memory 1))
    (import "" "out" (func $get-out (result i32))) (import "" "err" (func $get-err (result i32)))
    (import "" "check" (func $check (param i32 i32)))
    (import "" "write" (func $write (param i32 i32 i32 i32))) (import "" "print" (func $print (param i32 i32 i32 i32)))
    (import "" "exit" (func $exit (param i32))) (import "" "ask" (func $ask))
    (global $out (mut i32) (i32.const 0)) (global $err (mut i32) (i32.const 0))
    (func $open (if (i32.eqz (global.get $out))
      (then (global.set $out (call $get-out)) (global.set $err (call $get-err)))))
    ;; Writes a number of five digits at an address.
    (func $digits (param $at i32) (param $n i32) (local $i i32) (local.set $i (i32.const 5))
      (loop $l
        (local.set $i (i32.sub (local.get $i) (i32.const 1)))
        (i32.store8 (i32.add (local.get $at) (local.get $i))
          (i32.add (i32.const 48) (i32.rem_u (local.get $n) (i32.const 10))))
        (local.set $n (i32.div_u (local.get $n) (i32.const 10)))
        (br_if $l (local.get $i))))
    (func $line (param $stream i32) (param $at i32) (param $n i32)
      (call $digits (i32.add (local.get $at) (i32.const 7)) (local.get $n))
      (call $print (local.get $stream) (local.get $at) (i32.const 13) (i32.const 64)))
    (func $out (export "out") (param $n i32) (call $open) (call $line (global.get $out) (i32.const 0) (local.get $n)))
    (func $err (export "err") (param $n i32) (call $open) (call $line (global.get $err) (i32.const 32) (local.get $n)))
    ;; The first byte says whether it failed.
    (func (export "tried") (result i32) (call $out (i32.const 1)) (i32.load8_u (i32.const 64)))
    (func (export "errs") (param $n i32) (local $i i32)
      (loop $l (if (i32.lt_u (local.get $i) (local.get $n)) (then
        (call $err (local.get $i)) (local.set $i (i32.add (local.get $i) (i32.const 1))) (br $l)))))
    (func (export "both") (param $n i32) (local $i i32)
      (loop $l (if (i32.lt_u (local.get $i) (local.get $n)) (then
        (call $err (local.get $i)) (call $out (local.get $i)) (call $ask)
        (local.set $i (i32.add (local.get $i) (i32.const 1))) (br $l)))))
    (func (export "unflushed") (call $open)
      (call $check (global.get $out) (i32.const 64))
      (call $write (global.get $out) (i32.const 0) (i32.const 13) (i32.const 64)))
    (func (export "fail") (param $n i32) (call $err (local.get $n)) unreachable)
    (func (export "leave") (param $n i32) (call $err (i32.const 7)) (call $exit (local.get $n)))
    (func (export "spin") (call $err (i32.const 8)) (loop $l (br $l))))
  (core instance $i (instantiate $m (with "" (instance
    (export "memory" (memory $mem "memory"))
    (export "out" (func $get-out)) (export "err" (func $get-err)) (export "check" (func $check))
    (export "write" (func $write)) (export "print" (func $print)) (export "exit" (func $exit))
    (export "ask" (func $ask))))))
  (func (export "out") (param "n" u32) (canon lift (core func $i "out")))
  (func (export "err") (param "n" u32) (canon lift (core func $i "err")))
  (func (export "tried") (result bool) (canon lift (core func $i "tried")))
  (func (export "errs") (param "n" u32) (canon lift (core func $i "errs")))
  (func (export "both") (param "n" u32) (canon lift (core func $i "both")))
  (func (export "unflushed") (canon lift (core func $i "unflushed")))
  (func (export "fail") (param "n" u32) (canon lift (core func $i "fail")))
  (func (export "leave") (param "n" u32) (canon lift (core func $i "leave")))
  (func (export "spin") (canon lift (core func $i "spin"))))"""

ALONE = TEXT.replace('(import "ask" (func $ask))', "").replace(
    "(core func $ask (canon lower (func $ask)))",
    """(core module $silent (func (export "ask"))) (core instance $silent (instantiate $silent))
    (alias core export $silent "ask" (core func $ask))""",
)
"""The same without an import of its own."""

_NUMBER = (abi.Param("n", "n", abi.U32),)
_ASK = abi.Function("ask", "ask", ())
_EXPORTS = (
    *(abi.Function(name, name, _NUMBER) for name in ("out", "err", "errs", "both", "fail", "leave")),
    *(abi.Function(name, name, ()) for name in ("unflushed", "spin")),
    abi.Function("tried", "tried", (), abi.BOOL),
)


class Imports:
    def __init__(self, ask: Callable[[], None]) -> None:
        self.ask = ask


class Printing(host.World):
    """What a generator makes of it, as far as that matters."""

    _definition = host.Definition(
        "test:printing/printing",
        (host.Import("", abi.Interface("", (), (_ASK,)), None),),
        (abi.Interface("", (), _EXPORTS),),
    )

    def _bind(self, instance: host.Instance) -> None:
        for function in _EXPORTS:
            setattr(self, function.python, instance.function(function))

    @classmethod
    def start(cls, wasi: Any = None, ask: Callable[[], None] = lambda: None, **limits: Any) -> Any:
        return cls._open(TEXT, Imports(ask), wasi=wasi, limits=host.Limits(**limits))


def config(**streams: Any) -> StoreConfig:
    wasi = StoreConfig()
    for name, value in streams.items():
        setattr(wasi, name, value)
    return wasi


def ignore(_: bytes) -> None:
    """Take what a guest prints."""


def python(code: str, *, merge: bool = False) -> subprocess.CompletedProcess[str]:
    """Run code in a separate process and assert that it succeeds."""
    ran = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", dedent(code)], cwd=ROOT, text=True, timeout=60, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT if merge else subprocess.PIPE,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + (ran.stderr or "")
    return ran
