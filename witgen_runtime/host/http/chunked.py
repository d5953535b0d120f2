"""Chunked transfer coding (RFC 9112, 7.1), in which bodies pass between the server and wasmtime."""

from __future__ import annotations

from typing import Final

__all__ = ["END", "LAST", "ChunkedBody", "ChunkedError", "chunk", "field_line"]

LAST: Final = b"0\r\n"
"""The last chunk."""

END: Final = LAST + b"\r\n"
"""The end of a body without trailers."""

_LINE_LIMIT: Final = 1 << 17
"""The longest line in bytes: wasmtime's limit on all fields of a message."""


class ChunkedError(Exception):
    """The body is malformed, or ended before its last chunk."""


def chunk(data: bytes) -> bytes:
    """Return bytes, of which there is at least one, as a chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def field_line(name: str, value: bytes) -> bytes:
    """Return a trailer."""
    return b"%b: %b\r\n" % (name.encode("ascii"), value)


class ChunkedBody:
    """Decodes a body as it arrives.

    Attributes:
        ended: whether the last chunk and the trailers have arrived.
        trailers: the trailers, once it has ended.
    """

    def __init__(self) -> None:
        self.ended = False
        self.trailers: list[tuple[bytes, bytes]] = []
        self._buffer = bytearray()
        self._left = 0
        """Bytes of the current chunk that have not arrived, with its line end; 0 between chunks."""
        self._in_trailers = False

    def feed(self, data: bytes) -> bytes:
        """Decode more bytes; return those of the body.

        Raises:
            ChunkedError: they are malformed, or there are none, which is the end of the connection.
        """
        if not data:
            raise ChunkedError("the body ended early")
        self._buffer += data
        parts = list[bytes]()
        while self._buffer and not self.ended:
            if self._left:
                parts.append(self._content())
            elif not self._line():
                break
        return b"".join(parts)

    def _content(self) -> bytes:
        """Take what has arrived of the current chunk; its last two bytes are its line end."""
        taken = bytes(self._buffer[: self._left])
        del self._buffer[: len(taken)]
        before, self._left = self._left, self._left - len(taken)
        return taken[: max(before - 2, 0)]

    def _line(self) -> bool:
        """Take a line: the size of a chunk, or a trailer. Return whether one has arrived."""
        end = self._buffer.find(b"\r\n")
        if end < 0 or end > _LINE_LIMIT:
            if len(self._buffer) > _LINE_LIMIT:
                raise ChunkedError("a line is too long")
            return False
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        if self._in_trailers:
            self._trailer(line)
        else:
            self._size(line)
        return True

    def _size(self, line: bytes) -> None:
        try:
            size = int(line.partition(b";")[0], 16)
        except ValueError:
            raise ChunkedError("malformed size of a chunk") from None
        self._left, self._in_trailers = (size + 2 if size else 0), not size

    def _trailer(self, line: bytes) -> None:
        if not line:
            self.ended = True
            return
        name, _, value = line.partition(b":")
        self.trailers.append((name.strip().lower(), value.strip()))
