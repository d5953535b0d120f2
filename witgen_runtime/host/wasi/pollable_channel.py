"""Channels: loopback connections whose near end is a Python socket and whose far end is a native input stream."""

from __future__ import annotations

import contextlib
import secrets
import selectors
import socket
import threading
import time
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from ..errors import HostError
from . import pollable_component as text
from .internal_component import InternalComponent

if TYPE_CHECKING:
    from ..store.store import Store

__all__ = ["LIVE", "OPEN_TIMEOUT", "Channel", "Channels", "Door", "PollableError"]

OPEN_TIMEOUT: Final = 5.0
"""Seconds until a connection from this process to itself is taken to be impossible."""

HEAD_LIMIT: Final = 4096
"""The largest size of a request's head in bytes; the expected one has about a hundred."""

CANDIDATES_LIMIT: Final = 16
"""How many strangers may be connected at a time before the oldest has to go."""

RESPONSE: Final = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n"
"""A response without a length: its body lasts as long as the connection."""

LIVE: Final = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
"""A response whose body has an explicit end, so that a connection closed before that counts as failed."""


class PollableError(HostError):
    """The system refuses the connection that a `Pollable` needs: of the process to itself on 127.0.0.1."""


class Channel:
    """One connection. `filled` is whether there is a byte in it; there is never more than one.

    The lock belongs to the flag that the channel serves. It is held for every change, so that no byte is sent to a file
    descriptor that another thread has just closed.
    """

    def __init__(self, lock: threading.RLock, stream: int, peer: socket.socket) -> None:
        self.stream = stream
        self.filled = False
        self._lock = lock
        self._peer: socket.socket | None = peer

    def fill(self) -> bool:
        """Put a byte in, which makes the far end ready; false where there is nothing to do."""
        with self._lock:
            if self._peer is None or self.filled:
                return False
            self.filled = True
            # The far end closes with its store: no guest is left to be woken.
            with contextlib.suppress(OSError):
                self._peer.send(b"!")
            return True

    def close(self) -> None:
        """Close the near end; the far end is then ready for good."""
        with self._lock:
            peer, self._peer = self._peer, None
            if peer is not None:
                peer.close()


class Channels:
    """The channels of one store, and the component at their far ends. An extension of the store.

    Channels of closed flags stay in the store as streams that have ended, a kilobyte of memory each and no file
    descriptor: a guest may hold pollables of them, and dropping the parent of one would trap.
    """

    def __init__(self, store: Store) -> None:
        self._far = InternalComponent(store, text.COMPONENT, text.EXPORTS, http=True)
        self._store = weakref.ref(store)
        self._open: weakref.WeakSet[Channel] = weakref.WeakSet()
        self._peers: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        store.on_close(self.close)

    @classmethod
    def of(cls, store: Store) -> Channels:
        """Return the channels of `store`."""
        return store.extension(cls, cls)

    def usable_here(self) -> bool:
        """Return whether this thread may call into the store now."""
        store = self._store()
        return store is not None and store.dead is None and store.is_entered_here()

    def call_soon(self, job: Callable[[], None]) -> None:
        """Have `job` run on the store's thread."""
        store = self._store()
        if store is not None:
            store.call_soon(job)

    def open(self, lock: threading.RLock) -> Channel:
        """Make a channel for the flag with this lock."""
        try:
            with socket.create_server(("127.0.0.1", 0)) as listener:
                stream, peer = self._connect(listener)
        except OSError as error:
            raise PollableError(f"a Pollable needs a loopback connection on 127.0.0.1: {error}") from error
        channel = Channel(lock, stream, peer)
        self._open.add(channel)
        return channel

    def live_stream(self) -> tuple[int, socket.socket]:
        """Return the address of a box with an input stream, and the socket for its bytes, in chunked encoding."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            stream, peer = self._connect(listener, LIVE)
        self._peers.add(peer)
        return self._far.box(text.GIVE, stream), peer

    def _connect(self, listener: socket.socket, response: bytes = RESPONSE) -> tuple[int, socket.socket]:
        """Have the component connect to `listener`; return its stream and the socket on this side."""
        # Any program on this machine can connect to the port while it is open. The token identifies the runtime's
        # request.
        token = secrets.token_urlsafe(16)
        future = self._far.call(text.OPEN, f"127.0.0.1:{listener.getsockname()[1]}", f"/{token}")
        if future < 0:
            raise ConnectionRefusedError("the request was refused")
        try:
            peer = Door(listener, f"/{token}".encode()).accept(OPEN_TIMEOUT)
        except OSError:
            self._far.call(text.ABANDON, future)
            raise
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer.sendall(response)
        stream = self._far.call(text.ACCEPT, future)
        if stream < 0:
            peer.close()
            raise ConnectionAbortedError("the response was refused")
        return stream, peer

    def drain(self, channel: Channel) -> None:
        """Take the byte out, waiting for it if it is still on its way; the far end is then not ready."""
        if channel.filled:
            channel.filled = False
            self._far.call(text.DRAIN, channel.stream)

    def finish(self, channel: Channel) -> None:
        """Read a channel whose near end is closed to its end, which frees the far end's buffers."""
        if self.usable_here():
            while self._far.call(text.DRAIN, channel.stream):
                pass

    def settle(self, channel: Channel) -> None:
        """Wait until the byte sent, or the near end's close, has arrived at the far end."""
        self._far.call(text.SETTLE, channel.stream)

    def subscribe(self, channel: Channel) -> int:
        """Return the address of a box with a fresh pollable."""
        return self._far.box(text.SUBSCRIBE, channel.stream)

    def close(self) -> None:
        """Close the connection because the store is about to close."""
        for channel in list(self._open):
            channel.close()
        for peer in list(self._peers):
            # Wakes a thread that waits for the guest to read; the thread closes it.
            with contextlib.suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)


