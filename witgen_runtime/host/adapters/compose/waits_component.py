"""The adapter in front of `wasi:io/poll` and `wasi:io/streams`: no single wait in it takes longer than a moment.

Wasmtime blocks inside its WASI: neither epochs nor signal handlers reach a guest that sleeps there. So each function
that blocks is implemented with those that do not, as the WIT of `wasi:io` allows, and with polls that include a timer.
Before each poll the adapter calls the host, which raises if the wait has to end.
"""

from __future__ import annotations

from typing import Final

from . import waits_streams as parts

__all__ = ["BLOCKING", "PLAIN", "SLICE", "TYPES", "component"]

SLICE: Final = 0.02
"""Seconds that a wait inside wasmtime takes at most."""

TYPES: Final = {
    False: ("pollable",),
    True: ("pollable", "input-stream", "output-stream", "error", "stream-error"),
}
"""The types that the adapter has: of polls, and of streams."""

PLAIN: Final = {
    False: ("[method]pollable.ready",),
    True: (
        *(f"[method]input-stream.{name}" for name in ("subscribe", "read", "skip")),
        *(
            f"[method]output-stream.{name}"
            for name in ("subscribe", "check-write", "write", "write-zeroes", "flush", "splice")
        ),
    ),
}
"""The functions that it passes on."""

BLOCKING: Final = {
    False: ("poll", "[method]pollable.block"),
    True: (
        *(f"[method]input-stream.blocking-{name}" for name in ("read", "skip")),
        *(
            f"[method]output-stream.blocking-{name}"
            for name in ("write-and-flush", "flush", "write-zeroes-and-flush", "splice")
        ),
    ),
}
"""The functions that it implements itself, because wasmtime's block."""

_MEMORY: Final = """
  ;; Memory: results of functions at the beginning, then what is passed on. All of it is free again after each call.
  (core module $memory-module
    (memory (export "memory") 1)
    (global $next (export "next") (mut i32) (i32.const 1024))
    (func (export "realloc") (param $old i32) (param $old-size i32) (param $align i32) (param $size i32) (result i32)
      (local $block i32) (local $missing i32)
      (local.set $block (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
      (global.set $next (i32.add (local.get $block) (local.get $size)))
      (local.set $missing
        (i32.sub
          (i32.shr_u (i32.add (global.get $next) (i32.const 65535)) (i32.const 16))
          (memory.size)))
      (if (i32.gt_s (local.get $missing) (i32.const 0))
        (then (if (i32.eq (memory.grow (local.get $missing)) (i32.const -1)) (then unreachable))))
      (local.get $block)))
  (core instance $memory (instantiate $memory-module))
  (alias core export $memory "memory" (core memory $mem))
  (alias core export $memory "realloc" (core func $realloc))
"""

_POLL_IMPORTS: Final = """
  (import "pollable" (type $pollable (sub resource)))
  (import "ready" (func $ready (param "self" (borrow $pollable)) (result bool)))
  (import "poll" (func $poll (param "in" (list (borrow $pollable))) (result (list u32))))
  (import "after" (func $after (param "when" u64) (result (own $pollable))))
  (import "wait" (func $wait))
"""

_POLL_LOWERED: Final = """
  (core func $ready (canon lower (func $ready)))
  (core func $poll (canon lower (func $poll) (memory $mem) (realloc $realloc)))
  (core func $after (canon lower (func $after)))
  (core func $wait (canon lower (func $wait)))
  (core func $drop (canon resource.drop $pollable))
"""

_POLL_GIVEN: Final = """
    (export "ready" (func $ready)) (export "poll" (func $poll)) (export "after" (func $after))
    (export "wait" (func $wait)) (export "drop" (func $drop))
    (export "memory" (memory $mem)) (export "next" (global $next)) (export "realloc" (func $realloc))
"""

