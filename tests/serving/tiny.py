"""A component in text that answers every request with one status, and has no body; it compiles in no time."""

from __future__ import annotations

__all__ = ["answering", "asking", "silent"]

_SET = """(call $set (local.get $out) (i32.const 0) (local.get $response)
        (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))"""


def answering(status: int) -> str:
    """Return a component that answers with a status."""
    return _component(status, _SET)


def silent() -> str:
    """Return a component that makes a response and does not send it."""
    return _component(200, "")


def asking() -> str:
    """Return a component that asks its import `tests:web/status` for the status."""
    text = _component(0, _SET, _OWN_IMPORT, '(import "" "next" (func $next (result i32)))')
    text = text.replace("(local.get $response) (i32.const 0))", "(local.get $response) (call $next))", 1)
    return text.replace('(export "set" (func $set))', '(export "set" (func $set)) (export "next" (func $next))')


_OWN_IMPORT = """
  (import "tests:web/status" (instance $own (export "next" (func (result u16)))))
  (core func $next (canon lower (func $own "next")))"""


def _component(status: int, end: str, own: str = "", imported: str = "") -> str:
    return f"""
(component{own}
  (import "wasi:http/types@0.2.3" (instance $types
    (type $a-dns-error (record (field "rcode" (option string)) (field "info-code" (option u16))))
    (export "DNS-error-payload" (type $dns-error (eq $a-dns-error)))
    (type $a-tls-alert (record (field "alert-id" (option u8)) (field "alert-message" (option string))))
    (export "TLS-alert-received-payload" (type $tls-alert (eq $a-tls-alert)))
    (type $a-field-size (record (field "field-name" (option string)) (field "field-size" (option u32))))
    (export "field-size-payload" (type $field-size (eq $a-field-size)))
    (type $an-error-code (variant
      (case "DNS-timeout") (case "DNS-error" $dns-error) (case "destination-not-found")
      (case "destination-unavailable") (case "destination-IP-prohibited") (case "destination-IP-unroutable")
      (case "connection-refused") (case "connection-terminated") (case "connection-timeout")
      (case "connection-read-timeout") (case "connection-write-timeout") (case "connection-limit-reached")
      (case "TLS-protocol-error") (case "TLS-certificate-error") (case "TLS-alert-received" $tls-alert)
      (case "HTTP-request-denied") (case "HTTP-request-length-required") (case "HTTP-request-body-size" (option u64))
      (case "HTTP-request-method-invalid") (case "HTTP-request-URI-invalid") (case "HTTP-request-URI-too-long")
      (case "HTTP-request-header-section-size" (option u32)) (case "HTTP-request-header-size" (option $field-size))
      (case "HTTP-request-trailer-section-size" (option u32)) (case "HTTP-request-trailer-size" $field-size)
      (case "HTTP-response-incomplete") (case "HTTP-response-header-section-size" (option u32))
      (case "HTTP-response-header-size" $field-size) (case "HTTP-response-body-size" (option u64))
      (case "HTTP-response-trailer-section-size" (option u32)) (case "HTTP-response-trailer-size" $field-size)
      (case "HTTP-response-transfer-coding" (option string)) (case "HTTP-response-content-coding" (option string))
      (case "HTTP-response-timeout") (case "HTTP-upgrade-failed") (case "HTTP-protocol-error") (case "loop-detected")
      (case "configuration-error") (case "internal-error" (option string))))
    (export "error-code" (type $error-code (eq $an-error-code)))
    (export "fields" (type $fields (sub resource)))
    (export "incoming-request" (type $request (sub resource)))
    (export "response-outparam" (type $outparam (sub resource)))
    (export "outgoing-response" (type $response (sub resource)))
    (export "[constructor]fields" (func (result (own $fields))))
    (export "[constructor]outgoing-response" (func (param "headers" (own $fields)) (result (own $response))))
    (export "[method]outgoing-response.set-status-code"
      (func (param "self" (borrow $response)) (param "status-code" u16) (result (result))))
    (export "[static]response-outparam.set"
      (func (param "param" (own $outparam)) (param "response" (result (own $response) (error $error-code)))))))
  (alias export $types "incoming-request" (type $request))
  (alias export $types "response-outparam" (type $outparam))
  (alias export $types "[constructor]fields" (func $fields))
  (alias export $types "[constructor]outgoing-response" (func $response))
  (alias export $types "[method]outgoing-response.set-status-code" (func $status))
  (alias export $types "[static]response-outparam.set" (func $set))
  (core module $memory-module (memory (export "memory") 1))
  (core instance $memory (instantiate $memory-module))
  (alias core export $memory "memory" (core memory $mem))
  (core func $fields (canon lower (func $fields)))
  (core func $response (canon lower (func $response)))
  (core func $status (canon lower (func $status)))
  (core func $set (canon lower (func $set) (memory $mem)))
  (core module $main-module
    (import "" "fields" (func $fields (result i32)))
    (import "" "response" (func $response (param i32) (result i32)))
    (import "" "status" (func $status (param i32 i32) (result i32)))
    (import "" "set" (func $set (param i32 i32 i32 i32 i64 i32 i32 i32 i32)))
    {imported}
    (func (export "handle") (param $request i32) (param $out i32) (local $response i32)
      (local.set $response (call $response (call $fields)))
      (drop (call $status (local.get $response) (i32.const {status})))
      {end}))
  (core instance $main (instantiate $main-module (with "" (instance
    (export "fields" (func $fields)) (export "response" (func $response))
    (export "status" (func $status)) (export "set" (func $set))))))
  (func $handle (param "request" (own $request)) (param "response-out" (own $outparam))
    (canon lift (core func $main "handle")))
  (instance $handler (export "handle" (func $handle)))
  (export "wasi:http/incoming-handler@0.2.3" (instance $handler)))
"""
