"""The part of the adapter before wasmtime's WASI that waits for streams; `waits_component` puts it together."""

from __future__ import annotations

from typing import Final

__all__ = ["CODE", "CORE_IMPORTS", "EXPORTS", "GIVEN", "IMPORTS", "LOWERED"]

IMPORTS: Final = """
  (import "input-stream" (type $input-stream (sub resource)))
  (import "output-stream" (type $output-stream (sub resource)))
  (import "error" (type $error (sub resource)))
  (type $some-stream-error (variant (case "last-operation-failed" (own $error)) (case "closed")))
  (import "stream-error" (type $stream-error (eq $some-stream-error)))
  (import "input-subscribe" (func $input-subscribe (param "self" (borrow $input-stream)) (result (own $pollable))))
  (import "read" (func $read
    (param "self" (borrow $input-stream)) (param "len" u64) (result (result (list u8) (error $stream-error)))))
  (import "skip" (func $skip
    (param "self" (borrow $input-stream)) (param "len" u64) (result (result u64 (error $stream-error)))))
  (import "output-subscribe" (func $output-subscribe (param "self" (borrow $output-stream)) (result (own $pollable))))
  (import "check-write" (func $check-write
    (param "self" (borrow $output-stream)) (result (result u64 (error $stream-error)))))
  (import "write" (func $write
    (param "self" (borrow $output-stream)) (param "contents" (list u8)) (result (result (error $stream-error)))))
  (import "write-zeroes" (func $write-zeroes
    (param "self" (borrow $output-stream)) (param "len" u64) (result (result (error $stream-error)))))
  (import "flush" (func $flush (param "self" (borrow $output-stream)) (result (result (error $stream-error)))))
  (import "splice" (func $splice
    (param "self" (borrow $output-stream)) (param "src" (borrow $input-stream)) (param "len" u64)
    (result (result u64 (error $stream-error)))))
"""

LOWERED: Final = """
  (core func $input-subscribe (canon lower (func $input-subscribe)))
  (core func $read (canon lower (func $read) (memory $mem) (realloc $realloc)))
  (core func $skip (canon lower (func $skip) (memory $mem)))
  (core func $output-subscribe (canon lower (func $output-subscribe)))
  (core func $check-write (canon lower (func $check-write) (memory $mem)))
  (core func $write (canon lower (func $write) (memory $mem)))
  (core func $write-zeroes (canon lower (func $write-zeroes) (memory $mem)))
  (core func $flush (canon lower (func $flush) (memory $mem)))
  (core func $splice (canon lower (func $splice) (memory $mem)))
  (core func $drop-input (canon resource.drop $input-stream))
  (core func $drop-output (canon resource.drop $output-stream))
"""

GIVEN: Final = """
    (export "input-subscribe" (func $input-subscribe)) (export "read" (func $read)) (export "skip" (func $skip))
    (export "output-subscribe" (func $output-subscribe)) (export "check-write" (func $check-write))
    (export "write" (func $write)) (export "write-zeroes" (func $write-zeroes)) (export "flush" (func $flush))
    (export "splice" (func $splice))
    (export "drop-input" (func $drop-input)) (export "drop-output" (func $drop-output))
"""

CORE_IMPORTS: Final = """
    (import "" "input-subscribe" (func $input-subscribe (param i32) (result i32)))
    (import "" "read" (func $read (param i32 i64 i32)))
    (import "" "skip" (func $skip (param i32 i64 i32)))
    (import "" "output-subscribe" (func $output-subscribe (param i32) (result i32)))
    (import "" "check-write" (func $check-write (param i32 i32)))
    (import "" "write" (func $write (param i32 i32 i32 i32)))
    (import "" "write-zeroes" (func $write-zeroes (param i32 i64 i32)))
    (import "" "flush" (func $flush (param i32 i32)))
    (import "" "splice" (func $splice (param i32 i32 i64 i32)))
    (import "" "drop-input" (func $drop-input (param i32)))
    (import "" "drop-output" (func $drop-output (param i32)))
"""

