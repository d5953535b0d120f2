"""Requests to an application while its component is built.

What an application loads or computes at its first request is then in the component, instead of being done again in
each instance. No import of the world can be called meanwhile.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterable
from typing import Any

from ..event_loop import EventLoop
from .asgi import AsgiApplication, scope_of
from .server import Head
from .wsgi import WsgiApplication, environ_of

__all__ = ["asgi", "wsgi"]


def _head(path: str) -> Head:
    return Head("GET", "http", path, [("host", b"localhost"), ("accept", b"*/*")])


def wsgi(application: WsgiApplication, paths: Iterable[str]) -> None:
    """Request paths from a WSGI application.

    Raises:
        RuntimeError: the application answers with a server error.
    """
    for path in paths:
        statuses: list[str] = []

        def start_response(status: str, *_: object, told: list[str] = statuses) -> Any:
            told.append(status)
            return _discard

        parts = application(environ_of(_head(path), io.BytesIO()), start_response)
        try:
            for part in parts:
                _discard(part)
        finally:
            getattr(parts, "close", _nothing)()
        _check(path, int(statuses[-1].split()[0]) if statuses else None)


def _discard(part: bytes) -> None:
    del part


def _nothing() -> None:
    """Stand in for the method `close` of iterables that have none."""


def asgi(application: AsgiApplication, paths: Iterable[str]) -> None:
    """Request paths from an ASGI application; its lifespan does not begin.

    Raises:
        RuntimeError: the application answers with a server error.
    """
    with asyncio.Runner(loop_factory=EventLoop) as runner:
        for path in paths:
            _check(path, runner.run(_status(application, path)))


async def _status(application: AsgiApplication, path: str) -> int | None:
    events: list[dict[str, Any]] = [{"type": "http.request", "body": b"", "more_body": False}]
    found: list[int] = []

    async def receive() -> dict[str, Any]:
        return events.pop() if events else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            found.append(message["status"])

    await application(scope_of(_head(path), {}), receive, send)
    return found[-1] if found else None


def _check(path: str, status: int | None) -> None:
    if status is None or status >= 500:
        answer = "does not answer" if status is None else f"answers with {status}"
        raise RuntimeError(f"the application {answer} to GET {path}, one of the requests of `warm` at build")
