"""`error-code` of `wasi:http/types`: its text for internal components, and exceptions that pass through Python."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from .... import abi

__all__ = ["ERROR_CODE", "ERROR_CODE_TYPE", "ErrorCode", "denied", "dns_error", "error"]

ERROR_CODE: Final = """\
    (type $a-dns-error (record (field "rcode" (option string)) (field "info-code" (option u16))))
    (export "DNS-error-payload" (type $dns-error (eq $a-dns-error)))
    (type $a-tls-alert (record (field "alert-id" (option u8)) (field "alert-message" (option string))))
    (export "TLS-alert-received-payload" (type $tls-alert (eq $a-tls-alert)))
    (type $a-field-size (record (field "field-name" (option string)) (field "field-size" (option u32))))
    (export "field-size-payload" (type $field-size (eq $a-field-size)))
    (type $an-error-code (variant
      (case "DNS-timeout")
      (case "DNS-error" $dns-error)
      (case "destination-not-found")
      (case "destination-unavailable")
      (case "destination-IP-prohibited")
      (case "destination-IP-unroutable")
      (case "connection-refused")
      (case "connection-terminated")
      (case "connection-timeout")
      (case "connection-read-timeout")
      (case "connection-write-timeout")
      (case "connection-limit-reached")
      (case "TLS-protocol-error")
      (case "TLS-certificate-error")
      (case "TLS-alert-received" $tls-alert)
      (case "HTTP-request-denied")
      (case "HTTP-request-length-required")
      (case "HTTP-request-body-size" (option u64))
      (case "HTTP-request-method-invalid")
      (case "HTTP-request-URI-invalid")
      (case "HTTP-request-URI-too-long")
      (case "HTTP-request-header-section-size" (option u32))
      (case "HTTP-request-header-size" (option $field-size))
      (case "HTTP-request-trailer-section-size" (option u32))
      (case "HTTP-request-trailer-size" $field-size)
      (case "HTTP-response-incomplete")
      (case "HTTP-response-header-section-size" (option u32))
      (case "HTTP-response-header-size" $field-size)
      (case "HTTP-response-body-size" (option u64))
      (case "HTTP-response-trailer-section-size" (option u32))
      (case "HTTP-response-trailer-size" $field-size)
      (case "HTTP-response-transfer-coding" (option string))
      (case "HTTP-response-content-coding" (option string))
      (case "HTTP-response-timeout")
      (case "HTTP-upgrade-failed")
      (case "HTTP-protocol-error")
      (case "loop-detected")
      (case "configuration-error")
      (case "internal-error" (option string))))
    (export "error-code" (type $error-code (eq $an-error-code)))
"""
"""Its definition inside of an instance type, with those of its payloads."""


class ErrorCode(Exception):  # noqa: N818  (the name of the type)
    """Base of its cases; `value` is the payload."""

    def __init__(self, value: object = None) -> None:
        super().__init__(value)
        self.value = value


@dataclass(slots=True)
class _Pair:
    """A payload of two fields."""

    first: Any
    second: Any


class _DnsError(_Pair): ...


class _TlsAlert(_Pair): ...


class _FieldSize(_Pair): ...


def _record(python: type[_Pair], name: str, first: tuple[str, abi.Type], second: tuple[str, abi.Type]) -> abi.Record:
    fields = ((*first, "first"), (*second, "second"))
    return abi.Record(name, python, tuple(abi.Field(each, attribute, type_) for each, type_, attribute in fields))


_TEXT: Final = abi.Option(abi.STRING)
_DNS_ERROR: Final = _record(_DnsError, "DNS-error-payload", ("rcode", _TEXT), ("info-code", abi.Option(abi.U16)))
_TLS_ALERT: Final = _record(
    _TlsAlert, "TLS-alert-received-payload", ("alert-id", abi.Option(abi.U8)), ("alert-message", _TEXT)
)
_FIELD_SIZE: Final = _record(
    _FieldSize, "field-size-payload", ("field-name", _TEXT), ("field-size", abi.Option(abi.U32))
)

_PAYLOADS: Final[Mapping[str, abi.Type | None]] = {
    "DNS-timeout": None,
    "DNS-error": _DNS_ERROR,
    "destination-not-found": None,
    "destination-unavailable": None,
    "destination-IP-prohibited": None,
    "destination-IP-unroutable": None,
    "connection-refused": None,
    "connection-terminated": None,
    "connection-timeout": None,
    "connection-read-timeout": None,
    "connection-write-timeout": None,
    "connection-limit-reached": None,
    "TLS-protocol-error": None,
    "TLS-certificate-error": None,
    "TLS-alert-received": _TLS_ALERT,
    "HTTP-request-denied": None,
    "HTTP-request-length-required": None,
    "HTTP-request-body-size": abi.Option(abi.U64),
    "HTTP-request-method-invalid": None,
    "HTTP-request-URI-invalid": None,
    "HTTP-request-URI-too-long": None,
    "HTTP-request-header-section-size": abi.Option(abi.U32),
    "HTTP-request-header-size": abi.Option(_FIELD_SIZE),
    "HTTP-request-trailer-section-size": abi.Option(abi.U32),
    "HTTP-request-trailer-size": _FIELD_SIZE,
    "HTTP-response-incomplete": None,
    "HTTP-response-header-section-size": abi.Option(abi.U32),
    "HTTP-response-header-size": _FIELD_SIZE,
    "HTTP-response-body-size": abi.Option(abi.U64),
    "HTTP-response-trailer-section-size": abi.Option(abi.U32),
    "HTTP-response-trailer-size": _FIELD_SIZE,
    "HTTP-response-transfer-coding": abi.Option(abi.STRING),
    "HTTP-response-content-coding": abi.Option(abi.STRING),
    "HTTP-response-timeout": None,
    "HTTP-upgrade-failed": None,
    "HTTP-protocol-error": None,
    "loop-detected": None,
    "configuration-error": None,
    "internal-error": abi.Option(abi.STRING),
}

_CLASSES: Final[Mapping[str, type[ErrorCode]]] = {name: type(name, (ErrorCode,), {}) for name in _PAYLOADS}

ERROR_CODE_TYPE: Final = abi.Variant(
    "error-code", tuple(abi.Case(name, _CLASSES[name], payload) for name, payload in _PAYLOADS.items())
)


def error(name: str, value: object = None) -> ErrorCode:
    """Return a case by WIT's name, with its payload."""
    return _CLASSES[name](value) if _PAYLOADS[name] is not None else _CLASSES[name]()


def denied() -> ErrorCode:
    """Return the error for a request that is not allowed."""
    return error("HTTP-request-denied")


def dns_error(reason: str) -> ErrorCode:
    """Return the error for a name that has no address."""
    return error("DNS-error", _DnsError(reason, None))
