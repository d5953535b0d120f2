"""Passes the response of a guest on to the server."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

from ..errors import DeadlineError
from .chunked import ChunkedBody, ChunkedError
from .exchange import Answer, Exchange
from .feeding import Message
from .headers import CLOSE, HeadError, ResponseHead, response_head

__all__ = ["FailedError", "Response", "Send"]

Send: TypeAlias = Callable[[Message], Awaitable[None]]

_PIECE: Final = 1 << 16

_ON_ITS_WAY: Final = 1.0
"""Seconds after which no more of a body is on its way from a guest that has ended."""


class FailedError(Exception):
    """The guest did not answer, or not completely; `status` is what its client gets if it has got nothing so far."""

    def __init__(self, reason: str, status: int = 500) -> None:
        super().__init__(reason)
        self.status = status


class Response:
    """The response to one request.

    Attributes:
        has_begun: whether its head has been sent.
        is_complete: whether all of it has been sent, or is being sent.
    """

    def __init__(self, exchange: Exchange, send: Send, *, trailers: bool) -> None:
        self._exchange, self._send, self._trailers = exchange, send, trailers
        self.has_begun = False
        self.is_complete = False

    async def pass_on(self, guest: asyncio.Future[None]) -> None:
        """Send what the guest answers.

        Raises:
            FailedError: it does not answer, or not completely.
        """
        answer = await self._answer(guest)
        try:
            head = response_head(answer.status, answer.fields, self._exchange.head.method)
        except HeadError as error:
            raise FailedError(f"its response is malformed: {error}") from error
        trailers = self._trailers and head.has_body and bool(head.trailers) and answer.body is not None
        if answer.body is None and head.length and head.has_body:
            raise FailedError(f"it announced {head.length} bytes, and sent none")
        self.has_begun = True
        fields = [field for field in head.fields if trailers or field[0] != b"trailer"]
        if self._exchange.head.is_ambiguous:
            fields.append(CLOSE)
        start: Message = {"type": "http.response.start", "status": head.status, "headers": fields}
        await self._send({**start, "trailers": True} if trailers else start)
        self._exchange.begun.set_result(None)
        if answer.body is None:
            await self._end(b"")
            return
        if not head.has_body:
            await self._end(b"")
        body = await self._body(answer.body, head, guest, trailers=trailers)
        if trailers:
            self.is_complete = True
            await self._send({"type": "http.response.trailers", "headers": body.trailers, "more_trailers": False})

    async def _answer(self, guest: asyncio.Future[None]) -> Answer:
        answer = self._exchange.answer
        first: list[asyncio.Future[Any]] = [guest, answer]
        await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
        made = answer.result() if answer.done() else None
        if made is None:
            failure = guest.exception() if guest.done() and not guest.cancelled() else None
            raise FailedError(_told(failure), 504 if isinstance(failure, DeadlineError) else 500) from failure
        if made.error is not None:
            raise FailedError(f"it answered with an error: {made.error}", _status_of(made.error))
        return made

    async def _body(
        self, peer: socket.socket, head: ResponseHead, guest: asyncio.Future[None], *, trailers: bool
    ) -> ChunkedBody:
        """Send the body, or read it to its end where there must be none; return the decoder with the trailers."""
        body, left = ChunkedBody(), head.length
        peer.setblocking(False)  # noqa: FBT003  (the socket module's)
        while not body.ended:
            try:
                data = body.feed(await _received(peer, guest))
            except (ChunkedError, OSError) as error:
                raise FailedError(f"it left its response unfinished{_reason(guest)}") from error
            if not head.has_body:
                continue
            if left is not None:
                if len(data) > left:
                    await self._end(data[:left])
                    raise FailedError("it sent more than it announced")
                left -= len(data)
                if body.ended and left:
                    raise FailedError(f"it sent {left} bytes less than it announced")
            if body.ended:
                await self._end(data, trailers=trailers)
            elif data:
                await self._send({"type": "http.response.body", "body": data, "more_body": True})
        return body

    async def _end(self, data: bytes, *, trailers: bool = False) -> None:
        self.is_complete = not trailers
        await self._send({"type": "http.response.body", "body": data, "more_body": False})


async def _received(peer: socket.socket, guest: asyncio.Future[None]) -> bytes:
    """Return more of a body; empty at its end, and where nothing comes any more although the guest has ended.

    A guest that ends may leave its body open, or trap in the middle of it. What it wrote before is on its way.
    """
    try:
        return peer.recv(_PIECE)
    except BlockingIOError:
        pass
    receiving = asyncio.ensure_future(asyncio.get_running_loop().sock_recv(peer, _PIECE))
    try:
        either: list[asyncio.Future[Any]] = [receiving, guest]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not receiving.done():
            await asyncio.wait([receiving], timeout=_ON_ITS_WAY)
        return receiving.result() if receiving.done() else b""
    finally:
        receiving.cancel()


def _reason(guest: asyncio.Future[None]) -> str:
    """Return why a guest that has ended did so, for the end of a message."""
    failure = guest.exception() if guest.done() and not guest.cancelled() else None
    return "" if failure is None else f": {type(failure).__name__}: {failure}"


def _told(failure: BaseException | None) -> str:
    """Return why there is no response."""
    return "it ended without a response" if failure is None else f"{type(failure).__name__}: {failure}"


def _status_of(error: Exception) -> int:
    """Return the status for an `error-code`: those of other servers are a gateway's, its own are the guest's."""
    name = type(error).__name__.removeprefix("ErrorCode")
    if name == "InternalError":
        return 500
    return 504 if name.endswith("Timeout") else 502