CODE: Final = """
    ;; Results: of functions that return bytes or nothing at 32 (error: case at 36, handle at 40), of those that return
    ;; a number at 48 (number at 56; error: case at 56, handle at 60). 0 in the first byte is success.

    (func $await-input (param $self i32)
      (local $pollable i32)
      (local.set $pollable (call $input-subscribe (local.get $self)))
      (call $await (local.get $pollable))
      (call $drop (local.get $pollable)))

    ;; Wait until a stream takes bytes; tell whether it does, or has failed: then that is at 48.
    (func $writable (param $self i32) (result i32)
      (local $pollable i32)
      (loop $again
        (call $check-write (local.get $self) (i32.const 48))
        (if (i32.load8_u (i32.const 48)) (then (return (i32.const 0))))
        (if (i64.ne (i64.load (i32.const 56)) (i64.const 0)) (then (return (i32.const 1))))
        (local.set $pollable (call $output-subscribe (local.get $self)))
        (call $await (local.get $pollable))
        (call $drop (local.get $pollable))
        (br $again))
      unreachable)

    ;; Drop `self`, and return where the result is: nothing, or what went wrong, which may be at 48.
    (func $done (param $self i32) (param $fine i32) (result i32)
      (if (i32.eqz (local.get $fine))
        (then
          (i32.store8 (i32.const 32) (i32.const 1))
          (i32.store8 (i32.const 36) (i32.load8_u (i32.const 56)))
          (i32.store (i32.const 40) (i32.load (i32.const 60)))))
      (call $drop-output (local.get $self))
      (i32.const 32))

    (func $least (param $one i64) (param $other i64) (result i64)
      (select (local.get $one) (local.get $other) (i64.lt_u (local.get $one) (local.get $other))))

    ;; Not more than fits into a moderate memory: fewer bytes than asked for are fine.
    (func (export "read") (param $self i32) (param $len i64) (result i32)
      (local $mark i32)
      (local.set $len (call $least (local.get $len) (i64.const 262144)))
      (local.set $mark (global.get $next))
      (block $end
        (loop $again
          (call $read (local.get $self) (local.get $len) (i32.const 32))
          (br_if $end (i32.load8_u (i32.const 32)))
          (br_if $end (i32.load (i32.const 40)))
          (br_if $end (i64.eqz (local.get $len)))
          (global.set $next (local.get $mark))
          (call $await-input (local.get $self))
          (br $again)))
      (call $drop-input (local.get $self))
      (i32.const 32))

    (func (export "skip") (param $self i32) (param $len i64) (result i32)
      (block $end
        (loop $again
          (call $skip (local.get $self) (local.get $len) (i32.const 48))
          (br_if $end (i32.load8_u (i32.const 48)))
          (br_if $end (i64.ne (i64.load (i32.const 56)) (i64.const 0)))
          (br_if $end (i64.eqz (local.get $len)))
          (call $await-input (local.get $self))
          (br $again)))
      (call $drop-input (local.get $self))
      (i32.const 48))

    ;; Flush, and wait until that is done.
    (func $flushed (param $self i32) (result i32)
      (call $flush (local.get $self) (i32.const 32))
      (if (i32.load8_u (i32.const 32)) (then (return (call $done (local.get $self) (i32.const 1)))))
      (call $done (local.get $self) (call $writable (local.get $self))))

    (func (export "flush") (param $self i32) (result i32) (call $flushed (local.get $self)))

    (func (export "write-and-flush") (param $self i32) (param $from i32) (param $len i32) (result i32)
      (local $part i32)
      ;; WIT: the limit of one call.
      (if (i32.gt_u (local.get $len) (i32.const 4096)) (then unreachable))
      (loop $again
        (if (local.get $len)
          (then
            (if (i32.eqz (call $writable (local.get $self)))
              (then (return (call $done (local.get $self) (i32.const 0)))))
            (local.set $part
              (i32.wrap_i64 (call $least (i64.load (i32.const 56)) (i64.extend_i32_u (local.get $len)))))
            (call $write (local.get $self) (local.get $from) (local.get $part) (i32.const 32))
            (if (i32.load8_u (i32.const 32)) (then (return (call $done (local.get $self) (i32.const 1)))))
            (local.set $from (i32.add (local.get $from) (local.get $part)))
            (local.set $len (i32.sub (local.get $len) (local.get $part)))
            (br $again))))
      (call $flushed (local.get $self)))

    (func (export "write-zeroes-and-flush") (param $self i32) (param $len i64) (result i32)
      (local $part i64)
      (if (i64.gt_u (local.get $len) (i64.const 4096)) (then unreachable))
      (loop $again
        (if (i64.ne (local.get $len) (i64.const 0))
          (then
            (if (i32.eqz (call $writable (local.get $self)))
              (then (return (call $done (local.get $self) (i32.const 0)))))
            (local.set $part (call $least (i64.load (i32.const 56)) (local.get $len)))
            (call $write-zeroes (local.get $self) (local.get $part) (i32.const 32))
            (if (i32.load8_u (i32.const 32)) (then (return (call $done (local.get $self) (i32.const 1)))))
            (local.set $len (i64.sub (local.get $len) (local.get $part)))
            (br $again))))
      (call $flushed (local.get $self)))

    (func (export "splice") (param $self i32) (param $src i32) (param $len i64) (result i32)
      (if (call $writable (local.get $self))
        (then
          (call $await-input (local.get $src))
          (call $splice (local.get $self) (local.get $src) (local.get $len) (i32.const 48))))
      (call $drop-input (local.get $src))
      (call $drop-output (local.get $self))
      (i32.const 48))
"""

