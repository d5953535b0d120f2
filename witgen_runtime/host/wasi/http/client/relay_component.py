"""The component behind `PythonHttp`: it has wasmtime send a request to this process, and hands the response out.

Requests and responses stay wasmtime's, and so do bodies, streams, pollables and trailers. Python replaces only
`future-incoming-response`, so that a guest learns why there is no response. The numbers that functions take and return
are handles of wasmtime's futures in the component's table.
"""

from __future__ import annotations

from typing import Final

from ...internal_component import MEMORY, OUTGOING_HANDLER
from ..error_code import ERROR_CODE

__all__ = ["ABANDON", "COMPONENT", "SUBSCRIBE"]

SUBSCRIBE: Final = "subscribe"
"""`func(future: u32) -> own<pollable>`: the pollable of a response."""

ABANDON: Final = "abandon"
"""`func(future: u32)`: drop a future, which ends its connection unless the response was handed out."""

_TIMEOUTS: Final = ("connect-timeout", "first-byte-timeout", "between-bytes-timeout")

_LOWERED: Final = (
    ("scheme", "[method]outgoing-request.scheme", "i32 i32", ""),
    ("authority", "[method]outgoing-request.authority", "i32 i32", ""),
    ("path", "[method]outgoing-request.path-with-query", "i32 i32", ""),
    ("set-scheme", "[method]outgoing-request.set-scheme", "i32 i32 i32 i32 i32", "i32"),
    ("set-authority", "[method]outgoing-request.set-authority", "i32 i32 i32 i32", "i32"),
    ("set-path", "[method]outgoing-request.set-path-with-query", "i32 i32 i32 i32", "i32"),
    ("new-options", "[constructor]request-options", "", "i32"),
    *((name, f"[method]request-options.{name}", "i32 i32", "") for name in _TIMEOUTS),
    *((f"set-{name}", f"[method]request-options.set-{name}", "i32 i32 i64", "i32") for name in _TIMEOUTS),
    ("subscribe", "[method]future-incoming-response.subscribe", "i32", "i32"),
    ("get", "[method]future-incoming-response.get", "i32 i32", ""),
)
"""The functions of `wasi:http/types` that the component calls: its name, WIT's, the core parameters and result."""

_DROPPED: Final = ("request", "options", "future")

_TYPES: Final = (
    """
  (import "wasi:io/poll@0.2.0" (instance $poll (export "pollable" (type $pollable (sub resource)))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:http/types@0.2.0" (instance $types
    (alias outer 1 $pollable (type $outer-pollable))
    (export "pollable" (type $pollable (eq $outer-pollable)))
    (type $a-scheme (variant (case "HTTP") (case "HTTPS") (case "other" string)))
    (export "scheme" (type $scheme (eq $a-scheme)))
"""
    + ERROR_CODE
    + """\
    (export "outgoing-request" (type $request (sub resource)))
    (export "request-options" (type $options (sub resource)))
    (export "incoming-response" (type $response (sub resource)))
    (export "future-incoming-response" (type $future (sub resource)))
    (export "[method]outgoing-request.scheme" (func (param "self" (borrow $request)) (result (option $scheme))))
    (export "[method]outgoing-request.authority" (func (param "self" (borrow $request)) (result (option string))))
    (export "[method]outgoing-request.path-with-query"
      (func (param "self" (borrow $request)) (result (option string))))
    (export "[method]outgoing-request.set-scheme"
      (func (param "self" (borrow $request)) (param "scheme" (option $scheme)) (result (result))))
    (export "[method]outgoing-request.set-authority"
      (func (param "self" (borrow $request)) (param "authority" (option string)) (result (result))))
    (export "[method]outgoing-request.set-path-with-query"
      (func (param "self" (borrow $request)) (param "path-with-query" (option string)) (result (result))))
    (export "[constructor]request-options" (func (result (own $options))))
"""
    + "".join(
        f"""\
    (export "[method]request-options.{name}" (func (param "self" (borrow $options)) (result (option u64))))
    (export "[method]request-options.set-{name}"
      (func (param "self" (borrow $options)) (param "duration" (option u64)) (result (result))))
"""
        for name in _TIMEOUTS
    )
    + """\
    (export "[method]future-incoming-response.subscribe"
      (func (param "self" (borrow $future)) (result (own $pollable))))
    (export "[method]future-incoming-response.get"
      (func (param "self" (borrow $future))
        (result (option (result (result (own $response) (error $error-code)))))))))
  (alias export $types "outgoing-request" (type $request))
  (alias export $types "request-options" (type $options))
  (alias export $types "incoming-response" (type $response))
  (alias export $types "future-incoming-response" (type $future))
  (alias export $types "error-code" (type $error-code))
"""
    + OUTGOING_HANDLER
)


def _lower(name: str, instance: str, function: str) -> str:
    return (
        f'  (alias export {instance} "{function}" (func ${name}))\n'
        f"  (core func ${name} (canon lower (func ${name}) (memory $mem) (realloc $realloc)))\n"
    )


