"""The component of `adapters.py`, as text: it moves bytes to and from the host, in loops inside wasm, and back."""

from __future__ import annotations

__all__ = ["TEXT", "WIT"]

WIT = """package bench:adapters;

interface host {
  sink: func(data: list<u8>) -> u32;
  source: func(size: u32) -> list<u8>;
}

world bytes {
  import host;
  /// Call `sink` so many times with so many bytes.
  export sinks: func(count: u32, size: u32) -> u32;
  /// Call `source` so many times for so many bytes.
  export sources: func(count: u32, size: u32) -> u32;
  export take: func(data: list<u8>) -> u32;
  export give: func(size: u32) -> list<u8>;
}
"""

# Bytes 0, 1, …, 255, 0, …: half of them are not ASCII. They lie from 64 KiB on; what comes in lies behind them.
_START, _ROOM = 65536, 17 << 20

TEXT = f"""(component
  (import "bench:adapters/host" (instance $h
    (export "sink" (func (param "data" (list u8)) (result u32)))
    (export "source" (func (param "size" u32) (result (list u8))))))
  (core module $mm (memory (export "memory") {2 * _ROOM // 65536 + 2})
    (global $p (mut i32) (i32.const {_START + _ROOM}))
    (func $fill (local $i i32)
      (loop $l
        (i32.store8 (i32.add (i32.const {_START}) (local.get $i)) (local.get $i))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $l (i32.lt_u (local.get $i) (i32.const {_ROOM})))))
    (start $fill)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $r i32)
      (local.set $r (i32.and (i32.add (global.get $p) (i32.const 7)) (i32.const -8)))
      (global.set $p (i32.add (local.get $r) (local.get 3)))
      (local.get $r))
    (func $reset (export "reset") (global.set $p (i32.const {_START + _ROOM})))
    (func (export "post") (param i32) (call $reset)))
  (core instance $mi (instantiate $mm))
  (alias core export $mi "memory" (core memory $memory))
  (alias core export $mi "realloc" (core func $realloc))
  (alias core export $mi "post" (core func $post))
  (core func $sink (canon lower (func $h "sink") (memory $memory)))
  (core func $source (canon lower (func $h "source")
    (memory $memory) (realloc $realloc)))
  (core module $m
    (import "" "sink" (func $sink (param i32 i32) (result i32)))
    (import "" "source" (func $source (param i32 i32)))
    (import "" "reset" (func $reset))
    (import "" "memory" (memory 1))
    (func (export "sinks") (param $n i32) (param $size i32) (result i32) (local $sum i32)
      (block $e (loop $l
        (br_if $e (i32.eqz (local.get $n)))
        (local.set $sum (i32.add (local.get $sum) (call $sink (i32.const {_START}) (local.get $size))))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br $l)))
      (local.get $sum))
    (func (export "sources") (param $n i32) (param $size i32) (result i32) (local $sum i32)
      (block $e (loop $l
        (br_if $e (i32.eqz (local.get $n)))
        (call $source (local.get $size) (i32.const 16))
        (local.set $sum (i32.add (local.get $sum) (i32.load (i32.const 20))))
        (call $reset)
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br $l)))
      (local.get $sum))
    (func (export "take") (param $data i32) (param $size i32) (result i32) (local.get $size))
    (func (export "give") (param $size i32) (result i32)
      (i32.store (i32.const 16) (i32.const {_START}))
      (i32.store (i32.const 20) (local.get $size))
      (i32.const 16)))
  (core instance $i (instantiate $m (with "" (instance
    (export "sink" (func $sink)) (export "source" (func $source)) (export "reset" (func $mi "reset"))
    (export "memory" (memory $mi "memory"))))))
  (func (export "sinks") (param "count" u32) (param "size" u32) (result u32) (canon lift (core func $i "sinks")))
  (func (export "sources") (param "count" u32) (param "size" u32) (result u32) (canon lift (core func $i "sources")))
  (func (export "take") (param "data" (list u8)) (result u32) (canon lift (core func $i "take")
    (memory $memory) (realloc $realloc) (post-return $post)))
  (func (export "give") (param "size" u32) (result (list u8)) (canon lift (core func $i "give")
    (memory $memory))))
"""
