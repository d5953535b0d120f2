"""The component behind bodies and headers of served requests: it calls wasmtime's own `wasi:http` for Python.

The C API can make neither an `incoming-body` nor an `outgoing-body`. So this component sends a request to a socket of
this process: the body of the response is an `incoming-body` that the socket feeds, the body of a POST request an
`outgoing-body` that the socket receives. Both are handed to the guest, with all that belongs to them: streams,
pollables, trailers and errors stay wasmtime's.

It is instantiated in the guest's store, from a separate linker. The numbers that it returns are handles in its table.
"""

from __future__ import annotations

from ... import abi
from ..wasi.http.error_code import ERROR_CODE
from ..wasi.internal_component import MEMORY, OUTGOING_HANDLER

__all__ = ["ABANDON", "ACCEPT", "COMPONENT", "GET", "POST", "POSTED", "TAKE_INCOMING", "TAKE_OUTGOING", "TAKING"]


def _function(name: str, result: abi.Type | None, **params: abi.Type) -> abi.Function:
    return abi.Function(name, name, tuple(abi.Param(each, each, type_) for each, type_ in params.items()), result)


GET = _function("get", abi.S32, authority=abi.STRING, path=abi.STRING)
"""Start a request; return its future's number, negative when refused."""

POST = _function("post", abi.S32, authority=abi.STRING, path=abi.STRING, trailers=abi.STRING)
"""Start a request with a body, and announce the names of its trailers; return its future's number, negative when
refused."""

POSTED = _function("posted", abi.U32)
"""Return the number of the body of the latest POST request."""

ACCEPT = _function("accept", abi.S32, future=abi.U32)
"""Wait for the response's head; return its body's number, negative when it failed."""

ABANDON = _function("abandon", None, future=abi.U32)
"""Drop a future, which ends its connection."""

TAKE_INCOMING = "take-incoming"
"""`func(body: u32) -> own<incoming-body>`: hand a response's body out."""

TAKE_OUTGOING = "take-outgoing"
"""`func(body: u32) -> own<outgoing-body>`: hand a request's body out."""

TAKING = (TAKE_INCOMING, TAKE_OUTGOING)

_TYPES = (
    """
  (import "wasi:io/poll@0.2.0" (instance $poll
    (export "pollable" (type $pollable (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $pollable))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:http/types@0.2.0" (instance $types
    (alias outer 1 $pollable (type $outer-pollable))
    (export "pollable" (type $pollable (eq $outer-pollable)))
    (type $a-method (variant (case "get") (case "head") (case "post") (case "put") (case "delete") (case "connect")
      (case "options") (case "trace") (case "patch") (case "other" string)))
    (export "method" (type $method (eq $a-method)))
    (type $a-scheme (variant (case "HTTP") (case "HTTPS") (case "other" string)))
    (export "scheme" (type $scheme (eq $a-scheme)))
    (type $a-header-error (variant (case "invalid-syntax") (case "forbidden") (case "immutable")))
    (export "header-error" (type $header-error (eq $a-header-error)))
"""
    + ERROR_CODE
    + """    (export "fields" (type $fields (sub resource)))
    (export "outgoing-request" (type $request (sub resource)))
    (export "outgoing-body" (type $outgoing (sub resource)))
    (export "request-options" (type $options (sub resource)))
    (export "incoming-body" (type $incoming (sub resource)))
    (export "incoming-response" (type $response (sub resource)))
    (export "future-incoming-response" (type $future (sub resource)))
    (export "[constructor]fields" (func (result (own $fields))))
    (export "[static]fields.from-list"
      (func (param "entries" (list (tuple string (list u8)))) (result (result (own $fields) (error $header-error)))))
    (export "[method]fields.append"
      (func (param "self" (borrow $fields)) (param "name" string) (param "value" (list u8))
        (result (result (error $header-error)))))
    (export "[method]fields.entries"
      (func (param "self" (borrow $fields)) (result (list (tuple string (list u8))))))
    (export "[constructor]outgoing-request" (func (param "headers" (own $fields)) (result (own $request))))
    (export "[method]outgoing-request.set-method"
      (func (param "self" (borrow $request)) (param "method" $method) (result (result))))
    (export "[method]outgoing-request.set-scheme"
      (func (param "self" (borrow $request)) (param "scheme" (option $scheme)) (result (result))))
    (export "[method]outgoing-request.set-authority"
      (func (param "self" (borrow $request)) (param "authority" (option string)) (result (result))))
    (export "[method]outgoing-request.set-path-with-query"
      (func (param "self" (borrow $request)) (param "path-with-query" (option string)) (result (result))))
    (export "[method]outgoing-request.body" (func (param "self" (borrow $request)) (result (result (own $outgoing)))))
    (export "[constructor]request-options" (func (result (own $options))))
    (export "[method]request-options.set-first-byte-timeout"
      (func (param "self" (borrow $options)) (param "duration" (option u64)) (result (result))))
    (export "[method]request-options.set-between-bytes-timeout"
      (func (param "self" (borrow $options)) (param "duration" (option u64)) (result (result))))
    (export "[method]future-incoming-response.subscribe"
      (func (param "self" (borrow $future)) (result (own $pollable))))
    (export "[method]future-incoming-response.get"
      (func (param "self" (borrow $future))
        (result (option (result (result (own $response) (error $error-code)))))))
    (export "[method]incoming-response.consume"
      (func (param "self" (borrow $response)) (result (result (own $incoming)))))))
  (alias export $types "fields" (type $fields))
  (alias export $types "outgoing-request" (type $request))
  (alias export $types "outgoing-body" (type $outgoing))
  (alias export $types "request-options" (type $options))
  (alias export $types "incoming-body" (type $incoming))
  (alias export $types "incoming-response" (type $response))
  (alias export $types "future-incoming-response" (type $future))
  (alias export $types "error-code" (type $error-code))
"""
    + OUTGOING_HANDLER
)

