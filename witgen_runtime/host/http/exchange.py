"""One request and its response, between the event loop of the server and the thread of the guest's store."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from dataclasses import dataclass
from typing import TypeVar

from .headers import RequestHead

__all__ = ["Answer", "Exchange"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the guest answered.

    Attributes:
        status: the status of its response.
        fields: its headers.
        body: the socket that receives its body; None where the guest asked for none.
        error: the `error-code` in place of a response.
    """

    status: int = 0
    fields: tuple[tuple[str, bytes], ...] = ()
    body: socket.socket | None = None
    error: Exception | None = None


class Exchange:
    """The meeting point of both sides.

    Attributes:
        head: the request.
        answer: what the guest answered; None if it dropped the `response-outparam`. Belongs to the loop.
        consumed: the socket for the request's body, once the guest asks for it. Belongs to the loop.
        begun: done once the head of the response has been sent. Belongs to the loop.
    """

    def __init__(self, head: RequestHead, loop: asyncio.AbstractEventLoop) -> None:
        self.head = head
        self.answer: asyncio.Future[Answer | None] = loop.create_future()
        self.consumed: asyncio.Future[socket.socket] = loop.create_future()
        self.begun: asyncio.Future[None] = loop.create_future()
        self._loop = loop
        self._sockets: list[socket.socket] = []

    def answered(self, answer: Answer | None) -> None:
        """Pass on what the guest answered; only its first answer counts. Any thread may call this."""
        self._settle(self.answer, answer)

    def consuming(self, peer: socket.socket) -> None:
        """Pass on the socket for the request's body. Any thread may call this."""
        self._settle(self.consumed, peer)

    def opened(self, peer: socket.socket) -> None:
        """Note a socket that has to be closed with the exchange."""
        self._sockets.append(peer)

    def _settle(self, future: asyncio.Future[T], value: T) -> None:
        # The loop closes before the store where a server is stopped at once.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(_set, future, value)

    def hang_up(self) -> None:
        """End both bodies: a guest that waits for one of them goes on."""
        for peer in self._sockets:
            with contextlib.suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Release the sockets."""
        for peer in self._sockets:
            peer.close()
        self._sockets.clear()


def _set(future: asyncio.Future[T], value: T) -> None:
    if not future.done():
        future.set_result(value)
