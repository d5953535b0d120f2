"""Deadlines reach a guest that waits for streams of WASI; streams are still right."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import wasmtime

from tests.host.test_waits import BOUNDED, Took
from witgen_runtime import abi, host

STREAMS = """(component
  (import "wasi:io/poll@0.2.3" (instance $poll (export "pollable" (type (sub resource)))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:io/error@0.2.3" (instance $error (export "error" (type (sub resource)))))
  (alias export $error "error" (type $error))
  (import "wasi:io/streams@0.2.3" (instance $streams
    (export "input-stream" (type $in (sub resource)))
    (export "output-stream" (type $out (sub resource)))
    (alias outer 1 $error (type $outer-error)) (export "error" (type $e (eq $outer-error)))
    (type $failure (variant (case "last-operation-failed" (own $e)) (case "closed")))
    (export "stream-error" (type $stream-error (eq $failure)))
    (export "[method]input-stream.blocking-read" (func (param "self" (borrow $in)) (param "len" u64)
      (result (result (list u8) (error $stream-error)))))
    (export "[method]input-stream.blocking-skip" (func (param "self" (borrow $in)) (param "len" u64)
      (result (result u64 (error $stream-error)))))
    (export "[method]output-stream.check-write" (func (param "self" (borrow $out))
      (result (result u64 (error $stream-error)))))
    (export "[method]output-stream.blocking-write-and-flush" (func (param "self" (borrow $out))
      (param "contents" (list u8)) (result (result (error $stream-error)))))
    (export "[method]output-stream.blocking-flush" (func (param "self" (borrow $out))
      (result (result (error $stream-error)))))
    (export "[method]output-stream.blocking-write-zeroes-and-flush" (func (param "self" (borrow $out))
      (param "len" u64) (result (result (error $stream-error)))))
    (export "[method]output-stream.blocking-splice" (func (param "self" (borrow $out)) (param "src" (borrow $in))
      (param "len" u64) (result (result u64 (error $stream-error)))))))
  (alias export $streams "input-stream" (type $input-stream))
  (alias export $streams "output-stream" (type $output-stream))
  (import "wasi:cli/stdin@0.2.3" (instance $stdin
    (alias outer 1 $input-stream (type $o)) (export "input-stream" (type $i (eq $o)))
    (export "get-stdin" (func (result (own $i))))))
  (import "wasi:cli/stdout@0.2.3" (instance $stdout
    (alias outer 1 $output-stream (type $o)) (export "output-stream" (type $i (eq $o)))
    (export "get-stdout" (func (result (own $i))))))
  (core module $memory (memory (export "memory") 8)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
  (core instance $memory (instantiate $memory))
  (alias core export $memory "memory" (core memory $mem))
  (alias core export $memory "realloc" (core func $realloc))
  (core func $get-stdin (canon lower (func $stdin "get-stdin")))
  (core func $get-stdout (canon lower (func $stdout "get-stdout")))
  (core func $read (canon lower (func $streams "[method]input-stream.blocking-read") (memory $mem) (realloc $realloc)))
  (core func $skip (canon lower (func $streams "[method]input-stream.blocking-skip") (memory $mem)))
  (core func $check (canon lower (func $streams "[method]output-stream.check-write") (memory $mem)))
  (core func $write (canon lower (func $streams "[method]output-stream.blocking-write-and-flush") (memory $mem)))
  (core func $flush (canon lower (func $streams "[method]output-stream.blocking-flush") (memory $mem)))
  (core func $zeroes
    (canon lower (func $streams "[method]output-stream.blocking-write-zeroes-and-flush") (memory $mem)))
  (core func $splice (canon lower (func $streams "[method]output-stream.blocking-splice") (memory $mem)))
  (core module $m
    (import "" "memory" (memory 8))
    (import "" "get-stdin" (func $get-stdin (result i32)))
    (import "" "get-stdout" (func $get-stdout (result i32)))
    (import "" "read" (func $read (param i32 i64 i32)))
    (import "" "skip" (func $skip (param i32 i64 i32)))
    (import "" "check" (func $check (param i32 i32)))
    (import "" "write" (func $write (param i32 i32 i32 i32)))
    (import "" "flush" (func $flush (param i32 i32)))
    (import "" "zeroes" (func $zeroes (param i32 i64 i32)))
    (import "" "splice" (func $splice (param i32 i32 i64 i32)))
    (global $in (mut i32) (i32.const -1)) (global $out (mut i32) (i32.const -1))
    (func $open
      (if (i32.eq (global.get $in) (i32.const -1))
        (then (global.set $in (call $get-stdin)) (global.set $out (call $get-stdout)))))
    ;; Each returns what there was, or 1000 and the case of the error.
    (func $failed (param $at i32) (result i32) (i32.add (i32.const 1000) (i32.load8_u (local.get $at))))
    (func $write-all (param $from i32) (param $left i32) (result i32) (local $part i32)
      (loop $again
        (local.set $part (select (local.get $left) (i32.const 4096) (i32.lt_u (local.get $left) (i32.const 4096))))
        (call $write (global.get $out) (local.get $from) (local.get $part) (i32.const 16))
        (if (i32.load8_u (i32.const 16)) (then (return (call $failed (i32.const 20)))))
        (local.set $from (i32.add (local.get $from) (local.get $part)))
        (local.set $left (i32.sub (local.get $left) (local.get $part)))
        (br_if $again (local.get $left)))
      (i32.const 0))
    (func (export "copy") (param $most i64) (result i32) (local $count i32)
      (call $open)
      (call $read (global.get $in) (local.get $most) (i32.const 0))
      (if (i32.load8_u (i32.const 0)) (then (return (call $failed (i32.const 4)))))
      (local.set $count (i32.load (i32.const 8)))
      (if (local.get $count) (then (drop (call $write-all (i32.load (i32.const 4)) (local.get $count)))))
      (local.get $count))
    (func (export "skip") (param $most i64) (result i32)
      (call $open)
      (call $skip (global.get $in) (local.get $most) (i32.const 0))
      (if (result i32) (i32.load8_u (i32.const 0))
        (then (call $failed (i32.const 8))) (else (i32.wrap_i64 (i64.load (i32.const 8))))))
    (func (export "splice") (param $most i64) (result i32)
      (call $open)
      (call $splice (global.get $out) (global.get $in) (local.get $most) (i32.const 0))
      (if (result i32) (i32.load8_u (i32.const 0))
        (then (call $failed (i32.const 8))) (else (i32.wrap_i64 (i64.load (i32.const 8))))))
    (func (export "zeroes") (param $count i64) (result i32)
      (call $open)
      (call $zeroes (global.get $out) (local.get $count) (i32.const 0))
      (if (result i32) (i32.load8_u (i32.const 0)) (then (call $failed (i32.const 4))) (else (i32.const 0))))
    (func (export "flush") (param $unused i64) (result i32)
      (call $open)
      (call $flush (global.get $out) (i32.const 0))
      (if (result i32) (i32.load8_u (i32.const 0)) (then (call $failed (i32.const 4))) (else (i32.const 0))))
    (func (export "write") (param $count i64) (result i32)
      (call $open)
      (call $write (global.get $out) (i32.const 1024) (i32.wrap_i64 (local.get $count)) (i32.const 0))
      (if (result i32) (i32.load8_u (i32.const 0)) (then (call $failed (i32.const 4))) (else (i32.const 0)))))
  (core instance $i (instantiate $m (with "" (instance
    (export "memory" (memory $mem)) (export "get-stdin" (func $get-stdin)) (export "get-stdout" (func $get-stdout))
    (export "read" (func $read)) (export "skip" (func $skip)) (export "check" (func $check))
    (export "write" (func $write)) (export "flush" (func $flush)) (export "zeroes" (func $zeroes))
    (export "splice" (func $splice))))))
  EXPORTS)"""

NAMES = ("copy", "skip", "splice", "zeroes", "flush", "write")
STREAMS = STREAMS.replace(
    "EXPORTS",
    "\n  ".join(
        f'(func (export "{name}") (param "n" u64) (result u32) (canon lift (core func $i "{name}")))' for name in NAMES
    ),
)
STREAM_EXPORTS = abi.Interface(
    "", (), tuple(abi.Function(name, name, (abi.Param("n", "n", abi.U64),), abi.U32) for name in NAMES)
)
CLOSED = 1001


class Streaming(host.World):
    _definition = host.Definition("test:waits/streaming", (), (STREAM_EXPORTS,))

    def _bind(self, instance: host.Instance) -> None:
        for function in STREAM_EXPORTS.functions:
            setattr(self, function.python, instance.function(function))

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


def streaming(folder: Path, source: bytes | Path, **limits: Any) -> tuple[Streaming, Path]:
    """Open the component between a file or FIFO and another file."""
    if isinstance(source, bytes):
        (folder / "in").write_bytes(source)
        source = folder / "in"
    wasi, target = wasmtime.WasiConfig(), folder / "out"
    wasi.stdin_file, wasi.stdout_file = str(source), str(target)
    return Streaming._open(STREAMS, None, wasi=wasi, limits=host.Limits(**limits)), target


DATA = bytes(range(256)) * 40


@pytest.mark.parametrize("limits", BOUNDED)
def test_streams_are_still_right(limits: dict[str, Any], tmp_path: Path) -> None:
    world, target = streaming(tmp_path, DATA, **limits)
    with world:
        copied = 0
        assert world.copy(0) == 0
        while copied < 5000:
            copied += world.copy(5000 - copied)
        skipped = 0
        while skipped < 1000:
            skipped += world.skip(1000 - skipped)
        assert world.zeroes(4096) == 0
        assert world.flush(0) == 0
        rest = 0
        while (count := world.splice(1 << 20)) != CLOSED:
            rest += count
        assert copied + skipped + rest == len(DATA)
        assert world.copy(10) == world.skip(10) == CLOSED
    assert target.read_bytes() == DATA[:5000] + bytes(4096) + DATA[6000:]


@pytest.mark.parametrize("limits", BOUNDED)
@pytest.mark.parametrize("name", ["write", "zeroes"])
def test_more_than_one_call_may_write_traps(name: str, limits: dict[str, Any], tmp_path: Path) -> None:
    world, _ = streaming(tmp_path, b"", **limits)
    with world, pytest.raises(host.Trap):
        getattr(world, name)(4097)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
@pytest.mark.parametrize("name", ["copy", "skip", "splice"])
def test_a_deadline_ends_a_guest_that_reads(name: str, tmp_path: Path) -> None:
    """From a stream that somebody holds open, and writes nothing to."""
    os.mkfifo(tmp_path / "fifo")
    held = os.open(tmp_path / "fifo", os.O_RDWR)
    try:
        world, target = streaming(tmp_path, tmp_path / "fifo", deadline=0.3)
        with world:
            os.write(held, b"hello")
            assert world.copy(100) == 5
            with Took() as took, pytest.raises(host.DeadlineError):
                getattr(world, name)(100)
            assert took.seconds < 2
        assert target.read_bytes() == b"hello"
    finally:
        # Ends wasmtime's thread that reads.
        os.write(held, b"x" * 100)
        os.close(held)