class Door:
    """Waits for the connection that requests `path`. Other connections are refused, and cannot delay the right one."""

    def __init__(self, listener: socket.socket, path: bytes) -> None:
        self._listener = listener
        self._path = path
        self._heads: dict[socket.socket, bytes] = {}
        # For a few descriptors and a moment: `poll` needs none of its own, as `epoll` does.
        self._selector: selectors.BaseSelector = getattr(selectors, "PollSelector", selectors.SelectSelector)()

    def accept(self, timeout: float) -> socket.socket:
        """Return the connection, in blocking mode; everything else is closed then."""
        deadline = time.monotonic() + timeout
        self._selector.register(self._listener, selectors.EVENT_READ, self._admit)
        try:
            while (left := deadline - time.monotonic()) > 0:
                for key, _ in self._selector.select(left):
                    arrived: socket.socket | None = key.data()
                    if arrived is not None:
                        arrived.settimeout(None)
                        return arrived
        finally:
            for stranger in list(self._heads):
                self._turn_away(stranger)
            self._selector.close()
        raise TimeoutError(f"nothing connected within {timeout:g} s")

    def _admit(self) -> None:
        candidate, _ = self._listener.accept()
        candidate.settimeout(0)
        if len(self._heads) == CANDIDATES_LIMIT:
            self._turn_away(next(iter(self._heads)))
        self._heads[candidate] = b""
        self._selector.register(candidate, selectors.EVENT_READ, lambda: self._read(candidate))

    def _read(self, candidate: socket.socket) -> socket.socket | None:
        """Read more of the request; return the candidate if it is the right one, and refuse it once it cannot be."""
        if candidate not in self._heads:  # turned away since it was selected
            return None
        try:
            part = candidate.recv(HEAD_LIMIT)
        except BlockingIOError:
            return None
        except OSError:
            part = b""
        head = self._heads[candidate] = self._heads[candidate] + part
        if b"\r\n\r\n" in head:
            _, path, _ = (head + b"  ").split(b" ", 2)
            if secrets.compare_digest(path, self._path):
                self._selector.unregister(candidate)
                del self._heads[candidate]
                return candidate
        elif part and len(head) < HEAD_LIMIT:
            return None
        self._turn_away(candidate)
        return None

    def _turn_away(self, stranger: socket.socket) -> None:
        del self._heads[stranger]
        self._selector.unregister(stranger)
        stranger.close()
