"""The component behind recorded reads: it calls wasmtime's own `wasi:io/streams` on behalf of Python.

What Python hands on to here are the guest's handles, which are wasmtime's. It never waits for long, because nothing in
Python runs while wasmtime waits: no signal handler, and no deadline.
"""

from __future__ import annotations

from ...runtime.host.companion import MEMORY

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
      (func (param "self" (borrow $input-stream)) (result (own $pollable))))))
  (alias export $streams "input-stream" (type $input-stream))
  (alias export $streams "stream-error" (type $stream-error))
{MEMORY}
  (alias export $streams "[method]input-stream.read" (func $read))
  (alias export $streams "[method]input-stream.subscribe" (func $subscribe))
  (alias export $poll "poll" (func $wait))
  (alias export $clock "subscribe-duration" (func $sleep))
  (core func $read (canon lower (func $read) (memory $mem) (realloc $realloc)))
  (core func $subscribe (canon lower (func $subscribe)))
  (core func $wait (canon lower (func $wait) (memory $mem) (realloc $realloc)))
  (core func $sleep (canon lower (func $sleep)))
  (core func $drop-stream (canon resource.drop $input-stream))
  (core func $drop-pollable (canon resource.drop $pollable))

  (core module $main-module
    (import "" "forget" (func $forget))
    (import "" "memory" (memory 1))
    (import "" "read" (func $read (param i32 i64 i32)))
    (import "" "subscribe" (func $subscribe (param i32) (result i32)))
    (import "" "wait" (func $wait (param i32 i32 i32)))
    (import "" "sleep" (func $sleep (param i64) (result i32)))
    (import "" "drop-stream" (func $drop-stream (param i32)))
    (import "" "drop-pollable" (func $drop-pollable (param i32)))

    (func (export "read") (param $stream i32) (param $length i64) (result i32)
      (call $forget)
      (call $read (local.get $stream) (local.get $length) (i32.const 0))
      (call $drop-stream (local.get $stream))
      (i32.const 0))

    ;; Wait until there is something to read, or the time is over. The two pollables are a list at 16.
    (func (export "wait") (param $stream i32) (param $nanoseconds i64)
      (call $forget)
      (i32.store (i32.const 16) (call $subscribe (local.get $stream)))
      (i32.store (i32.const 20) (call $sleep (local.get $nanoseconds)))
      (call $wait (i32.const 16) (i32.const 2) (i32.const 0))
      (call $drop-pollable (i32.load (i32.const 16)))
      (call $drop-pollable (i32.load (i32.const 20)))
      (call $drop-stream (local.get $stream))))
  (core instance $main (instantiate $main-module (with "" (instance
    (export "forget" (func $memory "forget"))
    (export "memory" (memory $mem))
    (export "read" (func $read))
    (export "subscribe" (func $subscribe))
    (export "wait" (func $wait))
    (export "sleep" (func $sleep))
    (export "drop-stream" (func $drop-stream))
    (export "drop-pollable" (func $drop-pollable))))))

  (func (export "read") (param "stream" (borrow $input-stream)) (param "length" u64)
      (result (result (list u8) (error $stream-error)))
    (canon lift (core func $main "read") (memory $mem) (realloc $realloc)))
  (func (export "wait") (param "stream" (borrow $input-stream)) (param "nanoseconds" u64)
    (canon lift (core func $main "wait"))))
"""
