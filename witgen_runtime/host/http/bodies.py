"""The bodies of served requests and their responses: wasmtime's own for the guest, sockets for the server."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ... import abi
from ..errors import HostError
from ..store.handles import ResourceHandles
from ..wasi.internal_component import InternalComponent, NativeHandle
from ..wasi.pollable_channel import LIVE, OPEN_TIMEOUT, Door
from . import body_component as text

if TYPE_CHECKING:
    from ..store.store import Store
    from .handler_types import HandlerTypes

__all__ = ["Bodies"]


class Bodies:
    """The bodies and headers of one store's messages. Only the store's thread may use them."""

    def __init__(self, store: Store, handles: ResourceHandles, types: HandlerTypes) -> None:
        self._component = InternalComponent(store, text.COMPONENT, text.TAKING, http=True)
        self._handles = handles
        self._calls: dict[abi.Function, Callable[..., Any]] = {}
        self._new_fields = self._component.bound(types.new_fields, handles)
        self._entries = self._component.bound(types.entries, handles)
        self._over: list[int] = []
        """Futures of responses that no guest waits for; dropping one ends the connection of its body."""
        self._listener: socket.socket | None = None
        store.on_close(self._stop_listening)

    def start_over(self) -> None:
        """Drop what belongs to the request before."""
        while self._over:
            self._call(text.ABANDON, self._over.pop())

    def _call(self, function: abi.Function, *arguments: object) -> Any:
        call = self._calls.get(function)
        if call is None:
            call = self._calls[function] = self._component.bound(function, self._handles)
        return call(*arguments)

    def _stop_listening(self) -> None:
        if self._listener is not None:
            self._listener.close()

    def fields(self, entries: Sequence[tuple[str, bytes]]) -> Any:
        """Return new `fields` for the guest.

        Raises:
            HostError: wasmtime refuses them: they are too large.
        """
        made = self._new_fields(entries)
        if made is None:
            raise HostError("wasmtime refuses the headers of this request")
        return made

    def entries(self, fields: Any) -> list[tuple[str, bytes]]:
        """Return what is in the guest's `fields`."""
        entries: list[tuple[str, bytes]] = self._entries(fields)
        return entries

    def incoming(self) -> tuple[NativeHandle, socket.socket]:
        """Return an `incoming-body`, and the socket for its bytes, in chunked coding."""
        future, peer = self._connect(text.GET)
        peer.sendall(LIVE)
        number: int = self._call(text.ACCEPT, future)
        if number < 0:
            peer.close()
            raise ConnectionAbortedError("the response was refused")
        return NativeHandle(self._component, text.TAKE_INCOMING, number), peer

    def outgoing(self, trailers: str) -> tuple[NativeHandle, socket.socket]:
        """Return an `outgoing-body`, and the socket that receives its bytes, in chunked coding.

        Of the guest's trailers, those arrive whose names were announced.
        """
        future, peer = self._connect(text.POST, trailers)
        self._over.append(future)
        return NativeHandle(self._component, text.TAKE_OUTGOING, self._call(text.POSTED)), peer

    def _connect(self, function: abi.Function, *arguments: str) -> tuple[int, socket.socket]:
        """Have the component send a request; return the number of its future, and the socket on this side."""
        # Any program on this machine can connect to the port. The token identifies the request.
        token = f"/{secrets.token_urlsafe(16)}"
        if self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", 0))
        authority = f"127.0.0.1:{self._listener.getsockname()[1]}"
        future: int = self._call(function, authority, token, *arguments)
        if future < 0:
            raise ConnectionRefusedError("the request was refused")
        try:
            peer = Door(self._listener, token.encode()).accept(OPEN_TIMEOUT)
        except OSError:
            self._call(text.ABANDON, future)
            raise
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return future, peer
