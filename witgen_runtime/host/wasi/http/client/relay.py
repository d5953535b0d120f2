"""One request and its response, between wasmtime and a server."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import ssl
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import h11

from ..allowed import Origin
from ..error_code import ErrorCode, error
from ..fields import HeadError, end_to_end
from ..proxies import Proxy
from ..python_http import PythonHttp
from .connecting import Streams, connect

__all__ = ["Relay", "Side", "Target"]

_PIECE: Final = 1 << 16
HEAD_LIMIT: Final = 1 << 17
"""Bytes of a message's head: wasmtime's limit on its fields."""

_log = logging.getLogger("witgen_runtime.host.wasi.http")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes: its origin, its authority and path as the guest wrote them, and how long it may take."""

    origin: Origin
    authority: str
    path: str
    connect_timeout: float
    first_byte_timeout: float


class Side:
    """One of the two connections: with wasmtime, or with the server."""

    def __init__(self, streams: Streams, role: type[h11.CLIENT | h11.SERVER]) -> None:
        self._reader, self._writer = streams
        self._state = h11.Connection(role, max_incomplete_event_size=HEAD_LIMIT)

    async def receive(self) -> h11.Event | None:
        """Return the next event; None if the connection has ended.

        Raises:
            OSError: the connection has failed.
            h11.RemoteProtocolError: the other side does not speak HTTP, or went in the middle of a message.
        """
        while True:
            event = self._state.next_event()
            if event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
                return None
            if not isinstance(event, type):
                return event
            self._state.receive_data(await self._reader.read(_PIECE))

    async def send(self, event: h11.Event) -> None:
        """Send an event, and wait while the other side reads too slowly."""
        self._writer.write(self._state.send(event) or b"")
        await self._writer.drain()

    async def gone(self) -> None:
        """Return when the other side has closed the connection."""
        with contextlib.suppress(OSError):
            while await self._reader.read(_PIECE):
                pass

    async def discard(self) -> None:
        """Read the rest of a message, so that the other side can send it."""
        with contextlib.suppress(OSError, h11.RemoteProtocolError):
            while isinstance(await self.receive(), h11.Data):
                pass

    async def close(self) -> None:
        """End the connection after everything has been sent."""
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    def abort(self) -> None:
        """End the connection at once."""
        self._writer.transport.abort()


