"""Values on their way in and out, as `wasi:keyvalue` and `wasi:blobstore` both have them."""

from __future__ import annotations

from collections.abc import Callable

from ...runtime.host import OutputStream

__all__ = ["Taken", "Written"]


class Written:
    """What a component writes: nothing, bytes that it set, or what its stream has taken so far."""

    def __init__(self) -> None:
        self._bytes = b""
        self.stream: OutputStream | None = None

    def set(self, content: bytes) -> bool:
        """Take all of the content; false where there is a stream for that."""
        if self.stream is not None:
            return False
        self._bytes = content
        return True

    def open(self) -> OutputStream | None:
        """Return the stream that takes the content, None the second time. Raises `OSError` where there is no space."""
        if self.stream is not None:
            return None
        self._bytes = b""
        self.stream = OutputStream()
        return self.stream

    def read(self) -> bytes:
        """Return the content."""
        return self._bytes if self.stream is None else self.stream.read()

    def close(self) -> None:
        """Give the space back."""
        if self.stream is not None:
            self.stream.close()


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
