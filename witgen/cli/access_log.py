"""The access log of `witgen serve`, in the combined format of Apache and nginx."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, TypeAlias

__all__ = ["AccessLog"]

_Message: TypeAlias = MutableMapping[str, Any]
_Application: TypeAlias = Callable[[_Message, Callable[[], Any], Callable[[_Message], Any]], Awaitable[None]]

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class AccessLog:
    """An ASGI application that passes everything on to another one, and writes a line for each request.

    Args:
        application: the other one.
        write: receives each line, without a line end.
    """

    def __init__(self, application: _Application, write: Callable[[str], object]) -> None:
        self._application, self._write = application, write

    async def __call__(
        self, scope: _Message, receive: Callable[[], Any], send: Callable[[_Message], Awaitable[None]]
    ) -> None:
        """Pass a connection on."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        status, size, moment = 0, 0, time.time()

        async def counted(message: _Message) -> None:
            nonlocal status, size
            status = message.get("status", status)
            size += len(message.get("body", b""))
            await send(message)

        try:
            await self._application(scope, receive, counted)
        finally:
            self._write(_line(scope, status, size, moment))


def _line(scope: _Message, status: int, size: int, moment: float) -> str:
    headers = dict(scope["headers"])
    query = b"?" + scope["query_string"] if scope["query_string"] else b""
    target = _quoted((scope.get("raw_path") or scope["path"].encode()) + query)
    client = (scope.get("client") or ("-", 0))[0]
    referer, agent = (_quoted(headers.get(name, b"-")) for name in (b"referer", b"user-agent"))
    request = f"{scope['method']} {target} HTTP/{scope['http_version']}"
    # 499 is nginx's number for a client that left before the response began.
    return f'{client} - - [{_when(moment)}] "{request}" {status or 499} {size or "-"} "{referer}" "{agent}"'


def _when(moment: float) -> str:
    """Return a time as `10/Oct/2000:13:55:36 -0700`, in English whatever the locale is."""
    local = time.localtime(moment)
    return time.strftime(f"%d/{_MONTHS[local.tm_mon - 1]}/%Y:%H:%M:%S %z", local)


def _quoted(data: bytes) -> str:
    """Return what a client sent in a form that can neither end the quotes nor the line."""
    return "".join(chr(each) if 0x20 <= each < 0x7F and each not in b'"\\' else f"\\x{each:02x}" for each in data)
