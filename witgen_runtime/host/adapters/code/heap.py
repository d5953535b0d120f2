"""The core module of the memory that holds the elements of streams in transit.

Unlike the values of a call, they stay until the other end takes them, so every block is freed separately. Block sizes
are powers of two; free blocks of one size form a list. The 8 bytes before a block hold the power, or, while it is free,
the next free one.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from wasmtime import wat2wasm

from .allocator import MAKE_ROOM

__all__ = ["FREE", "heap"]

FREE = "free"

# The heads of the lists lie at 64, one word for each power; the blocks begin at 256.
_TEXT: Final = f"""(module
  (memory (export "memory") 1)
  (global $top (mut i32) (i32.const 256))

  ;; Take a block from its list, or new memory. The smallest block has 16 bytes with its header.
  (func $allocate (param $size i32) (result i32)
    (local $power i32)
    (local $block i32)
    (local $end i32)
    (local.set $power
      (i32.sub
        (i32.const 32)
        (i32.clz
          (select
            (i32.add (local.get $size) (i32.const 7))
            (i32.const 15)
            (i32.ge_u (local.get $size) (i32.const 8))))))
    (local.set $block (i32.load offset=64 (call $word (local.get $power))))
    (if (local.get $block)
      (then
        (i32.store offset=64 (call $word (local.get $power)) (i32.load (local.get $block))))
      (else
        (local.set $block (global.get $top))
        (local.set $end (i32.add (local.get $block) (i32.shl (i32.const 1) (local.get $power))))
        (call $make-room (local.get $block) (local.get $end))
        (global.set $top (local.get $end))))
    (i32.store (local.get $block) (local.get $power))
    (i32.add (local.get $block) (i32.const 8)))

  ;; Return where the head of a power's list lies, less 64.
  (func $word (param $power i32) (result i32)
    (i32.shl (local.get $power) (i32.const 2)))

  ;; Put a block back into its list; the one of no bytes belongs to none.
  (func $free (export "free") (param $block i32)
    (local $head i32)
    (if (i32.lt_u (local.get $block) (i32.const 256)) (then (return)))
    (local.set $block (i32.sub (local.get $block) (i32.const 8)))
    (local.set $head (call $word (i32.load (local.get $block))))
    (i32.store (local.get $block) (i32.load offset=64 (local.get $head)))
    (i32.store offset=64 (local.get $head) (local.get $block)))

  ;; What the canonical ABI asks for memory. Every block of no bytes lies at 8.
  (func (export "realloc") (param $old i32) (param $old-size i32) (param $alignment i32) (param $size i32) (result i32)
    (local $block i32)
    (if (i32.eqz (local.get $size)) (then (return (i32.const 8))))
    (local.set $block (call $allocate (local.get $size)))
    (memory.copy
      (local.get $block)
      (local.get $old)
      (select
        (local.get $old-size)
        (local.get $size)
        (i32.lt_u (local.get $old-size) (local.get $size))))
    (call $free (local.get $old))
    (local.get $block))
{MAKE_ROOM})"""


@cache
def heap() -> bytes:
    """Return the module."""
    return bytes(wat2wasm(_TEXT))
