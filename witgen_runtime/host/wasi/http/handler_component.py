"""The component behind `Http`: it lets Python look at a request of wasmtime's, and passes it on to wasmtime."""

from __future__ import annotations

from ..internal_component import MEMORY, OUTGOING_HANDLER
from .error_code import ERROR_CODE

__all__ = ["COMPONENT"]

COMPONENT = (
    """\
(component
  (import "wasi:http/types@0.2.0" (instance $types
    (type $a-scheme (variant (case "HTTP") (case "HTTPS") (case "other" string)))
    (export "scheme" (type $scheme (eq $a-scheme)))
"""
    + ERROR_CODE
    + """\
    (export "outgoing-request" (type $request (sub resource)))
    (export "request-options" (type $options (sub resource)))
    (export "future-incoming-response" (type $future (sub resource)))
    (export "[method]outgoing-request.scheme" (func (param "self" (borrow $request)) (result (option $scheme))))
    (export "[method]outgoing-request.authority" (func (param "self" (borrow $request)) (result (option string))))
    (export "[constructor]request-options" (func (result (own $options))))
    (export "[method]request-options.connect-timeout" (func (param "self" (borrow $options)) (result (option u64))))
    (export "[method]request-options.set-connect-timeout"
      (func (param "self" (borrow $options)) (param "duration" (option u64)) (result (result))))
    (export "[method]request-options.first-byte-timeout" (func (param "self" (borrow $options)) (result (option u64))))
    (export "[method]request-options.set-first-byte-timeout"
      (func (param "self" (borrow $options)) (param "duration" (option u64)) (result (result))))
    (export "[method]request-options.between-bytes-timeout"
      (func (param "self" (borrow $options)) (result (option u64))))
    (export "[method]request-options.set-between-bytes-timeout"
      (func (param "self" (borrow $options)) (param "duration" (option u64)) (result (result))))))
  (alias export $types "outgoing-request" (type $request))
  (alias export $types "request-options" (type $options))
  (alias export $types "future-incoming-response" (type $future))
  (alias export $types "error-code" (type $error-code))
"""
    + OUTGOING_HANDLER
    + MEMORY
    + """
  (alias export $types "[method]outgoing-request.scheme" (func $scheme))
  (alias export $types "[method]outgoing-request.authority" (func $authority))
  (alias export $types "[constructor]request-options" (func $new-options))
  (alias export $types "[method]request-options.connect-timeout" (func $connect))
  (alias export $types "[method]request-options.set-connect-timeout" (func $set-connect))
  (alias export $types "[method]request-options.first-byte-timeout" (func $first-byte))
  (alias export $types "[method]request-options.set-first-byte-timeout" (func $set-first-byte))
  (alias export $types "[method]request-options.between-bytes-timeout" (func $between-bytes))
  (alias export $types "[method]request-options.set-between-bytes-timeout" (func $set-between-bytes))
  (alias export $handler "handle" (func $handle))
  (core func $scheme (canon lower (func $scheme) (memory $mem) (realloc $realloc)))
  (core func $authority (canon lower (func $authority) (memory $mem) (realloc $realloc)))
  (core func $drop-request (canon resource.drop $request))
  (core func $new-options (canon lower (func $new-options)))
  (core func $connect (canon lower (func $connect) (memory $mem)))
  (core func $set-connect (canon lower (func $set-connect)))
  (core func $first-byte (canon lower (func $first-byte) (memory $mem)))
  (core func $set-first-byte (canon lower (func $set-first-byte)))
  (core func $between-bytes (canon lower (func $between-bytes) (memory $mem)))
  (core func $set-between-bytes (canon lower (func $set-between-bytes)))
  (core func $handle (canon lower (func $handle) (memory $mem) (realloc $realloc)))

  (core module $main-module
    (type $get (func (param i32 i32)))
    (type $set (func (param i32 i32 i64) (result i32)))
    (import "" "memory" (memory 1))
    (import "" "forget" (func $forget))
    (import "" "scheme" (func $scheme (param i32 i32)))
    (import "" "authority" (func $authority (param i32 i32)))
    (import "" "drop-request" (func $drop-request (param i32)))
    (import "" "new-options" (func $new-options (result i32)))
    (import "" "connect" (func $connect (type $get)))
    (import "" "set-connect" (func $set-connect (type $set)))
    (import "" "first-byte" (func $first-byte (type $get)))
    (import "" "set-first-byte" (func $set-first-byte (type $set)))
    (import "" "between-bytes" (func $between-bytes (type $get)))
    (import "" "set-between-bytes" (func $set-between-bytes (type $set)))
    (import "" "handle" (func $handle (param i32 i32 i32 i32)))
    (table funcref (elem
      $connect $set-connect $first-byte $set-first-byte $between-bytes $set-between-bytes))

    ;; 0 is HTTP, 1 is HTTPS, which no scheme means, too, and 2 is another one.
    (func (export "scheme") (param $request i32) (result i32)
      (call $forget)
      (call $scheme (local.get $request) (i32.const 0))
      (call $drop-request (local.get $request))
      ;; option<variant>: the discriminants at 0 and 4.
      (select (i32.load8_u (i32.const 4)) (i32.const 1) (i32.load8_u (i32.const 0))))

    (func (export "authority") (param $request i32) (result i32)
      (call $forget)
      (call $authority (local.get $request) (i32.const 0))
      (call $drop-request (local.get $request))
      (i32.const 0))

    ;; Shorten the timeout whose functions are at $at in the table, if that is asked for and the guest's is longer.
    (func $shorten (param $options i32) (param $at i32) (param $most i64)
      (if (i64.eqz (local.get $most)) (then (return)))
      (call_indirect (type $get) (local.get $options) (i32.const 0) (local.get $at))
      ;; option<u64>: the discriminant at 0, the payload at 8.
      (if (i32.load8_u (i32.const 0))
        (then (if (i64.le_u (i64.load (i32.const 8)) (local.get $most)) (then (return)))))
      (drop (call_indirect (type $set)
        (local.get $options) (i32.const 1) (local.get $most) (i32.add (local.get $at) (i32.const 1)))))

    (func (export "send")
      (param $request i32) (param $given i32) (param $options i32)
      (param $connect i64) (param $first-byte i64) (param $between-bytes i64) (result i32)
      (call $forget)
      (if (i32.eqz (local.get $given)) (then (local.set $options (call $new-options))))
      (call $shorten (local.get $options) (i32.const 0) (local.get $connect))
      (call $shorten (local.get $options) (i32.const 2) (local.get $first-byte))
      (call $shorten (local.get $options) (i32.const 4) (local.get $between-bytes))
      (call $handle (local.get $request) (i32.const 1) (local.get $options) (i32.const 0))
      (i32.const 0)))

  (core instance $main (instantiate $main-module (with "" (instance
    (export "memory" (memory $mem))
    (export "forget" (func $memory "forget"))
    (export "scheme" (func $scheme))
    (export "authority" (func $authority))
    (export "drop-request" (func $drop-request))
    (export "new-options" (func $new-options))
    (export "connect" (func $connect))
    (export "set-connect" (func $set-connect))
    (export "first-byte" (func $first-byte))
    (export "set-first-byte" (func $set-first-byte))
    (export "between-bytes" (func $between-bytes))
    (export "set-between-bytes" (func $set-between-bytes))
    (export "handle" (func $handle))))))

  (func (export "scheme") (param "request" (borrow $request)) (result u32)
    (canon lift (core func $main "scheme")))
  (func (export "authority") (param "request" (borrow $request)) (result (option string))
    (canon lift (core func $main "authority") (memory $mem)))
  (func (export "send")
    (param "request" (own $request)) (param "options" (option (own $options)))
    (param "connect" u64) (param "first-byte" u64) (param "between-bytes" u64)
    (result (result (own $future) (error $error-code)))
    (canon lift (core func $main "send") (memory $mem))))
"""
)