class Relay:
    """Passes a request of a guest on to a server, and the response back.

    Attributes:
        failure: why there is no response; set before wasmtime learns that there is none. Any thread may read it.
    """

    def __init__(self, target: Target, http: PythonHttp) -> None:
        self.failure: ErrorCode | None = None
        self._target, self._http = target, http
        self._far: Side | None = None
        self._has_begun = False
        self._sent = asyncio.Event()

    async def run(self, near: Side, request: h11.Request) -> None:
        """Answer the request that wasmtime sends on a connection."""
        try:
            with self._explained():
                await self._exchange(near, request)
        finally:
            if self._far is not None:
                self._far.abort()

    async def _exchange(self, near: Side, request: h11.Request) -> None:
        watching = [asyncio.create_task(near.gone())] if _is_bodiless(request) else []
        connecting = asyncio.create_task(self._connect())
        try:
            await asyncio.wait([connecting, *watching], return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _ended(*watching, *([] if connecting.done() else [connecting]))
        if not connecting.cancelled():
            far, proxy = connecting.result()
            await far.send(self._request(request, proxy))
            await self._pass_on(near, far)

    async def _connect(self) -> tuple[Side, Proxy | None]:
        async with asyncio.timeout(self._target.connect_timeout):
            streams, proxy = await connect(self._target.origin, self._http)
        self._far = Side(streams, h11.CLIENT)
        return self._far, proxy

    def _request(self, given: h11.Request, proxy: Proxy | None) -> h11.Request:
        """Return the request as it is sent to the server, or to the proxy that passes it on."""
        target, fields = self._target, end_to_end(given.headers)
        kept = [(b"host", target.authority.encode())]
        kept += [field for field in fields if field[0] not in {b"host", b"expect"}]
        if any(name == b"transfer-encoding" for name, _ in given.headers):
            kept = [field for field in kept if field[0] != b"content-length"]
            kept.append((b"transfer-encoding", b"chunked"))
        kept.append((b"connection", b"close"))
        path = target.path
        if proxy is not None:
            path = f"http://{target.authority}{path}"
            if proxy.authorization is not None:
                kept.append((b"proxy-authorization", proxy.authorization))
        return h11.Request(method=given.method, target=path, headers=kept)

    async def _pass_on(self, near: Side, far: Side) -> None:
        """Pass the bodies on in both directions, until both have ended or the guest has gone."""
        upload = asyncio.create_task(self._upload(near, far))
        download = asyncio.create_task(self._download(near, far))
        sent = asyncio.create_task(self._sent.wait())
        try:
            await asyncio.wait({upload, download}, return_when=asyncio.FIRST_COMPLETED)
            if upload.done() and upload.exception() is None and not download.done():
                return
            # A server may answer before it has read the whole request, and close the connection or not.
            await download
            await asyncio.wait({upload, sent}, return_when=asyncio.FIRST_COMPLETED)
            if upload.done() and upload.exception() is not None:
                await near.discard()
            await near.close()
        finally:
            await _ended(upload, download, sent)

    async def _upload(self, near: Side, far: Side) -> None:
        """Pass the request's body on; return when the guest has gone. Raise if the server has."""
        while True:
            try:
                event = await near.receive()
            except (OSError, h11.RemoteProtocolError):
                return  # the guest left its body unfinished
            if event is None:
                return
            if isinstance(event, h11.Data):
                await far.send(h11.Data(data=event.data))
            elif isinstance(event, h11.EndOfMessage):
                await far.send(h11.EndOfMessage(headers=end_to_end(event.headers)))
                self._sent.set()
                await near.gone()
                return

    async def _download(self, near: Side, far: Side) -> None:
        """Pass the response on."""
        async with asyncio.timeout(self._target.first_byte_timeout):
            head = await far.receive()
            while isinstance(head, h11.InformationalResponse):
                head = await far.receive()
        if not isinstance(head, h11.Response):
            raise error("connection-terminated")
        response = h11.Response(status_code=head.status_code, headers=end_to_end(head.headers), reason=head.reason)
        self._has_begun = True
        await near.send(response)
        while isinstance(event := await far.receive(), h11.Data):
            await near.send(h11.Data(data=event.data))
        if not isinstance(event, h11.EndOfMessage):
            raise error("HTTP-response-incomplete")
        await near.send(h11.EndOfMessage(headers=end_to_end(event.headers)))

    @contextmanager
    def _explained(self) -> Generator[None]:
        """Note why there is no response."""
        try:
            yield
        except Exception as problem:  # noqa: BLE001  (whatever it is, the guest has to learn of it)
            if not self._has_begun:
                self.failure = _code_of(problem, is_connected=self._far is not None)
            _log.debug("HTTP request to %s failed: %s: %s", self._target.authority, type(problem).__name__, problem)


async def _ended(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks, and wait for their end."""
    for each in tasks:
        each.cancel()
    if tasks:
        await asyncio.wait(tasks)


def _is_bodiless(request: h11.Request) -> bool:
    """Return whether nothing comes after the head, so that what comes is the end of the connection."""
    framing = ((name, value) for name, value in request.headers if name in {b"content-length", b"transfer-encoding"})
    return all(name == b"content-length" and value == b"0" for name, value in framing)


_UNREACHABLE: Final = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL})


def _code_of(problem: Exception, *, is_connected: bool) -> ErrorCode:
    """Return what a guest is told of a problem."""
    match problem:
        case ErrorCode():
            return problem
        case ssl.SSLCertVerificationError():
            return error("TLS-certificate-error")
        case ssl.SSLError():
            return error("TLS-protocol-error")
        case ConnectionRefusedError():
            return error("connection-refused")
        case TimeoutError():
            return error("connection-read-timeout" if is_connected else "connection-timeout")
        case OSError():
            return error("destination-IP-unroutable" if problem.errno in _UNREACHABLE else "connection-terminated")
        case h11.LocalProtocolError():
            return error("HTTP-request-URI-invalid")
        case h11.RemoteProtocolError() if problem.error_status_hint == 431:
            return error("HTTP-response-header-section-size", None)
        case h11.RemoteProtocolError() | HeadError():
            return error("HTTP-protocol-error")
        case _:
            return error("internal-error", f"{type(problem).__name__}: {problem}")