EXPORTS: Final = """
  (export $own-pollable "pollable" (type $pollable))
  (export $source "input-stream" (type $input-stream))
  (export $target "output-stream" (type $output-stream))
  (export $own-error "error" (type $error))
  (type $exported-stream-error (variant (case "last-operation-failed" (own $own-error)) (case "closed")))
  (export $failure "stream-error" (type $exported-stream-error))

  (export "[method]input-stream.subscribe" (func $input-subscribe)
    (func (param "self" (borrow $source)) (result (own $own-pollable))))
  (export "[method]input-stream.read" (func $read)
    (func (param "self" (borrow $source)) (param "len" u64) (result (result (list u8) (error $failure)))))
  (export "[method]input-stream.skip" (func $skip)
    (func (param "self" (borrow $source)) (param "len" u64) (result (result u64 (error $failure)))))
  (export "[method]output-stream.subscribe" (func $output-subscribe)
    (func (param "self" (borrow $target)) (result (own $own-pollable))))
  (export "[method]output-stream.check-write" (func $check-write)
    (func (param "self" (borrow $target)) (result (result u64 (error $failure)))))
  (export "[method]output-stream.write" (func $write)
    (func (param "self" (borrow $target)) (param "contents" (list u8)) (result (result (error $failure)))))
  (export "[method]output-stream.write-zeroes" (func $write-zeroes)
    (func (param "self" (borrow $target)) (param "len" u64) (result (result (error $failure)))))
  (export "[method]output-stream.flush" (func $flush)
    (func (param "self" (borrow $target)) (result (result (error $failure)))))
  (export "[method]output-stream.splice" (func $splice)
    (func (param "self" (borrow $target)) (param "src" (borrow $source)) (param "len" u64)
      (result (result u64 (error $failure)))))

  (func (export "[method]input-stream.blocking-read") (param "self" (borrow $source)) (param "len" u64)
    (result (result (list u8) (error $failure)))
    (canon lift (core func $main "read") (memory $mem) (post-return $forget)))
  (func (export "[method]input-stream.blocking-skip") (param "self" (borrow $source)) (param "len" u64)
    (result (result u64 (error $failure)))
    (canon lift (core func $main "skip") (memory $mem)))
  (func (export "[method]output-stream.blocking-write-and-flush")
    (param "self" (borrow $target)) (param "contents" (list u8)) (result (result (error $failure)))
    (canon lift (core func $main "write-and-flush") (memory $mem) (realloc $realloc) (post-return $forget)))
  (func (export "[method]output-stream.blocking-flush")
    (param "self" (borrow $target)) (result (result (error $failure)))
    (canon lift (core func $main "flush") (memory $mem)))
  (func (export "[method]output-stream.blocking-write-zeroes-and-flush")
    (param "self" (borrow $target)) (param "len" u64) (result (result (error $failure)))
    (canon lift (core func $main "write-zeroes-and-flush") (memory $mem)))
  (func (export "[method]output-stream.blocking-splice")
    (param "self" (borrow $target)) (param "src" (borrow $source)) (param "len" u64)
    (result (result u64 (error $failure)))
    (canon lift (core func $main "splice") (memory $mem)))
"""