_LOWERED = (
    ("block", "$poll", "[method]pollable.block", "i32", ""),
    ("fields", "$types", "[constructor]fields", "", "i32"),
    ("from-list", "$types", "[static]fields.from-list", "i32 i32 i32", ""),
    ("append", "$types", "[method]fields.append", "i32 i32 i32 i32 i32 i32", ""),
    ("entries", "$types", "[method]fields.entries", "i32 i32", ""),
    ("new-request", "$types", "[constructor]outgoing-request", "i32", "i32"),
    ("set-method", "$types", "[method]outgoing-request.set-method", "i32 i32 i32 i32", "i32"),
    ("set-scheme", "$types", "[method]outgoing-request.set-scheme", "i32 i32 i32 i32 i32", "i32"),
    ("set-authority", "$types", "[method]outgoing-request.set-authority", "i32 i32 i32 i32", "i32"),
    ("set-path", "$types", "[method]outgoing-request.set-path-with-query", "i32 i32 i32 i32", "i32"),
    ("request-body", "$types", "[method]outgoing-request.body", "i32 i32", ""),
    ("new-options", "$types", "[constructor]request-options", "", "i32"),
    ("set-first-byte", "$types", "[method]request-options.set-first-byte-timeout", "i32 i32 i64", "i32"),
    ("set-between-bytes", "$types", "[method]request-options.set-between-bytes-timeout", "i32 i32 i64", "i32"),
    ("future-subscribe", "$types", "[method]future-incoming-response.subscribe", "i32", "i32"),
    ("future-get", "$types", "[method]future-incoming-response.get", "i32 i32", ""),
    ("consume", "$types", "[method]incoming-response.consume", "i32 i32", ""),
    ("handle", "$handler", "handle", "i32 i32 i32 i32", ""),
)
"""The functions that the component calls: its name, the instance, WIT's name, and the core parameters and result."""

_DROPPED = ("pollable", "fields", "future", "response")
"""The resources whose handles the component drops."""


def _lower(name: str, instance: str, function: str) -> str:
    return (
        f'  (alias export {instance} "{function}" (func ${name}))\n'
        f"  (core func ${name} (canon lower (func ${name}) (memory $mem) (realloc $realloc)))\n"
    )


def _core_import(name: str, params: str, result: str) -> str:
    params, result = f" (param {params})" if params else "", f" (result {result})" if result else ""
    return f'    (import "" "{name}" (func ${name}{params}{result}))\n'


