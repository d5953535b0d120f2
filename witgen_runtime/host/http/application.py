"""ASGI applications that answer with components."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final, TypeAlias, cast

from ..component import ComponentSource
from ..errors import LinkError
from ..linking.preparation import Prepared, prepare
from ..store_thread import Threads
from ..world import World, definition_of
from .answering import FailedError, Response, Send
from .exchange import Exchange
from .feeding import BodyLengthError, BodyTooLargeError, Receive, feed
from .generations import generation_of
from .handler_types import HANDLER
from .headers import CLOSE, MULTIPLEXED, HeadError, RequestHead, Scope, request_head
from .instances import Instances, ServedInstance, ServedWorld
from .options import ServeOptions, serving
from .service_types import SERVICE_HANDLER

__all__ = ["HttpApplication"]

_log = logging.getLogger("witgen.http")

_Refuse: TypeAlias = Callable[[int], Awaitable[None]]
"""Answers with a status and nothing else."""

_LINGER: Final = 5.0
"""Seconds in which a guest may finish a body that is not sent, as the response to HEAD has none."""

_REASONS: Final = {
    400: "Bad Request",
    413: "Content Too Large",
    500: "Internal Server Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}

_ENDING: Final = frozenset({400, 413, 501, 504})
"""Statuses with which a connection ends: the end of the request is unknown, or has not arrived."""


class HttpApplication:
    """An ASGI application: every request is answered by an instance of a component.

    It can be served by any ASGI server on asyncio, and mounted in other applications. Generated worlds make it with
    `asgi`. Failures are logged under `witgen.http`.

    Args:
        world: the world, which exports `wasi:http/incoming-handler`.
        component: the component; it is compiled here.
        imports: the implementations of its imports, or a function that returns them for one instance.
        options: see `ServeOptions`.

    Raises:
        ComponentError: it is not a component, or wasmtime cannot compile it.
        LinkError: it does not fit the world, or the world cannot be served.
        TypeError: there is no such option, or its value has a type that it cannot have.
        ValueError: a limit is out of range.
    """

    def __init__(self, world: type[World], component: ComponentSource, imports: object, options: ServeOptions) -> None:
        self._definition = definition_of(world)
        self._serving = serving(f"{world.__name__}.asgi", cast("Mapping[str, object]", options))
        self._generation = generation_of(self._definition)
        members = {"_definition": self._definition, "_generation": self._generation}
        self._world: type[ServedWorld] = type(world.__name__, (ServedWorld,), members)
        is_maker = callable(imports) and not isinstance(imports, type)
        self._imports = cast("Callable[[], object]", imports) if is_maker else lambda: imports
        self._component = self._prepared(component)  # shared by all instances
        self._instances: Instances | None = None
        self._exchanging = threading.Lock()
        """Held while one loop's instances take the place of another's, which may be another thread's."""
        self._threads = Threads()

    def _prepared(self, source: ComponentSource) -> Prepared:
        ready = prepare(self._definition, source, self._serving.limits, self._serving.adapters)
        self._generation.check(ready.engine)
        try:
            ready.check()
        except LinkError as error:
            hint = _other_world(self._generation.handler.name, ready.component.type.exports(ready.engine))
            raise (LinkError(f"{error}\n{hint}") if hint else error) from None
        return ready

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or follow the server's start and end."""
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1000})
        else:
            raise NotImplementedError(f"a component cannot answer a connection of type {scope['type']}")

    async def replace(self, component: ComponentSource) -> None:
        """Serve another component from now on. Running requests end with the one before.

        If an instance of it cannot be opened, nothing changes.

        Raises:
            ComponentError: it is not a component, or wasmtime cannot compile it.
            LinkError: it does not fit the world.
        """
        prepared = await asyncio.to_thread(self._prepared, component)
        await (await self._open(prepared, 0)).close()
        self._component = prepared
        if self._instances is not None:
            self._pool().renew()

    async def close(self) -> None:
        """Close all instances, those that answer requests as soon as these end. A server does this by itself."""
        if self._instances is not None:
            pool = self._pool()  # which takes over what another loop left
            with self._exchanging:
                if self._instances is pool:
                    self._instances = None
            await pool.close()
            self._threads.close()
            self._threads = Threads()  # another loop may use the application again

    async def _live(self, receive: Receive, send: Send) -> None:
        """Follow the server's lifespan: open the first instances at its start, close them at its end."""
        await receive()
        try:
            pool = self._pool()
            await pool.release(await pool.take(), intact=True)
        except Exception as error:  # noqa: BLE001  (the server reports it)
            await self.close()
            await send({"type": "lifespan.startup.failed", "message": f"{type(error).__name__}: {error}"})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.close()
        await send({"type": "lifespan.shutdown.complete"})

    def _pool(self) -> Instances:
        """Return the instances for the running loop."""
        loop = asyncio.get_running_loop()
        with self._exchanging:
            before = pool = self._instances
            if pool is None or pool.loop is not loop:
                pool = self._instances = Instances(loop, self._open_current, self._serving, self._report)
        if before is not None and before is not pool:
            for instance in before.leave():
                pool.in_background(instance.close())
        return pool

    async def _open_current(self) -> ServedInstance:
        pool = self._instances
        return await self._open(self._component, pool.generation if pool is not None else 0)

    async def _open(self, component: Prepared, generation: int) -> ServedInstance:
        return await ServedInstance.open(
            self._world, component, self._imports(), self._serving, generation, self._threads
        )

    def _report(self, error: Exception) -> None:
        _log.error("an instance could not be opened: %s: %s", type(error).__name__, error)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        refuse = partial(_refuse, scope, send)
        try:
            head = request_head(scope)
        except HeadError as error:
            _log.info("%s refused: %s", scope["method"], error)
            await refuse(400)
            return
        if head.method == "CONNECT":  # a component cannot be a tunnel
            await refuse(501)
            return
        limit = self._serving.body_limit
        if limit is not None and head.length is not None and head.length > limit:
            await refuse(413)
            return
        loop, deadline = asyncio.get_running_loop(), self._serving.limits.deadline
        due = None if deadline is None else loop.time() + deadline
        pool = self._pool()
        try:
            instance = await pool.take_until(due)
        except TimeoutError:
            _log.error("%s %s: no instance became free in time", head.method, head.target)
            await refuse(503)
        except Exception as error:  # noqa: BLE001  (of host code, or of the guest's start)
            self._report(error)
            await refuse(500)
        else:
            extensions: Mapping[str, Any] = scope.get("extensions") or {}
            exchange = Exchange(head, loop)
            response = Response(exchange, send, trailers="http.response.trailers" in extensions)
            await _Turn(pool, instance, exchange, response, due).take(receive, refuse, limit)


