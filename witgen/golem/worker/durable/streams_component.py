"""The component behind reads and writes of workers: it calls wasmtime's own `wasi:io/streams` for Python.

Python passes the guest's handles to it, which are wasmtime's. It never waits for long, because nothing in Python runs
while wasmtime waits: no signal handler, and no deadline.
"""

from __future__ import annotations

from witgen_runtime.host.wasi.internal_component import MEMORY

__all__ = ["COMPONENT"]

COMPONENT = f"""\
(component
  (import "wasi:io/error@0.2.0" (instance $errors (export "error" (type (sub resource)))))
  (alias export $errors "error" (type $error))
  (import "wasi:io/poll@0.2.0" (instance $poll
    (export "pollable" (type $pollable (sub resource)))
    (export "poll" (func (param "in" (list (borrow $pollable))) (result (list u32))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (alias outer 1 $pollable (type $outer-pollable))
    (export "pollable" (type $pollable (eq $outer-pollable)))
    (export "subscribe-duration" (func (param "when" u64) (result (own $pollable))))))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (alias outer 1 $error (type $outer-error))
    (alias outer 1 $pollable (type $outer-pollable))
    (export "error" (type $error (eq $outer-error)))
    (export "pollable" (type $pollable (eq $outer-pollable)))
    (type $a-stream-error (variant (case "last-operation-failed" (own $error)) (case "closed")))
    (export "stream-error" (type $stream-error (eq $a-stream-error)))
    (export "input-stream" (type $input-stream (sub resource)))
    (export "[method]input-stream.read"
      (func (param "self" (borrow $input-stream)) (param "len" u64)
        (result (result (list u8) (error $stream-error)))))
    (export "[method]input-stream.subscribe"
      (func (param "self" (borrow $input-stream)) (result (own $pollable))))
    (export "output-stream" (type $output-stream (sub resource)))
    (export "[method]output-stream.write"
      (func (param "self" (borrow $output-stream)) (param "contents" (list u8))
        (result (result (error $stream-error)))))
    (export "[method]output-stream.check-write"
      (func (param "self" (borrow $output-stream)) (result (result u64 (error $stream-error)))))
    (export "[method]output-stream.subscribe"
      (func (param "self" (borrow $output-stream)) (result (own $pollable))))))
  (alias export $streams "input-stream" (type $input-stream))
  (alias export $streams "output-stream" (type $output-stream))
  (alias export $streams "stream-error" (type $stream-error))
{MEMORY}
  (alias export $streams "[method]input-stream.read" (func $read))
  (alias export $streams "[method]input-stream.subscribe" (func $await-input))
  (alias export $streams "[method]output-stream.write" (func $write))
  (alias export $streams "[method]output-stream.check-write" (func $room))
  (alias export $streams "[method]output-stream.subscribe" (func $await-output))
  (alias export $poll "poll" (func $wait))
  (alias export $clock "subscribe-duration" (func $sleep))
  (core func $read (canon lower (func $read) (memory $mem) (realloc $realloc)))
  (core func $await-input (canon lower (func $await-input)))
  (core func $write (canon lower (func $write) (memory $mem)))
  (core func $room (canon lower (func $room) (memory $mem)))
  (core func $await-output (canon lower (func $await-output)))
  (core func $wait (canon lower (func $wait) (memory $mem) (realloc $realloc)))
  (core func $sleep (canon lower (func $sleep)))
  (core func $drop-input (canon resource.drop $input-stream))
  (core func $drop-output (canon resource.drop $output-stream))
  (core func $drop-pollable (canon resource.drop $pollable))

  (core module $main-module
    (import "" "forget" (func $forget))
    (import "" "memory" (memory 1))
    (import "" "read" (func $read (param i32 i64 i32)))
    (import "" "await-input" (func $await-input (param i32) (result i32)))
    (import "" "write" (func $write (param i32 i32 i32 i32)))
    (import "" "room" (func $room (param i32 i32)))
    (import "" "await-output" (func $await-output (param i32) (result i32)))
    (import "" "wait" (func $wait (param i32 i32 i32)))
    (import "" "sleep" (func $sleep (param i64) (result i32)))
    (import "" "drop-input" (func $drop-input (param i32)))
    (import "" "drop-output" (func $drop-output (param i32)))
    (import "" "drop-pollable" (func $drop-pollable (param i32)))

    (func (export "read") (param $stream i32) (param $length i64) (result i32)
      (call $forget)
      (call $read (local.get $stream) (local.get $length) (i32.const 0))
      (call $drop-input (local.get $stream))
      (i32.const 0))

    (func (export "write") (param $stream i32) (param $contents i32) (param $size i32) (result i32)
      (call $write (local.get $stream) (local.get $contents) (local.get $size) (i32.const 0))
      (call $forget)
      (call $drop-output (local.get $stream))
      (i32.const 0))

    (func (export "room") (param $stream i32) (result i32)
      (call $room (local.get $stream) (i32.const 0))
      (call $drop-output (local.get $stream))
      (i32.const 0))

    ;; Wait until a pollable is ready, or the time is over. The two are a list at 32.
    (func $wait-for (param $ready i32) (param $nanoseconds i64)
      (call $forget)
      (i32.store (i32.const 32) (local.get $ready))
      (i32.store (i32.const 36) (call $sleep (local.get $nanoseconds)))
      (call $wait (i32.const 32) (i32.const 2) (i32.const 0))
      (call $drop-pollable (i32.load (i32.const 32)))
      (call $drop-pollable (i32.load (i32.const 36))))

    (func (export "await-input") (param $stream i32) (param $nanoseconds i64)
      (call $wait-for (call $await-input (local.get $stream)) (local.get $nanoseconds))
      (call $drop-input (local.get $stream)))

    (func (export "await-output") (param $stream i32) (param $nanoseconds i64)
      (call $wait-for (call $await-output (local.get $stream)) (local.get $nanoseconds))
      (call $drop-output (local.get $stream))))
  (core instance $main (instantiate $main-module (with "" (instance
    (export "forget" (func $memory "forget"))
    (export "memory" (memory $mem))
    (export "read" (func $read))
    (export "await-input" (func $await-input))
    (export "write" (func $write))
    (export "room" (func $room))
    (export "await-output" (func $await-output))
    (export "wait" (func $wait))
    (export "sleep" (func $sleep))
    (export "drop-input" (func $drop-input))
    (export "drop-output" (func $drop-output))
    (export "drop-pollable" (func $drop-pollable))))))

  (func (export "read") (param "stream" (borrow $input-stream)) (param "length" u64)
      (result (result (list u8) (error $stream-error)))
    (canon lift (core func $main "read") (memory $mem) (realloc $realloc)))
  (func (export "await-input") (param "stream" (borrow $input-stream)) (param "nanoseconds" u64)
    (canon lift (core func $main "await-input")))
  (func (export "write") (param "stream" (borrow $output-stream)) (param "contents" (list u8))
      (result (result (error $stream-error)))
    (canon lift (core func $main "write") (memory $mem) (realloc $realloc)))
  (func (export "room") (param "stream" (borrow $output-stream)) (result (result u64 (error $stream-error)))
    (canon lift (core func $main "room") (memory $mem)))
  (func (export "await-output") (param "stream" (borrow $output-stream)) (param "nanoseconds" u64)
    (canon lift (core func $main "await-output"))))
"""