_MAIN = (
    """
  (core module $main-module
    (import "" "memory" (memory 1))
    (import "" "forget" (func $forget))
"""
    + "".join(_core_import(name, params, result) for name, _, _, params, result in _LOWERED)
    + "".join(_core_import(f"drop-{name}", "i32", "") for name in _DROPPED)
    + """
    ;; Where functions put results that do not fit into one core value.
    (global $out i32 (i32.const 0))
    ;; A year in nanoseconds: wasi:http ends a silent exchange after ten minutes, which is for the host to decide here.
    (global $year i64 (i64.const 31536000000000000))
    (global $posted (mut i32) (i32.const 0))
    (data (i32.const 512) "trailer")

    (func $request (param $fields i32)
      (param $authority i32) (param $authority-len i32) (param $path i32) (param $path-len i32) (result i32)
      (local $request i32)
      (local.set $request (call $new-request (local.get $fields)))
      ;; some(scheme::HTTP); left out it would mean https.
      (drop (call $set-scheme (local.get $request) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)))
      (drop (call $set-authority
        (local.get $request) (i32.const 1) (local.get $authority) (local.get $authority-len)))
      (drop (call $set-path (local.get $request) (i32.const 1) (local.get $path) (local.get $path-len)))
      (local.get $request))

    (func $send (param $request i32) (result i32)
      (local $options i32)
      (local.set $options (call $new-options))
      (drop (call $set-first-byte (local.get $options) (i32.const 1) (global.get $year)))
      (drop (call $set-between-bytes (local.get $options) (i32.const 1) (global.get $year)))
      (call $handle (local.get $request) (i32.const 1) (local.get $options) (global.get $out))
      (call $forget)
      ;; result<own<future>, error-code>: the discriminant at 0, the payload at 8.
      (if (i32.load8_u (global.get $out)) (then (return (i32.const -1))))
      (i32.load offset=8 (global.get $out)))

    (func (export "get")
      (param $authority i32) (param $authority-len i32) (param $path i32) (param $path-len i32) (result i32)
      (call $send (call $request (call $fields)
        (local.get $authority) (local.get $authority-len) (local.get $path) (local.get $path-len))))

    (func (export "post")
      (param $authority i32) (param $authority-len i32) (param $path i32) (param $path-len i32)
      (param $trailers i32) (param $trailers-len i32) (result i32)
      (local $fields i32) (local $request i32)
      (local.set $fields (call $fields))
      (if (local.get $trailers-len)
        (then (call $append (local.get $fields)
          (i32.const 512) (i32.const 7) (local.get $trailers) (local.get $trailers-len) (global.get $out))))
      (local.set $request (call $request (local.get $fields)
        (local.get $authority) (local.get $authority-len) (local.get $path) (local.get $path-len)))
      ;; method::post
      (drop (call $set-method (local.get $request) (i32.const 2) (i32.const 0) (i32.const 0)))
      ;; result<own<outgoing-body>>: the payload at 4. It fails only when asked twice.
      (call $request-body (local.get $request) (global.get $out))
      (global.set $posted (i32.load offset=4 (global.get $out)))
      (call $send (local.get $request)))

    (func (export "posted") (result i32) (global.get $posted))

    (func (export "accept") (param $future i32) (result i32)
      (local $pollable i32) (local $response i32)
      (local.set $pollable (call $future-subscribe (local.get $future)))
      (call $block (local.get $pollable))
      (call $drop-pollable (local.get $pollable))
      (call $future-get (local.get $future) (global.get $out))
      (call $drop-future (local.get $future))
      (call $forget)
      ;; option<result<result<own<response>, error-code>>>: the discriminants at 0, 8 and 16, the payload at 24. The
      ;; outer two say that the future was ready and never read before, which is so.
      (if (i32.load8_u offset=16 (global.get $out)) (then (return (i32.const -1))))
      (local.set $response (i32.load offset=24 (global.get $out)))
      ;; result<own<incoming-body>>: the payload at 4. It fails only when asked twice.
      (call $consume (local.get $response) (global.get $out))
      (call $drop-response (local.get $response))
      (i32.load offset=4 (global.get $out)))

    (func (export "abandon") (param $future i32) (call $drop-future (local.get $future)))

    (func (export "take") (param $body i32) (result i32) (local.get $body))

    ;; The result of `from-list` is a result, whose discriminant is 0 for a value; that of an option is 1.
    (func (export "new-fields") (param $entries i32) (param $count i32) (result i32)
      (call $from-list (local.get $entries) (local.get $count) (global.get $out))
      (call $forget)
      (i32.store8 (global.get $out) (i32.eqz (i32.load8_u (global.get $out))))
      (global.get $out))

    (func (export "entries") (param $fields i32) (result i32)
      (call $entries (local.get $fields) (global.get $out))
      (call $drop-fields (local.get $fields))
      ;; Nothing is allocated before the list has been read.
      (call $forget)
      (global.get $out)))

  (core instance $main (instantiate $main-module (with "" (instance
    (export "memory" (memory $mem))
    (export "forget" (func $memory "forget"))
"""
    + "".join(f'    (export "{name}" (func ${name}))\n' for name, *_ in _LOWERED)
    + "".join(f'    (export "drop-{name}" (func $drop-{name}))\n' for name in _DROPPED)
    + "  ))))\n"
)

_LIFTED = """
  (func (export "get") (param "authority" string) (param "path" string) (result s32)
    (canon lift (core func $main "get") (memory $mem) (realloc $realloc)))
  (func (export "post") (param "authority" string) (param "path" string) (param "trailers" string) (result s32)
    (canon lift (core func $main "post") (memory $mem) (realloc $realloc)))
  (func (export "posted") (result u32) (canon lift (core func $main "posted")))
  (func (export "accept") (param "future" u32) (result s32) (canon lift (core func $main "accept")))
  (func (export "abandon") (param "future" u32) (canon lift (core func $main "abandon")))
  (func (export "take-incoming") (param "body" u32) (result (own $incoming)) (canon lift (core func $main "take")))
  (func (export "take-outgoing") (param "body" u32) (result (own $outgoing)) (canon lift (core func $main "take")))
  (func (export "new-fields") (param "entries" (list (tuple string (list u8)))) (result (option (own $fields)))
    (canon lift (core func $main "new-fields") (memory $mem) (realloc $realloc)))
  (func (export "entries") (param "fields" (borrow $fields)) (result (list (tuple string (list u8))))
    (canon lift (core func $main "entries") (memory $mem) (realloc $realloc))))
"""

COMPONENT = (
    "(component\n"
    + _TYPES
    + MEMORY
    + "".join(_lower(name, instance, function) for name, instance, function, _, _ in _LOWERED)
    + "".join(f"  (core func $drop-{name} (canon resource.drop ${name}))\n" for name in _DROPPED)
    + _MAIN
    + _LIFTED
)
