"""The core module of an adapter's memory.

Values lie there only while a call passes them on, so blocks are allocated consecutively and all freed when the
outermost call ends. Calls nest when a host function calls back into the guest; `enter` and `leave` count them.

The memory never shrinks: WebAssembly cannot release pages.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from wasmtime import wat2wasm

from ..wasm.layout import Core

__all__ = ["ENTER", "LEAVE", "MAKE_ROOM", "MEMORY", "REALLOC", "allocator", "leave_with"]

MEMORY, REALLOC, ENTER, LEAVE = "memory", "realloc", "enter", "leave"

MAKE_ROOM: Final = """
  ;; Let the memory grow up to a block's end; trap where that lies before the block: the address space is full.
  (func $make-room (param $block i32) (param $end i32)
    (if (i32.lt_u (local.get $end) (local.get $block)) (then (unreachable)))
    (if (i32.gt_u (local.get $end) (i32.shl (memory.size) (i32.const 16)))
      (then
        (if (i32.eq
              (i32.const -1)
              (memory.grow
                (i32.sub
                  (i32.shr_u (i32.add (local.get $end) (i32.const 0xffff)) (i32.const 16))
                  (memory.size))))
          (then (unreachable))))))
"""

_TEXT: Final = f"""(module
  (memory (export "memory") 1)
  (global $top (mut i32) (i32.const 16))
  (global $depth (mut i32) (i32.const 0))

  ;; What the canonical ABI asks for memory. Blocks always lie at multiples of 8, although a `list<u8>` asks for 1: the
  ;; same block is passed on as a string in the latin1+utf16 encoding, which has to lie at a multiple of 2. The last
  ;; block grows where it is.
  (func (export "realloc") (param $old i32) (param $old-size i32) (param $alignment i32) (param $size i32) (result i32)
    (local $block i32)
    (local $end i32)
    (if (i32.and
          (i32.ne (local.get $old) (i32.const 0))
          (i32.eq (i32.add (local.get $old) (local.get $old-size)) (global.get $top)))
      (then (local.set $block (local.get $old)))
      (else (local.set $block (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))))
    (local.set $end (i32.add (local.get $block) (local.get $size)))
    (call $make-room (local.get $block) (local.get $end))
    (global.set $top (local.get $end))
    (if (i32.and
          (i32.ne (local.get $old) (i32.const 0))
          (i32.ne (local.get $old) (local.get $block)))
      (then
        (memory.copy
          (local.get $block)
          (local.get $old)
          (select
            (local.get $old-size)
            (local.get $size)
            (i32.lt_u (local.get $old-size) (local.get $size))))))
    (local.get $block))
{MAKE_ROOM}
  (func (export "enter")
    (global.set $depth (i32.add (global.get $depth) (i32.const 1))))

  (func $leave (export "leave")
    (global.set $depth (i32.sub (global.get $depth) (i32.const 1)))
    (if (i32.eqz (global.get $depth))
      (then (global.set $top (i32.const 16)))))

  ;; The same as post-return functions, which get the call's result.
  (func (export "leave-i32") (param i32) (call $leave))
  (func (export "leave-i64") (param i64) (call $leave))
  (func (export "leave-f32") (param f32) (call $leave))
  (func (export "leave-f64") (param f64) (call $leave))
)"""


def leave_with(core: Core | None) -> str:
    """Return the name of the post-return function of a call that returns a core value."""
    return LEAVE if core is None else f"{LEAVE}-{core.name.lower()}"


@cache
def allocator() -> bytes:
    """Return the module."""
    return bytes(wat2wasm(_TEXT))
