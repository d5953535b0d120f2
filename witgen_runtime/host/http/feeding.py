"""Passes the body of a request from the server to the guest."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from .chunked import END, chunk
from .exchange import Exchange

__all__ = ["BodyLengthError", "BodyTooLargeError", "Message", "Receive", "feed"]

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]


class BodyTooLargeError(Exception):
    """The body of a request is larger than its limit."""


class BodyLengthError(Exception):
    """The body of a request has more or fewer bytes than its head announced."""


async def feed(exchange: Exchange, receive: Receive, limit: int | None) -> None:
    """Pass the body on as fast as the guest reads it; return when the client has gone.

    Raises:
        BodyTooLargeError: the body is larger than the limit.
        BodyLengthError: it is not as long as announced. A server should have noticed, but not all do.
    """
    if exchange.head.expects_continue:
        # A server tells the client to send its body when the body is first asked for, unless it has responded before.
        wanted: list[asyncio.Future[Any]] = [exchange.consumed, exchange.begun]
        await asyncio.wait(wanted, return_when=asyncio.FIRST_COMPLETED)
    body, total, more = _Body(exchange), 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        data, more = message.get("body", b""), message.get("more_body", False)
        total += len(data)
        if limit is not None and total > limit:
            raise BodyTooLargeError
        announced = exchange.head.length
        if announced is not None and (total > announced or (total < announced and not more)):
            raise BodyLengthError
        if exchange.head.has_body:
            await body.write(data, more=more)
    while (await receive())["type"] != "http.disconnect":
        pass


class _Body:
    """The near end of an `incoming-body`."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._is_wanted = True

    async def write(self, data: bytes, *, more: bool) -> None:
        """Pass a part on, once the guest has asked for the body. What a guest stopped reading is discarded."""
        peer = await asyncio.shield(self._exchange.consumed)
        coded = (chunk(data) if data else b"") + (b"" if more else END)
        if not (self._is_wanted and coded):
            return
        peer.setblocking(False)  # noqa: FBT003  (the socket module's)
        try:
            await asyncio.get_running_loop().sock_sendall(peer, coded)
        except OSError:
            self._is_wanted = False
