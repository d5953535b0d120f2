"""ASGI applications as `wasi:http/incoming-handler`."""

from __future__ import annotations

import asyncio
import atexit
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from functools import partial
from typing import Any, TypeAlias
from urllib.parse import unquote

from ..event_loop import EventLoop
from ..raw import inside_component
from .bodies import AsyncReader
from .server import Head, Response, head_of
from .wasi import Serving

__all__ = ["AsgiApplication", "AsgiHandler", "scope_of"]

AsgiApplication: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]
"""An ASGI 3 application: Starlette's, FastAPI's, a coroutine function."""

_VERSIONS = {"version": "3.0", "spec_version": "2.4"}


class AsgiHandler:
    """Implements `wasi:http/incoming-handler` with an ASGI application.

    Its event loop lasts as long as the instance: tasks that a request leaves behind continue in the next one.
    """

    def __init__(self, wasi: Serving, application: AsgiApplication) -> None:
        self._wasi = wasi
        self._application = application
        self._runner: asyncio.Runner | None = None
        self._lifespan = _Lifespan(application)

    def handle(self, request: Any, response_out: Any) -> None:
        """Answer a request."""
        if self._runner is None:
            self._runner = self._new_runner()
        self._runner.run(self._answer(request, response_out), context=copy_context())

    def _new_runner(self) -> asyncio.Runner:
        if inside_component():
            return asyncio.Runner(loop_factory=partial(EventLoop, self._wasi.poll, self._wasi.timer))
        runner = asyncio.Runner()
        atexit.register(runner.close)
        return runner

    async def _answer(self, request: Any, out: Any) -> None:
        head = head_of(self._wasi, request)
        response = Response(self._wasi, out, head)
        with request:
            body = AsyncReader(self._wasi, request.consume())
            try:
                state = await self._lifespan.begin()
                exchange = _Exchange(body, response)
                await self._application(scope_of(head, state), exchange.receive, exchange.send)
                exchange.check()
            except Exception as error:  # noqa: BLE001 - what the application raises ends this request, not the component
                response.fail(error)
            finally:
                body.close()


def scope_of(head: Head, state: dict[str, Any]) -> dict[str, Any]:
    """Return the scope of one call of an ASGI application."""
    return {
        "type": "http",
        "asgi": _VERSIONS,
        "http_version": "1.1",
        "method": head.method,
        "scheme": head.scheme,
        "path": unquote(head.raw_path),
        "raw_path": head.raw_path.encode(),
        "query_string": head.query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value) for name, value in head.headers],
        "client": None,
        "server": head.server,
        "state": state.copy(),
        "extensions": {"http.response.trailers": {}},
    }


class _Exchange:
    """The events of one request and its response. The head is sent with the first part of the body."""

    def __init__(self, body: AsyncReader, response: Response) -> None:
        self._body = body
        self._response = response
        self._head: tuple[int, list[tuple[str, bytes]]] | None = None
        self._trailers: list[tuple[str, bytes]] | None = None
        self._body_is_read = False
        self._is_over = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        """Return the next part of the request, and `http.disconnect` once the response is complete."""
        if self._body_is_read:
            await self._is_over.wait()
            return {"type": "http.disconnect"}
        data = await self._body.read()
        self._body_is_read = not data
        return {"type": "http.request", "body": data, "more_body": bool(data)}

    async def send(self, message: Any) -> None:
        """Send a part of the response.

        Raises:
            OSError: the client is gone.
            RuntimeError: this event is not expected now.
        """
        kind = message["type"]
        if kind == "http.response.start" and self._head is None:
            self._head = message["status"], _decoded(message.get("headers", ()))
            self._trailers = [] if message.get("trailers") else None
        elif kind == "http.response.body" and self._head is not None:
            await self._send_body(message.get("body", b""), more=message.get("more_body", False))
        elif kind == "http.response.trailers" and self._trailers is not None and self._response.has_begun:
            self._trailers += _decoded(message.get("headers", ()))
            if not message.get("more_trailers", False):
                await self._finish()
        else:
            raise RuntimeError(f"the application has sent {kind}, which is not expected now")

    async def _send_body(self, data: bytes, *, more: bool) -> None:
        if self._is_over.is_set():
            return
        if self._head is not None and not self._response.has_begun:
            self._response.begin(*self._head)
        await self._response.write_async(bytes(data))
        if not more and self._trailers is None:
            await self._finish()

    async def _finish(self) -> None:
        await self._response.finish_async(self._trailers)
        self._is_over.set()

    def check(self) -> None:
        """Raise RuntimeError unless the response is complete."""
        if not self._is_over.is_set():
            missing = "completing its response" if self._response.has_begun else "answering"
            raise RuntimeError(f"the application has returned without {missing}")


def _decoded(headers: Any) -> list[tuple[str, bytes]]:
    return [(bytes(name).decode("latin-1"), bytes(value)) for name, value in headers]


class _Lifespan:
    """The lifespan of an application: it starts with the first request of an instance, and nothing ends it.

    Args:
        application: one that need not know lifespans.
    """

    def __init__(self, application: AsgiApplication) -> None:
        self._application = application
        self._state: dict[str, Any] = {}
        self._task: asyncio.Task[None] | None = None
        self._started: asyncio.Future[None] | None = None

    async def begin(self) -> dict[str, Any]:
        """Let the application start if it has not, and return the state that requests begin with.

        Raises:
            RuntimeError: the application says that its start has failed.
        """
        if self._task is None:
            self._started = asyncio.get_running_loop().create_future()
            self._task = asyncio.create_task(self._run(self._started))
        if self._started is not None and not self._started.done():
            await asyncio.wait({self._task, self._started}, return_when=asyncio.FIRST_COMPLETED)
        if self._started is not None and self._started.done():
            self._started.result()
        return self._state

    async def _run(self, started: asyncio.Future[None]) -> None:
        events = [{"type": "lifespan.startup"}]

        async def receive() -> dict[str, str]:
            return events.pop() if events else await asyncio.Future()

        async def send(message: Any) -> None:
            if message["type"] == "lifespan.startup.complete":
                started.set_result(None)
            elif message["type"] == "lifespan.startup.failed":
                started.set_exception(RuntimeError(f"the start of the application has failed: {message['message']}"))

        try:
            await self._application({"type": "lifespan", "asgi": _VERSIONS, "state": self._state}, receive, send)
        except Exception:  # noqa: BLE001 - specification: the application does not know lifespans
            return
