"""The core module of an adapter's memory.

Values lie there only while a call passes them on, so blocks are allocated consecutively and all freed when the
outermost call ends. Calls nest when a host function calls back into the guest; `enter` and `leave` count them.

The top of the blocks and the depth of the calls are words of the memory: a host that finds it (`capi.linear_memory`)
takes blocks itself, and keeps those of the calls that it makes (`calling.adapter_memory`).

The memory never shrinks: WebAssembly cannot release pages.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from wasmtime import wat2wasm

from ...capi.memory_mark import MARK
from ..wasm.layout import Core

__all__ = ["DEPTH", "ENTER", "LEAVE", "MAKE_ROOM", "MEMORY", "REALLOC", "TOP", "allocator", "leave_with", "mark"]

MEMORY, REALLOC, ENTER, LEAVE = "memory", "realloc", "enter", "leave"

TOP, DEPTH, _FIRST = 0, 4, 64
"""The addresses of two words: the end of the blocks, and the number of calls under way; where blocks begin."""

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


def _text(alignment: str) -> str:
    return f"""(module
  (memory (export "memory") 1)
  (data (i32.const {TOP}) "\\{_FIRST:02x}")

  ;; What the canonical ABI asks for memory. The last block grows where it is.
  (func (export "realloc") (param $old i32) (param $old-size i32) (param $alignment i32) (param $size i32) (result i32)
    (local $block i32)
    (local $end i32)
    (if (i32.and
          (i32.ne (local.get $old) (i32.const 0))
          (i32.eq (i32.add (local.get $old) (local.get $old-size)) (i32.load (i32.const {TOP}))))
      (then (local.set $block (local.get $old)))
      (else
        (local.set $alignment {alignment})
        (local.set $block
          (i32.and
            (i32.sub (i32.add (i32.load (i32.const {TOP})) (local.get $alignment)) (i32.const 1))
            (i32.sub (i32.const 0) (local.get $alignment))))))
    (local.set $end (i32.add (local.get $block) (local.get $size)))
    (call $make-room (local.get $block) (local.get $end))
    (i32.store (i32.const {TOP}) (local.get $end))
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
    (i32.store (i32.const {DEPTH}) (i32.add (i32.load (i32.const {DEPTH})) (i32.const 1))))

  (func $leave (export "leave")
    (i32.store (i32.const {DEPTH}) (i32.sub (i32.load (i32.const {DEPTH})) (i32.const 1)))
    (if (i32.eqz (i32.load (i32.const {DEPTH})))
      (then (i32.store (i32.const {TOP}) (i32.const {_FIRST})))))

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
def allocator(*, is_dense: bool) -> bytes:
    """Return the module; `is_dense`: a block lies at the next multiple of the alignment that is asked for.

    Others lie at multiples of 8, although a `list<u8>` asks for 1: the same block may be passed on as a string in the
    latin1+utf16 encoding, which has to lie at a multiple of 2.
    """
    return bytes(wat2wasm(_text("(local.get $alignment)" if is_dense else "(i32.const 8)")))


@cache
def mark() -> bytes:
    """Return the module that announces the memory to the host."""
    return bytes(wat2wasm(MARK))
