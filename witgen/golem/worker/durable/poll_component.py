"""The component behind recorded polls: it calls wasmtime's own `wasi:io/poll` for Python.

In the guest's linker, Python functions replace wasmtime's to record the calls. They pass the guest's handles to this
component, which are wasmtime's. It adds a timer to every poll, because nothing in Python runs while wasmtime waits: no
signal handler, and no deadline.
"""

from __future__ import annotations

from witgen_runtime.host.wasi.internal_component import MEMORY

__all__ = ["COMPONENT"]

COMPONENT = f"""\
(component
  (import "wasi:io/poll@0.2.0" (instance $poll
    (export "pollable" (type $pollable (sub resource)))
    (export "[method]pollable.ready" (func (param "self" (borrow $pollable)) (result bool)))
    (export "poll" (func (param "in" (list (borrow $pollable))) (result (list u32))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (alias outer 1 $pollable (type $outer-pollable))
    (export "pollable" (type $pollable (eq $outer-pollable)))
    (export "subscribe-duration" (func (param "when" u64) (result (own $pollable))))))
{MEMORY}
  (core func $ready (canon lower (func $poll "[method]pollable.ready")))
  (core func $poll (canon lower (func $poll "poll") (memory $mem) (realloc $realloc)))
  (core func $subscribe (canon lower (func $clock "subscribe-duration")))
  (core func $drop (canon resource.drop $pollable))

  (core module $main
    (import "" "memory" (memory 1))
    (import "" "realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
    (import "" "ready" (func $ready (param i32) (result i32)))
    (import "" "poll" (func $poll (param i32 i32 i32)))
    (import "" "subscribe" (func $subscribe (param i64) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (import "" "forget" (func $forget))
    (func $allocate (param $size i32) (result i32)
      (call $realloc (i32.const 0) (i32.const 0) (i32.const 8) (local.get $size)))
    (func (export "ready") (param $handle i32) (result i32) (local $is i32)
      (local.set $is (call $ready (local.get $handle)))
      (call $drop (local.get $handle))
      (local.get $is))
    ;; The list of handles with a timer at its end; the timer is there when nothing else is.
    (func (export "poll") (param $handles i32) (param $count i32) (param $nanoseconds i64) (result i32)
      (local $all i32) (local $timer i32) (local $answer i32)
      (local.set $all (call $allocate (i32.mul (i32.add (local.get $count) (i32.const 1)) (i32.const 4))))
      (local.set $answer (call $allocate (i32.const 8)))
      (memory.copy (local.get $all) (local.get $handles) (i32.mul (local.get $count) (i32.const 4)))
      (local.set $timer (call $subscribe (local.get $nanoseconds)))
      (i32.store
        (i32.add (local.get $all) (i32.mul (local.get $count) (i32.const 4))) (local.get $timer))
      (call $poll (local.get $all) (i32.add (local.get $count) (i32.const 1)) (local.get $answer))
      (call $drop (local.get $timer))
      (block $end
        (loop $next
          (br_if $end (i32.eqz (local.get $count)))
          (local.set $count (i32.sub (local.get $count) (i32.const 1)))
          (call $drop (i32.load (i32.add (local.get $handles) (i32.mul (local.get $count) (i32.const 4)))))
          (br $next)))
      ;; Nothing is handed out before the answer has been read.
      (call $forget)
      (local.get $answer)))
  (core instance $main (instantiate $main (with "" (instance
    (export "memory" (memory $mem)) (export "realloc" (func $realloc))
    (export "ready" (func $ready)) (export "poll" (func $poll))
    (export "subscribe" (func $subscribe)) (export "drop" (func $drop))
    (export "forget" (func $memory "forget"))))))

  (func (export "ready") (param "handle" (borrow $pollable)) (result bool) (canon lift (core func $main "ready")))
  (func (export "poll") (param "in" (list (borrow $pollable))) (param "nanoseconds" u64) (result (list u32))
    (canon lift (core func $main "poll") (memory $mem) (realloc $realloc))))
"""
