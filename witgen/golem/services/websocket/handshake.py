"""The opening handshake of a component's WebSocket, and the conversion of its failures to the component's errors."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Iterable
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, SecurityError, WebSocketException
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from ..._bindings.types.golem_websocket_client import (
    CloseInfo,
    Error,
    ErrorClosed,
    ErrorConnectionFailure,
    ErrorProtocolError,
    ErrorReceiveFailure,
)

__all__ = ["MAX_SIZE", "close_connection", "how_it_ended", "open_connection"]

MAX_SIZE: Final = 64 << 20
"""The size limit of a message in either direction, in bytes."""

_PROTOCOLS = "sec-websocket-protocol"
_OWN = frozenset(
    ("connection", "host", "sec-websocket-extensions", "sec-websocket-key", "sec-websocket-version", "upgrade")
)
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NOT_IN_VALUES = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_NOT_IN_URLS = re.compile(r"[\x00-\x20\x7f-\xa0\\\"<>^`{|}\u2028\u2029\ud800-\udfff]")

# RFC 6455, section 7.4.1: the codes that our side sends for protocol violations; 1009 is for messages that are too big.
_RULES_BROKEN = frozenset((1002, 1003, 1007))
_TOO_BIG = 1009
_NO_STATUS = 1005
_LOST = 1006


class _Connection(ClientConnection):
    """Connection that limits the wait for a server that violated the protocol, or sent a close, to end it as well."""

    def data_received(self, data: bytes) -> None:
        """Process bytes from the server."""
        super().data_received(data)
        if self.protocol.close_expected():
            self.loop.call_later(self.close_timeout or 0, self.transport.abort)


class _Connect(connect):
    """Connection attempt that follows redirects only to the server that the component named."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """Return the new URL, or the reason not to follow it."""
        before = _origin(self.uri)
        place = super().process_redirect(exc)
        if isinstance(place, str) and _origin(place) != before:
            return SecurityError(f"the server redirects to another origin: {place}")
        return place


def _origin(url: str) -> tuple[bool, str, int]:
    found = parse_uri(url)
    return found.secure, found.host, found.port


def _checked(url: str) -> str:
    """Return a URL; raise `ValueError` if it is not the URL of a WebSocket."""
    if (wrong := _NOT_IN_URLS.search(url)) is not None:
        raise ValueError(f"{wrong[0]!r} cannot be part of a URL")
    scheme, separator, _ = url.partition("://")
    if not separator or scheme.lower() not in {"ws", "wss"}:
        raise ValueError("the URL of a WebSocket begins with ws:// or wss://")
    parse_uri(url)
    return url


async def open_connection(
    url: str, headers: Iterable[tuple[str, str]], *, tls: ssl.SSLContext, open_timeout: float, close_timeout: float
) -> ClientConnection:
    """Connect to a server, and complete the opening handshake.

    Args:
        url: `ws://…` or `wss://…`.
        headers: added to the request. The last of several with the same name is used.
        tls: for `wss://`.
        open_timeout: the time limit of the handshake, in seconds.
        close_timeout: the time limit of the server's answer to a close, in seconds.

    Raises:
        ErrorConnectionFailure: the connection cannot be opened, for any reason.
    """
    try:
        return await _Connect(
            _checked(url),
            **_request(headers),
            ssl=tls if url.lower().startswith("wss:") else None,
            create_connection=_Connection,
            open_timeout=open_timeout,
            close_timeout=close_timeout,
            max_size=MAX_SIZE,
            # A server that is slow to answer pings must not cost a component its connection.
            ping_interval=None,
        )
    except TimeoutError as error:
        raise ErrorConnectionFailure(f"{url}: no answer within {open_timeout:g} s") from error
    # ValueError: parts of the URL; ImportError: a proxy of a kind that needs another package.
    except (OSError, WebSocketException, ValueError, ImportError) as error:
        raise ErrorConnectionFailure(f"{url}: {error or type(error).__name__}") from error


async def close_connection(connection: ClientConnection, code: int, reason: str = "") -> None:
    """Close a connection and wait for the server's answer, as long as the close timeout allows."""
    try:
        await asyncio.wait_for(connection.close(code, reason), connection.close_timeout)
    except TimeoutError:
        # The server does not even accept the data sent before.
        connection.transport.abort()
        await connection.wait_closed()
    except asyncio.CancelledError:
        # Inform the server, without time to wait for its answer.
        connection.transport.abort()
        raise


def _request(headers: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the headers as arguments of `connect`, which has separate ones for some of them."""
    found: dict[str, tuple[str, str]] = {}
    for name, value in headers:
        if not _TOKEN.fullmatch(name) or _NOT_IN_VALUES.search(value):
            raise ValueError(f"{name!r}: {value!r} is not a header")
        if name.lower() in _OWN:
            raise ValueError(f"the header {name} is set by the handshake")
        found[name.lower()] = (name, value)
    _, protocols = found.pop(_PROTOCOLS, ("", ""))
    arguments: dict[str, Any] = {"additional_headers": list(found.values())}
    if protocols:
        arguments["subprotocols"] = [Subprotocol(each.strip()) for each in protocols.split(",")]
    if "user-agent" in found:
        arguments["user_agent_header"] = None
    return arguments


def how_it_ended(error: ConnectionClosed) -> list[Error]:
    """Return the errors of successive calls after a connection has ended; the last one stays."""
    frame, ours = error.rcvd, error.sent
    if frame is not None:
        return [ErrorClosed(None if frame.code == _NO_STATUS else CloseInfo(frame.code, frame.reason))]
    # RFC 6455, section 7.1.5: 1006 is for connections that ended without a close frame.
    closed = ErrorClosed(CloseInfo(_LOST, "the connection was lost"))
    if ours is not None and ours.code in _RULES_BROKEN:
        return [ErrorProtocolError(ours.reason or f"close code {ours.code}"), closed]
    if ours is not None and ours.code == _TOO_BIG:
        return [ErrorReceiveFailure(f"a message has more than {MAX_SIZE} bytes"), closed]
    if ours is not None:
        # We have sent a close, and the server has ended the connection without an answer.
        return [ErrorClosed(CloseInfo(ours.code, ours.reason))]
    return [ErrorReceiveFailure("the connection was lost"), closed]
