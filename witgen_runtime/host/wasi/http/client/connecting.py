"""Connections to the servers that components send requests to, directly or by a proxy."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import socket
import ssl
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, Final, TypeAlias

import h11

from ..allowed import Origin
from ..error_code import ErrorCode, dns_error, error
from ..proxies import Proxy
from ..public_addresses import Address
from ..python_http import PythonHttp

__all__ = ["Streams", "connect"]

Streams: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_Found: TypeAlias = tuple[int, Any]
"""The family of an address, and the address as the socket module has it."""

_HEAD_START: Final = 0.25
"""Seconds that an address has before the next one is tried as well (RFC 8305, 5)."""

_log = logging.getLogger("witgen_runtime.host.wasi.http")


async def connect(origin: Origin, http: PythonHttp) -> tuple[Streams, Proxy | None]:
    """Return a connection on which a request to an origin can be sent, and the proxy that is to pass it on.

    Raises:
        ErrorCode: there is none, or there may be none.
        OSError: the same.
    """
    proxy, host = http.proxy_for(origin), origin.host.strip("[]")
    if proxy is None:
        found = [each for each in await _resolve(host, origin.port) if http.permits(_address(each), origin)]
        if not found:
            raise _prohibited(origin)
        connection = await _first_of(found)
    else:
        with contextlib.suppress(ValueError):
            if not http.permits(ipaddress.ip_address(host), origin):
                raise _prohibited(origin)
        connection = await _first_of(await _resolve(proxy.host, proxy.port))
    try:
        if origin.scheme == "http":
            return await asyncio.open_connection(sock=connection), proxy
        if proxy is not None:
            await _tunnel(connection, origin, proxy)
        streams = await asyncio.open_connection(sock=connection, ssl=http.context, server_hostname=host)
    except BaseException:
        connection.close()
        raise
    protocol: ssl.SSLObject = streams[1].get_extra_info("ssl_object")
    if protocol.selected_alpn_protocol() not in {None, "http/1.1"}:
        streams[1].transport.abort()
        raise error("HTTP-protocol-error")
    return streams, None


def _prohibited(origin: Origin) -> ErrorCode:
    _log.info(
        "HTTP request denied: %s leads to an address that is not public; PythonHttp(private=[…]) allows networks",
        origin.host,
    )
    return error("destination-IP-prohibited")


def _address(found: _Found) -> Address:
    return ipaddress.ip_address(found[1][0])


async def _resolve(host: str, port: int) -> list[_Found]:
    """Return the addresses of a host.

    Names are looked up in a thread that nobody waits for: that cannot be cancelled, and may take longer than the store
    lives.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[list[_Found]] = loop.create_future()

    def settle(found: list[_Found], failure: ErrorCode | None) -> None:
        if outcome.done():
            return
        if failure is None:
            outcome.set_result(found)
        else:
            outcome.set_exception(failure)

    try:
        ipaddress.ip_address(host)
    except ValueError:
        threading.Thread(target=_look_up, args=(host, port, loop, settle), name="witgen-dns", daemon=True).start()
    else:
        _look_up(host, port, loop, settle)
    return await outcome


def _look_up(
    host: str,
    port: int,
    loop: asyncio.AbstractEventLoop,
    settle: Callable[[list[_Found], ErrorCode | None], None],
) -> None:
    failure, found = None, list[_Found]()
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        found = [(int(family), address) for family, _, _, _, address in answers]
    except OSError as refused:
        failure = dns_error(refused.strerror or str(refused))
    except UnicodeError:
        failure = dns_error("malformed name")
    with contextlib.suppress(RuntimeError):  # the loop has ended
        loop.call_soon_threadsafe(settle, found, failure)


async def _first_of(found: list[_Found]) -> socket.socket:
    """Return a connection to the address that answers first.

    Raises:
        OSError: none does; it is what became of the first one.
    """
    attempts, waiting = list[asyncio.Task[socket.socket]](), list(found)
    try:
        while True:
            if waiting:
                attempts.append(asyncio.create_task(_attempt(waiting.pop(0))))
            pending = [each for each in attempts if not each.done()]
            if pending:
                await asyncio.wait(
                    pending, timeout=_HEAD_START if waiting else None, return_when=asyncio.FIRST_COMPLETED
                )
            for each in attempts:
                if each.done() and each.exception() is None:
                    attempts.remove(each)
                    return each.result()
            if not waiting and all(each.done() for each in attempts):
                return attempts[0].result()
    finally:
        for each in attempts:
            each.add_done_callback(_discard)
            each.cancel()


async def _attempt(found: _Found) -> socket.socket:
    connection = socket.socket(found[0], socket.SOCK_STREAM)
    try:
        connection.setblocking(False)  # noqa: FBT003  (the socket module's)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(connection, found[1])
    except BaseException:
        connection.close()
        raise
    return connection


def _discard(attempt: asyncio.Task[socket.socket]) -> None:
    """Close a connection that was too late."""
    if not attempt.cancelled() and attempt.exception() is None:
        attempt.result().close()


async def _tunnel(connection: socket.socket, origin: Origin, proxy: Proxy) -> None:
    """Have a proxy connect to a server (RFC 9110, 9.3.6).

    Raises:
        ErrorCode: it does not.
    """
    loop, authority = asyncio.get_running_loop(), f"{origin.host}:{origin.port}".encode()
    fields = [(b"host", authority)]
    if proxy.authorization is not None:
        fields.append((b"proxy-authorization", proxy.authorization))
    speaking = h11.Connection(h11.CLIENT)
    head = speaking.send(h11.Request(method="CONNECT", target=authority, headers=fields))
    await loop.sock_sendall(connection, head or b"")
    receive = partial(loop.sock_recv, connection, 4096)
    while isinstance(event := speaking.next_event(), (h11.InformationalResponse, type(h11.NEED_DATA))):
        if event is h11.NEED_DATA:
            speaking.receive_data(await receive())
    if isinstance(event, h11.Response):
        status = event.status_code
        if 200 <= status < 300:
            return
        _log.info("the HTTP proxy %s:%d refuses to connect to %s: %d", proxy.host, proxy.port, origin.host, status)
        raise error("configuration-error" if status == 407 else "destination-unavailable")
    raise error("connection-terminated")
