"""Values on their way in and out, as `wasi:keyvalue` and `wasi:blobstore` both have them."""

from __future__ import annotations

import io
from collections.abc import Callable
from concurrent.futures import Future
from typing import BinaryIO

from witgen_runtime.host import ByteStreamReader, OutputStream

__all__ = ["Taken", "UnfinishedError", "Written"]


class UnfinishedError(OSError):
    """A value is asked for of which the component has not written the end."""

    def __init__(self) -> None:
        super().__init__("the stream of this value has not ended: close it first")


class Written:
    """What a component writes: nothing, bytes that it set, or what its stream has taken so far."""

    def __init__(self) -> None:
        self._bytes = b""
        self._stream: OutputStream | None = None
        self._arriving: Future[bytes] | None = None

    @property
    def has_stream(self) -> bool:
        """Whether the content goes through a stream."""
        return self._stream is not None or self._arriving is not None

    def set(self, content: bytes) -> bool:
        """Take all of the content; false where there is a stream for that."""
        if self.has_stream:
            return False
        self._bytes = content
        return True

    def open(self) -> OutputStream | None:
        """Return the stream that takes the content, None the second time. Raises `OSError` where there is no space."""
        if self.has_stream:
            return None
        self._bytes = b""
        self._stream = OutputStream()
        return self._stream

    def take(self, data: ByteStreamReader) -> Future[bytes] | None:
        """Take the content from a stream that the component has made, and return it as soon as that has ended.

        None where there is a stream already.
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
        """Return the content as a file, which need not be closed.

        Raises:
            UnfinishedError: not all of it is there.
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
        """Give the space back."""
        if self._stream is not None:
            self._stream.close()


class Taken:
    """Content that a component may take once; `refuse` makes the error for the second time."""

    def __init__(self, content: bytes, refuse: Callable[[str], Exception]) -> None:
        self.content = content
        self._refuse = refuse
        self._taken = False

    def take(self) -> bytes:
        """Return the content, the first time."""
        if self._taken:
            raise self._refuse("the content of this value was taken already")
        self._taken = True
        return self.content
