"""The component behind `Pollable`: it turns a loopback connection into a native `wasi:io/streams` input stream.

The C API cannot make a `wasi:io/poll.pollable` that Python can wake. Wasmtime makes one for every input stream, and the
body of an HTTP response is an input stream whose far end can be a socket that Python holds. So this component sends
`GET http://127.0.0.1:PORT/TOKEN` through `wasi:http` and returns the pollable that `subscribe` makes for the response's
body: ready while a byte is available, or once the other end is closed.

It is instantiated in the guest's store, from a separate linker: the guest sees no `wasi:http`.
Handles stay inside the component; Python holds their numbers. Nothing here drops a stream: a guest may still hold a
pollable of it, and dropping a parent before its child traps, which ends the whole store. Closing the store frees the
rest, and closing the socket frees all file descriptors.
"""

from __future__ import annotations

from .http.error_code import ERROR_CODE
from .internal_component import MEMORY, OUTGOING_HANDLER

__all__ = ["ABANDON", "ACCEPT", "COMPONENT", "DRAIN", "EXPORTS", "GIVE", "OPEN", "SETTLE", "SUBSCRIBE"]

OPEN = "open"
"""`func(authority: string, path: string) -> s32`: start the request; the future's number, negative when refused."""

ACCEPT = "accept"
"""`func(future: u32) -> s32`: wait for the response's head; its body stream's number, negative when it failed."""

ABANDON = "abandon"
"""`func(future: u32)`: abandon a request that was not answered."""

SUBSCRIBE = "subscribe"
"""`func(stream: u32) -> own<pollable>`: a fresh pollable."""

SETTLE = "settle"
"""`func(stream: u32)`: wait until the stream's pollables are ready."""

DRAIN = "drain"
"""`func(stream: u32) -> bool`: take exactly one byte, waiting for it; false when the stream is closed."""

GIVE = "give"
"""`func(stream: u32) -> own<input-stream>`: transfer the stream; its number is invalid afterwards."""

EXPORTS = (OPEN, ACCEPT, ABANDON, SUBSCRIBE, SETTLE, DRAIN, GIVE)
"""All of them."""