class _Turn:
    """One request at its instance."""

    def __init__(
        self,
        pool: Instances,
        instance: ServedInstance,
        exchange: Exchange,
        response: Response,
        due: float | None,
    ) -> None:
        self._pool, self._instance = pool, instance
        self._exchange, self._response, self._due = exchange, response, due

    def _remaining(self) -> float | None:
        return None if self._due is None else max(0.0, self._due - asyncio.get_running_loop().time())

    async def take(self, receive: Receive, refuse: _Refuse, limit: int | None) -> None:
        """Have the request answered, until its client goes or its time is up."""
        exchange, response = self._exchange, self._response
        guest = asyncio.ensure_future(self._instance.handle(exchange))
        feeding = asyncio.ensure_future(feed(exchange, receive, limit))
        answering = asyncio.ensure_future(response.pass_on(guest))
        answered = False
        try:
            await asyncio.wait({answering, feeding}, timeout=self._remaining(), return_when=asyncio.FIRST_COMPLETED)
            if not answering.done() and response.is_complete:  # what a server tells of its own end is no news
                await asyncio.wait({answering}, timeout=_LINGER)
            if answering.done():
                answered = await self._finish(answering, refuse)
            else:
                await self._break_off(feeding, answering, refuse)
        finally:
            for task in (feeding, answering):
                task.cancel()
            self._pool.in_background(self._settle(guest, feeding, answering, answered=answered))

    async def _finish(self, answering: asyncio.Future[None], refuse: _Refuse) -> bool:
        """Report a failure; return whether there was none."""
        try:
            answering.result()
        except FailedError as error:
            _failed(self._exchange.head, str(error))
            await self._unless_begun(refuse, error.status)
        except OSError as error:  # the server's word for a client that has gone
            _log.debug("%s %s: %s", self._exchange.head.method, self._exchange.head.target, error)
        else:
            return True
        return False

    async def _break_off(self, feeding: asyncio.Future[None], answering: asyncio.Future[None], refuse: _Refuse) -> None:
        """End a request whose client has gone or sends too much, or whose time is up."""
        answering.cancel()
        self._exchange.hang_up()
        if not feeding.done():
            _failed(self._exchange.head, "the deadline has passed")
            await self._unless_begun(refuse, 504)
        elif isinstance(feeding.exception(), BodyTooLargeError):
            await self._unless_begun(refuse, 413)
        elif isinstance(feeding.exception(), BodyLengthError):
            _failed(self._exchange.head, "its body is not as long as announced")
            await self._unless_begun(refuse, 400)
        else:
            feeding.result()
            _log.debug("%s %s: the client has gone", self._exchange.head.method, self._exchange.head.target)

    async def _unless_begun(self, refuse: _Refuse, status: int) -> None:
        # A response that has begun stays incomplete, and the server ends the connection: nothing else tells a client.
        if not self._response.has_begun:
            self._response.has_begun = True
            await refuse(status)

    async def _settle(self, guest: asyncio.Future[None], *tasks: asyncio.Future[None], answered: bool) -> None:
        """Wait for the guest, which may go on after its response, and release its instance."""
        outcome: BaseException | None = None
        try:
            if answered and not guest.done():
                await asyncio.wait({guest}, timeout=self._remaining())
            elif not answered:
                self._exchange.hang_up()
            if guest.cancel() and answered:
                _failed(self._exchange.head, "it went on after its response until the deadline")
            outcome, *_ = await asyncio.gather(guest, *tasks, return_exceptions=True)
            if answered and outcome is not None and not guest.cancelled():
                _failed(self._exchange.head, f"it failed after its response: {outcome}")
        finally:
            self._exchange.close()
            await self._pool.release(self._instance, intact=answered and outcome is None)


def _other_world(served: str, exports: Iterable[str]) -> str:
    """Return which ready-made world a component fits that has the handler of the other generation."""
    for name in exports:
        for handler, world in ((SERVICE_HANDLER, "Service"), (HANDLER, "Proxy")):
            if name.startswith(handler) and not served.startswith(handler):
                return f"it exports {name}, which `witgen.proxy.{world}` serves"
    return ""


def _failed(head: RequestHead, reason: str) -> None:
    _log.error("%s %s: %s", head.method, head.target, reason)


async def _refuse(scope: Scope, send: Send, status: int) -> None:
    text = f"{status} {_REASONS[status]}\n".encode()
    fields = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(text))]
    if status in _ENDING and scope.get("http_version") not in MULTIPLEXED:
        fields.append(CLOSE)
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": text})
