"""Conversion of HTTP failures to the errors that WIT declares."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import h11

from ..._bindings.types import wasi_http_types as wit

__all__ = ["declared"]

_UNREACHABLE: Final = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH})

_TOO_LARGE: Final = 431
"""The status that h11 suggests for a head that is too large."""


@contextmanager
def declared(timeout: wit.ErrorCode) -> Generator[None]:
    """Convert failures to the errors that WIT declares, a timeout to `timeout`."""
    try:
        yield
    except wit.ErrorCode:
        raise
    except TimeoutError as error:
        raise timeout from error
    except (OSError, h11.ProtocolError, ValueError) as error:
        raise _code(error) from error


def _code(error: Exception) -> wit.ErrorCode:
    match error:
        case ssl.SSLError():
            return _tls_code(error)
        case socket.gaierror():
            return wit.ErrorCodeDnsError(wit.DnsErrorPayload(error.strerror, None))
        case ConnectionRefusedError():
            return wit.ErrorCodeConnectionRefused()
        case ConnectionError():
            return wit.ErrorCodeConnectionTerminated()
        case h11.ProtocolError() if error.error_status_hint == _TOO_LARGE:
            return wit.ErrorCodeHttpResponseHeaderSectionSize(None)
        case h11.ProtocolError():
            return wit.ErrorCodeHttpProtocolError()
        case UnicodeError():
            return wit.ErrorCodeHttpRequestUriInvalid()
        case OSError() if error.errno in _UNREACHABLE:
            return wit.ErrorCodeDestinationUnavailable()
        case _:
            return wit.ErrorCodeInternalError(str(error))


def _tls_code(error: ssl.SSLError) -> wit.ErrorCode:
    if isinstance(error, ssl.SSLCertVerificationError):
        return wit.ErrorCodeTlsCertificateError()
    if isinstance(error, ssl.SSLEOFError):
        return wit.ErrorCodeConnectionTerminated()
    if "ALERT" in (error.reason or ""):
        return wit.ErrorCodeTlsAlertReceived(wit.TlsAlertReceivedPayload(None, error.reason))
    return wit.ErrorCodeTlsProtocolError()