_POLL_CODE: Final = f"""
    (import "" "memory" (memory 1))
    (import "" "next" (global $next (mut i32)))
    (import "" "realloc" (func $realloc (param i32 i32 i32 i32) (result i32)))
    (import "" "ready" (func $ready (param i32) (result i32)))
    (import "" "poll" (func $poll (param i32 i32 i32)))
    (import "" "after" (func $after (param i64) (result i32)))
    (import "" "wait" (func $wait))
    (import "" "drop" (func $drop (param i32)))
    IMPORTS

    ;; A timer serves all waits until it has fired; 0 while there is none.
    (global $timer (mut i32) (i32.const 0))

    (func (export "forget") (param i32) (global.set $next (i32.const 1024)))

    ;; Wait until one of so many pollables is ready. The list has room for one more; the answer is the list at 0.
    (func $some (param $list i32) (param $count i32)
      (local $mark i32) (local $at i32) (local $end i32)
      (local.set $mark (global.get $next))
      (loop $again
        (call $wait)
        (if (i32.eqz (global.get $timer))
          (then (global.set $timer (call $after (i64.const {SLICE * 1e9:.0f})))))
        (i32.store
          (i32.add (local.get $list) (i32.shl (local.get $count) (i32.const 2)))
          (global.get $timer))
        (call $poll (local.get $list) (i32.add (local.get $count) (i32.const 1)) (i32.const 0))
        (local.set $at (i32.load (i32.const 0)))
        (local.set $end (i32.add (local.get $at) (i32.shl (i32.load (i32.const 4)) (i32.const 2))))
        (block $found
          (loop $next
            (br_if $found (i32.eq (local.get $at) (local.get $end)))
            (if (i32.eq (i32.load (local.get $at)) (local.get $count))
              (then
                ;; The timer's place in the answer is taken by the last one of it.
                (i32.store (local.get $at) (i32.load (i32.sub (local.get $end) (i32.const 4))))
                (i32.store (i32.const 4) (i32.sub (i32.load (i32.const 4)) (i32.const 1)))
                (call $drop (global.get $timer))
                (global.set $timer (i32.const 0))
                (br $found)))
            (local.set $at (i32.add (local.get $at) (i32.const 4)))
            (br $next)))
        (if (i32.eqz (i32.load (i32.const 4)))
          (then
            (global.set $next (local.get $mark))
            (br $again)))))

    ;; Wait until a pollable is ready.
    (func $await (param $pollable i32)
      (local $mark i32)
      (if (call $ready (local.get $pollable)) (then (return)))
      (local.set $mark (global.get $next))
      (i32.store (i32.const 16) (local.get $pollable))
      (call $some (i32.const 16) (i32.const 1))
      (global.set $next (local.get $mark)))

    (func (export "block") (param $self i32)
      (call $await (local.get $self))
      (call $drop (local.get $self)))

    (func $any-ready (param $at i32) (param $end i32) (result i32)
      (loop $next
        (if (i32.eq (local.get $at) (local.get $end)) (then (return (i32.const 0))))
        (if (call $ready (i32.load (local.get $at))) (then (return (i32.const 1))))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        (br $next))
      unreachable)

    (func (export "poll") (param $list i32) (param $count i32) (result i32)
      (local $size i32) (local $end i32) (local $all i32)
      (local.set $size (i32.shl (local.get $count) (i32.const 2)))
      (local.set $end (i32.add (local.get $list) (local.get $size)))
      ;; An empty list is wasmtime's to refuse.
      (if (i32.or (i32.eqz (local.get $count)) (call $any-ready (local.get $list) (local.get $end)))
        (then (call $poll (local.get $list) (local.get $count) (i32.const 0)))
        (else
          (local.set $all
            (call $realloc
              (i32.const 0) (i32.const 0) (i32.const 4) (i32.add (local.get $size) (i32.const 4))))
          (memory.copy (local.get $all) (local.get $list) (local.get $size))
          (call $some (local.get $all) (local.get $count))))
      (loop $next
        (if (i32.ne (local.get $list) (local.get $end))
          (then
            (call $drop (i32.load (local.get $list)))
            (local.set $list (i32.add (local.get $list) (i32.const 4)))
            (br $next))))
      (i32.const 0))
"""

_POLL_EXPORTS: Final = """
  (export $own-pollable "pollable" (type $pollable))
  (export "[method]pollable.ready" (func $ready) (func (param "self" (borrow $own-pollable)) (result bool)))
  (func (export "[method]pollable.block") (param "self" (borrow $own-pollable)) (canon lift (core func $main "block")))
  (func (export "poll") (param "in" (list (borrow $own-pollable))) (result (list u32))
    (canon lift (core func $main "poll") (memory $mem) (realloc $realloc) (post-return $forget)))
"""


def component(*, streams: bool) -> str:
    """Return the text of the adapter for polls, or that of the one for streams."""
    imports, core, lowered, given, code = (
        (parts.IMPORTS, parts.CORE_IMPORTS, parts.LOWERED, parts.GIVEN, parts.CODE) if streams else ("",) * 5
    )
    return f"""(component
{_POLL_IMPORTS}{imports}{_MEMORY}
  (alias core export $memory "next" (core global $next))
{_POLL_LOWERED}{lowered}
  (core module $code
{_POLL_CODE.replace("IMPORTS", core)}{code})
  (core instance $main (instantiate $code (with "" (instance {_POLL_GIVEN}{given}))))
  (alias core export $main "forget" (core func $forget))
{parts.EXPORTS if streams else _POLL_EXPORTS})"""