def _core_import(name: str, params: str, result: str) -> str:
    params, result = f" (param {params})" if params else "", f" (result {result})" if result else ""
    return f'    (import "" "{name}" (func ${name}{params}{result}))\n'


_MAIN: Final = (
    """
  (core module $main-module
    (import "" "memory" (memory 1))
    (import "" "forget" (func $forget))
    (import "" "handle" (func $handle (param i32 i32 i32 i32)))
"""
    + "".join(_core_import(name, params, result) for name, _, params, result in _LOWERED)
    + "".join(_core_import(f"drop-{name}", "i32", "") for name in _DROPPED)
    + """\
    ;; A year in nanoseconds, for what Python waits for.
    (global $year i64 (i64.const 31536000000000000))

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

    (func (export "path") (param $request i32) (result i32)
      (call $forget)
      (call $path (local.get $request) (i32.const 0))
      (call $drop-request (local.get $request))
      (i32.const 0))

    ;; Three options of u64, 16 bytes each.
    (func (export "timeouts") (param $options i32) (result i32)
      (call $connect-timeout (local.get $options) (i32.const 0))
      (call $first-byte-timeout (local.get $options) (i32.const 16))
      (call $between-bytes-timeout (local.get $options) (i32.const 32))
      (call $drop-options (local.get $options))
      (i32.const 0))

    (func $wait (param $options i32) (param $between-bytes i64)
      (drop (call $set-connect-timeout (local.get $options) (i32.const 1) (global.get $year)))
      (drop (call $set-first-byte-timeout (local.get $options) (i32.const 1) (global.get $year)))
      (drop (call $set-between-bytes-timeout (local.get $options) (i32.const 1) (local.get $between-bytes))))

    (func (export "send") (param $request i32) (param $authority i32) (param $authority-size i32)
      (param $path i32) (param $path-size i32) (param $between-bytes i64) (result i32)
      (local $options i32)
      ;; some(scheme::HTTP)
      (drop (call $set-scheme (local.get $request) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)))
      (drop (call $set-authority
        (local.get $request) (i32.const 1) (local.get $authority) (local.get $authority-size)))
      (drop (call $set-path (local.get $request) (i32.const 1) (local.get $path) (local.get $path-size)))
      (local.set $options (call $new-options))
      (call $wait (local.get $options) (local.get $between-bytes))
      (call $forget)
      (call $handle (local.get $request) (i32.const 1) (local.get $options) (i32.const 0))
      ;; result<own<future>, error-code>, in which the handle is a number of this component's table already.
      (i32.const 0))

    (func (export "subscribe") (param $future i32) (result i32) (call $subscribe (local.get $future)))

    (func (export "get") (param $future i32) (result i32)
      (call $forget)
      (call $get (local.get $future) (i32.const 0))
      (i32.const 0))

    (func (export "abandon") (param $future i32) (call $drop-future (local.get $future))))

  (core instance $main (instantiate $main-module (with "" (instance
    (export "memory" (memory $mem))
    (export "forget" (func $memory "forget"))
    (export "handle" (func $handle))
"""
    + "".join(f'    (export "{name}" (func ${name}))\n' for name, *_ in _LOWERED)
    + "".join(f'    (export "drop-{name}" (func $drop-{name}))\n' for name in _DROPPED)
    + "  ))))\n"
)

_LIFTED: Final = """
  (func (export "scheme") (param "request" (borrow $request)) (result u32) (canon lift (core func $main "scheme")))
  (func (export "authority") (param "request" (borrow $request)) (result (option string))
    (canon lift (core func $main "authority") (memory $mem)))
  (func (export "path") (param "request" (borrow $request)) (result (option string))
    (canon lift (core func $main "path") (memory $mem)))
  (func (export "timeouts") (param "options" (own $options))
    (result (tuple (option u64) (option u64) (option u64)))
    (canon lift (core func $main "timeouts") (memory $mem)))
  (func (export "send") (param "request" (own $request)) (param "authority" string) (param "path" string)
    (param "between-bytes" u64) (result (result u32 (error $error-code)))
    (canon lift (core func $main "send") (memory $mem) (realloc $realloc)))
  (func (export "subscribe") (param "future" u32) (result (own $pollable))
    (canon lift (core func $main "subscribe")))
  (func (export "get") (param "future" u32)
    (result (option (result (result (own $response) (error $error-code)))))
    (canon lift (core func $main "get") (memory $mem)))
  (func (export "abandon") (param "future" u32) (canon lift (core func $main "abandon"))))
"""

COMPONENT: Final = (
    "(component\n"
    + _TYPES
    + MEMORY
    + "".join(_lower(name, "$types", function) for name, function, _, _ in _LOWERED)
    + _lower("handle", "$handler", "handle")
    + "".join(f"  (core func $drop-{name} (canon resource.drop ${name}))\n" for name in _DROPPED)
    + _MAIN
    + _LIFTED
)
