"""Servers on loopback that do not keep to the protocol of WebSockets."""

from __future__ import annotations

import base64
import hashlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

__all__ = ["raw_server"]


@contextmanager
def raw_server(after_handshake: Callable[[socket.socket], None] | None) -> Iterator[str]:
    """Run a server that shakes hands and then does what it is told; without that, it never answers at all."""
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def run() -> None:
            with suppress(OSError):
                peer, _ = listener.accept()
                with peer:
                    if after_handshake is not None:
                        _shake_hands(peer)
                        after_handshake(peer)
                    done.wait(30)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield f"ws://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            done.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _shake_hands(peer: socket.socket) -> None:
    head = b""
    while b"\r\n\r\n" not in head:
        head += peer.recv(4096)
    lines = (line.partition(":") for line in head.decode().splitlines())
    key = next(value.strip() for name, _, value in lines if name.lower() == "sec-websocket-key")
    # RFC 6455, section 4.2.2: the number is part of the protocol.
    accept = base64.b64encode(hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()).decode()
    peer.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept.encode() + b"\r\n\r\n"
    )
