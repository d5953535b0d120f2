"""Incoming and outgoing values, as both `wasi:keyvalue` and `wasi:blobstore` use them."""

from __future__ import annotations

import io
from collections.abc import Callable
from concurrent.futures import Future
from typing import BinaryIO

from witgen_runtime.host import ByteStreamReader, OutputStream

__all__ = ["Taken", "UnfinishedError", "Written"]


class UnfinishedError(OSError):
    """Attempt to store a value that the component has not finished writing."""

    def __init__(self) -> None:
        super().__init__("the stream of this value has not ended: close it first")


class Written:
    """Content that a component writes: nothing, bytes, or whatever was written to its stream so far."""

    def __init__(self) -> None:
        self._bytes = b""
        self._stream: OutputStream | None = None
        self._arriving: Future[bytes] | None = None

    @property
    def has_stream(self) -> bool:
        """Whether the content goes through a stream."""
        return self._stream is not None or self._arriving is not None

    def set(self, content: bytes) -> bool:
        """Set the whole content; return False if there is already a stream for it."""
        if self.has_stream:
            return False
        self._bytes = content
        return True

    def open(self) -> OutputStream | None:
        """Return the stream for the content, or None if it was taken already. Raises `OSError` if the disk is full."""
        if self.has_stream:
            return None
        self._bytes = b""
        self._stream = OutputStream()
        return self._stream

    def take(self, data: ByteStreamReader) -> Future[bytes] | None:
        """Read the content from a stream created by the component; the future has it when the stream has ended.

        Return None if there is already a stream.
        """
        if self.has_stream:
            data.close()
            return None
        self._arriving = data.gather()
        return self._arriving

    def read(self) -> bytes:
        """Return the content."""
        return self.file().read()

    def file(self) -> BinaryIO:
        """Return the content as a file that need not be closed.

        Raises:
            UnfinishedError: the component has not finished writing.
        """
        if self._stream is not None:
            self._stream.content.seek(0)
            return self._stream.content
        if self._arriving is None:
            return io.BytesIO(self._bytes)
        if not self._arriving.done():
            raise UnfinishedError
        return io.BytesIO(self._arriving.result())

    def close(self) -> None:
        """Release the space."""
        if self._stream is not None:
            self._stream.close()


class Taken:
    """Content that a component may take once; `refuse` returns the error for the second time."""

    def __init__(self, content: bytes, refuse: Callable[[str], Exception]) -> None:
        self.content = content
        self._refuse = refuse
        self._taken = False

    def take(self) -> bytes:
        """Return the content on the first call, raise on the next."""
        if self._taken:
            raise self._refuse("the content of this value was already taken")
        self._taken = True
        return self.content
