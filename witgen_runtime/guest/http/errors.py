"""Errors of HTTP clients in guests."""

from __future__ import annotations

from typing import Any

__all__ = ["ConnectError", "ConnectTimeout", "ReadTimeout", "RequestError", "StatusError"]


class RequestError(OSError):
    """A request has no response, or only a part of one.

    Attributes:
        code: the `error-code` of `wasi:http/types`; None where the host gave none.
    """

    def __init__(self, message: str, *, code: Exception | None = None) -> None:
        super().__init__(message)
        self.code = code


class ConnectError(RequestError, ConnectionError):
    """There is no connection to the server."""


class ConnectTimeout(ConnectError, TimeoutError):  # noqa: N818 - the name that clients of HTTP use
    """Connecting took too long."""


class ReadTimeout(RequestError, TimeoutError):  # noqa: N818 - likewise
    """A response, or a part of it, took too long."""


class StatusError(Exception):
    """A response has a status of 400 or more.

    Attributes:
        response: the response.
    """

    def __init__(self, message: str, response: Any) -> None:
        super().__init__(message)
        self.response = response