COMPONENT = (
    """\
(component
  ;; ---- What is imported: the parts of WASI 0.2 that the request needs. Every type that a function mentions has to be
  ;; ---- named, so the error codes of wasi:http stand here in full although none of them is ever looked at.
  (import "wasi:io/error@0.2.0" (instance $error
    (export "error" (type (sub resource)))))
  (alias export $error "error" (type $io-error))

  (import "wasi:io/poll@0.2.0" (instance $poll
    (export "pollable" (type $pollable (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $pollable))))))
  (alias export $poll "pollable" (type $pollable))

  (import "wasi:io/streams@0.2.0" (instance $streams
    (alias outer 1 $io-error (type $io-error))
    (alias outer 1 $pollable (type $outer-pollable))
    (export "error" (type $error (eq $io-error)))
    (export "pollable" (type $pollable (eq $outer-pollable)))
    (type $stream-error-case (variant (case "last-operation-failed" (own $error)) (case "closed")))
    (export "stream-error" (type $stream-error (eq $stream-error-case)))
    (export "input-stream" (type $input-stream (sub resource)))
    (export "[method]input-stream.blocking-skip"
      (func (param "self" (borrow $input-stream)) (param "len" u64) (result (result u64 (error $stream-error)))))
    (export "[method]input-stream.subscribe"
      (func (param "self" (borrow $input-stream)) (result (own $pollable))))))
  (alias export $streams "input-stream" (type $input-stream))

  (import "wasi:http/types@0.2.0" (instance $types
    (alias outer 1 $input-stream (type $outer-stream))
    (export "input-stream" (type $input-stream (eq $outer-stream)))
    (type $a-scheme (variant (case "HTTP") (case "HTTPS") (case "other" string)))
    (export "scheme" (type $scheme (eq $a-scheme)))
"""
    + ERROR_CODE
    + """\
    (export "fields" (type $fields (sub resource)))
    (export "outgoing-request" (type $request (sub resource)))
    (export "request-options" (type $options (sub resource)))
    (export "incoming-body" (type $body (sub resource)))
    (export "incoming-response" (type $response (sub resource)))
    (export "future-incoming-response" (type $future (sub resource)))
    (export "[constructor]fields" (func (result (own $fields))))
    (export "[constructor]outgoing-request" (func (param "headers" (own $fields)) (result (own $request))))
    (export "[method]outgoing-request.set-scheme"
      (func (param "self" (borrow $request)) (param "scheme" (option $scheme)) (result (result))))
    (export "[method]outgoing-request.set-authority"
      (func (param "self" (borrow $request)) (param "authority" (option string)) (result (result))))
    (export "[method]outgoing-request.set-path-with-query"
      (func (param "self" (borrow $request)) (param "path-with-query" (option string)) (result (result))))
    (export "[constructor]request-options" (func (result (own $options))))
    (export "[method]request-options.set-first-byte-timeout"
      (func (param "self" (borrow $options)) (param "duration" (option u64)) (result (result))))
    (export "[method]request-options.set-between-bytes-timeout"
      (func (param "self" (borrow $options)) (param "duration" (option u64)) (result (result))))
    (alias outer 1 $pollable (type $outer-pollable))
    (export "pollable" (type $pollable (eq $outer-pollable)))
    (export "[method]future-incoming-response.subscribe"
      (func (param "self" (borrow $future)) (result (own $pollable))))
    (export "[method]future-incoming-response.get"
      (func (param "self" (borrow $future))
        (result (option (result (result (own $response) (error $error-code)))))))
    (export "[method]incoming-response.consume"
      (func (param "self" (borrow $response)) (result (result (own $body)))))
    (export "[method]incoming-body.stream"
      (func (param "self" (borrow $body)) (result (result (own $input-stream)))))))
  (alias export $types "outgoing-request" (type $request))
  (alias export $types "request-options" (type $options))
  (alias export $types "incoming-response" (type $response))
  (alias export $types "future-incoming-response" (type $future))
  (alias export $types "error-code" (type $error-code))
"""
    + OUTGOING_HANDLER
    + MEMORY
    + """
  (alias export $poll "[method]pollable.block" (func $block))
  (alias export $streams "[method]input-stream.blocking-skip" (func $skip))
  (alias export $streams "[method]input-stream.subscribe" (func $subscribe))
  (alias export $types "[constructor]fields" (func $fields))
  (alias export $types "[constructor]outgoing-request" (func $new-request))
  (alias export $types "[method]outgoing-request.set-scheme" (func $set-scheme))
  (alias export $types "[method]outgoing-request.set-authority" (func $set-authority))
  (alias export $types "[method]outgoing-request.set-path-with-query" (func $set-path))
  (alias export $types "[constructor]request-options" (func $new-options))
  (alias export $types "[method]request-options.set-first-byte-timeout" (func $set-first-byte))
  (alias export $types "[method]request-options.set-between-bytes-timeout" (func $set-between-bytes))
  (alias export $types "[method]future-incoming-response.subscribe" (func $future-subscribe))
  (alias export $types "[method]future-incoming-response.get" (func $future-get))
  (alias export $types "[method]incoming-response.consume" (func $consume))
  (alias export $types "[method]incoming-body.stream" (func $body-stream))
  (alias export $handler "handle" (func $handle))
  (core func $block (canon lower (func $block)))
  (core func $drop-pollable (canon resource.drop $pollable))
  (core func $skip (canon lower (func $skip) (memory $mem)))
  (core func $subscribe (canon lower (func $subscribe)))
  (core func $fields (canon lower (func $fields)))
  (core func $new-request (canon lower (func $new-request)))
  (core func $set-scheme (canon lower (func $set-scheme) (memory $mem)))
  (core func $set-authority (canon lower (func $set-authority) (memory $mem)))
  (core func $set-path (canon lower (func $set-path) (memory $mem)))
  (core func $new-options (canon lower (func $new-options)))
  (core func $set-first-byte (canon lower (func $set-first-byte)))
  (core func $set-between-bytes (canon lower (func $set-between-bytes)))
  (core func $handle (canon lower (func $handle) (memory $mem) (realloc $realloc)))
  (core func $future-subscribe (canon lower (func $future-subscribe)))
  (core func $future-get (canon lower (func $future-get) (memory $mem) (realloc $realloc)))
  (core func $drop-future (canon resource.drop $future))
  (core func $consume (canon lower (func $consume) (memory $mem)))
  (core func $drop-response (canon resource.drop $response))
  (core func $body-stream (canon lower (func $body-stream) (memory $mem)))

  (core module $main-module
    (import "" "memory" (memory 1))
    (import "" "forget" (func $forget))
    (import "" "block" (func $block (param i32)))
    (import "" "drop-pollable" (func $drop-pollable (param i32)))
    (import "" "skip" (func $skip (param i32 i64 i32)))
    (import "" "subscribe" (func $subscribe (param i32) (result i32)))
    (import "" "fields" (func $fields (result i32)))
    (import "" "new-request" (func $new-request (param i32) (result i32)))
    (import "" "set-scheme" (func $set-scheme (param i32 i32 i32 i32 i32) (result i32)))
    (import "" "set-authority" (func $set-authority (param i32 i32 i32 i32) (result i32)))
    (import "" "set-path" (func $set-path (param i32 i32 i32 i32) (result i32)))
    (import "" "new-options" (func $new-options (result i32)))
    (import "" "set-first-byte" (func $set-first-byte (param i32 i32 i64) (result i32)))
    (import "" "set-between-bytes" (func $set-between-bytes (param i32 i32 i64) (result i32)))
    (import "" "handle" (func $handle (param i32 i32 i32 i32)))
    (import "" "future-subscribe" (func $future-subscribe (param i32) (result i32)))
    (import "" "future-get" (func $future-get (param i32 i32)))
    (import "" "drop-future" (func $drop-future (param i32)))
    (import "" "consume" (func $consume (param i32 i32)))
    (import "" "drop-response" (func $drop-response (param i32)))
    (import "" "body-stream" (func $body-stream (param i32 i32)))

    ;; Where functions put results that do not fit into one core value.
    (global $out i32 (i32.const 0))
    ;; A year in nanoseconds: wasi:http ends a silent response after ten minutes, and a channel may be silent for days.
    (global $year i64 (i64.const 31536000000000000))

    (func (export "open")
      (param $authority i32) (param $authority-len i32) (param $path i32) (param $path-len i32) (result i32)
      (local $request i32) (local $options i32)
      (local.set $request (call $new-request (call $fields)))
      ;; some(scheme::HTTP); left out it would mean https.
      (drop (call $set-scheme (local.get $request) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)))
      (drop (call $set-authority
        (local.get $request) (i32.const 1) (local.get $authority) (local.get $authority-len)))
      (drop (call $set-path (local.get $request) (i32.const 1) (local.get $path) (local.get $path-len)))
      (local.set $options (call $new-options))
      (drop (call $set-first-byte (local.get $options) (i32.const 1) (global.get $year)))
      (drop (call $set-between-bytes (local.get $options) (i32.const 1) (global.get $year)))
      (call $handle (local.get $request) (i32.const 1) (local.get $options) (global.get $out))
      (call $forget)
      ;; result<own<future>, error-code>: the discriminant at 0, the payload at 8.
      (if (i32.load8_u (global.get $out)) (then (return (i32.const -1))))
      (i32.load offset=8 (global.get $out)))

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
      ;; result<own<incoming-body>>, then result<own<input-stream>>: the discriminant at 0, the payload at 4. Both fail
      ;; only when asked twice. The body is kept, out of reach, because the stream is its child.
      (call $consume (local.get $response) (global.get $out))
      (call $drop-response (local.get $response))
      (call $body-stream (i32.load offset=4 (global.get $out)) (global.get $out))
      (i32.load offset=4 (global.get $out)))

    (func (export "abandon") (param $future i32)
      (call $drop-future (local.get $future)))

    (func (export "subscribe") (param $stream i32) (result i32)
      (call $subscribe (local.get $stream)))

    (func (export "settle") (param $stream i32)
      (local $pollable i32)
      (local.set $pollable (call $subscribe (local.get $stream)))
      (call $block (local.get $pollable))
      (call $drop-pollable (local.get $pollable)))

    (func (export "drain") (param $stream i32) (result i32)
      (call $skip (local.get $stream) (i64.const 1) (global.get $out))
      ;; result<u64, stream-error>: the discriminant at 0.
      (i32.eqz (i32.load8_u (global.get $out))))

    (func (export "give") (param $stream i32) (result i32)
      (local.get $stream)))

  (core instance $main (instantiate $main-module (with "" (instance
    (export "memory" (memory $mem))
    (export "forget" (func $memory "forget"))
    (export "block" (func $block))
    (export "drop-pollable" (func $drop-pollable))
    (export "skip" (func $skip))
    (export "subscribe" (func $subscribe))
    (export "fields" (func $fields))
    (export "new-request" (func $new-request))
    (export "set-scheme" (func $set-scheme))
    (export "set-authority" (func $set-authority))
    (export "set-path" (func $set-path))
    (export "new-options" (func $new-options))
    (export "set-first-byte" (func $set-first-byte))
    (export "set-between-bytes" (func $set-between-bytes))
    (export "handle" (func $handle))
    (export "future-subscribe" (func $future-subscribe))
    (export "future-get" (func $future-get))
    (export "drop-future" (func $drop-future))
    (export "consume" (func $consume))
    (export "drop-response" (func $drop-response))
    (export "body-stream" (func $body-stream))))))

  (func (export "open") (param "authority" string) (param "path" string) (result s32)
    (canon lift (core func $main "open") (memory $mem) (realloc $realloc)))
  (func (export "accept") (param "future" u32) (result s32)
    (canon lift (core func $main "accept")))
  (func (export "abandon") (param "future" u32)
    (canon lift (core func $main "abandon")))
  (func (export "subscribe") (param "stream" u32) (result (own $pollable))
    (canon lift (core func $main "subscribe")))
  (func (export "settle") (param "stream" u32)
    (canon lift (core func $main "settle")))
  (func (export "drain") (param "stream" u32) (result bool)
    (canon lift (core func $main "drain")))
  (func (export "give") (param "stream" u32) (result (own $input-stream))
    (canon lift (core func $main "give"))))
"""
)
