"""Containers of `wasi:blobstore`, and their blobs as files."""

from __future__ import annotations

import io
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Literal, Self, overload

from .._bindings.types.wasi_blobstore_types import (
    ErrorException,
    OutgoingValueOutgoingValueWriteBodyError,
)
from .._bindings.types.wasi_io_streams import StreamError
from .wrappers import wasi_blobstore_blobstore as _blobstore
from .wrappers import wasi_blobstore_container as _container
from .wrappers import wasi_blobstore_types as _types
from .wrappers import wasi_io_streams as _streams

__all__ = [
    "BlobReader",
    "BlobWriter",
    "Container",
]


if TYPE_CHECKING:
    from typing_extensions import Buffer

_CHUNK = 64 * 1024
_FAILURES = (ErrorException, StreamError, OutgoingValueOutgoingValueWriteBodyError)


@contextmanager
def _failures() -> Generator[None]:
    """Raise what the store reports as Python's own file functions do."""
    try:
        yield
    except _FAILURES as failure:
        raise OSError(
            "the stream has failed" if failure.value is None else str(failure)
        ) from failure


class BlobReader(io.RawIOBase):
    """A blob that is read through a stream; seeking opens a new one."""

    def __init__(self, container: _container.Container, name: str, size: int) -> None:
        super().__init__()
        self._container = container
        self.name = name
        self._size = size
        self._position = 0
        self._open: tuple[_types.IncomingValue, _streams.InputStream] | None = None

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to another position, as in any file."""
        if whence != io.SEEK_SET:
            offset += self._size if whence == io.SEEK_END else self._position
        if offset < 0:
            raise ValueError(f"negative position {offset}")
        if offset != self._position:
            self._drop()
            self._position = offset
        return offset

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def readinto(self, buffer: Buffer) -> int:
        """Fill the buffer, or a part of it; 0 means the end."""
        view = memoryview(buffer).cast("B")
        with _failures():
            while len(view) and self._position < self._size:
                content = self._read(len(view))
                if content:
                    view[: len(content)] = content
                    self._position += len(content)
                    return len(content)
        return 0

    def _read(self, size: int) -> bytes:
        if self._open is None:
            value = self._container.get_data(self.name, self._position, self._size - 1)
            self._open = value, value.incoming_value_consume_async()
        return self._open[1].blocking_read(size)

    def close(self) -> None:
        """Drop the stream; twice is fine."""
        self._drop()
        super().close()

    def _drop(self) -> None:
        if self._open is not None:
            value, stream = self._open
            stream.drop()
            value.drop()
            self._open = None


class BlobWriter(io.BufferedIOBase):
    """A blob that is written through a stream. Closing stores it; a failed `with` block, or forgetting it, does not."""

    def __init__(
        self, container: _container.Container, name: str, value: _types.OutgoingValue
    ) -> None:
        super().__init__()
        self._container = container
        self.name = name
        self._value = value
        self._stream = value.outgoing_value_write_body()

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, content: Buffer) -> int:
        """Write all of the content."""
        if self.closed:
            raise ValueError("write to closed file")
        view = memoryview(content).cast("B")
        with _failures():
            for start in range(0, len(view), 4096):
                self._stream.blocking_write_and_flush(view[start : start + 4096])
        return len(view)

    def close(self) -> None:
        """Store the blob; twice is fine."""
        if not self.closed:
            try:
                self._stream.drop()
                with _failures():
                    self._container.write_data(self.name, self._value)
            finally:
                self.discard()

    def discard(self) -> None:
        """Close without storing anything."""
        self._stream.drop()
        self._value.drop()
        super().close()

    def __del__(self) -> None:
        with suppress(AttributeError):
            self.discard()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()


class Container:
    """A container of blobs by name: `in`, iteration over the names, and `len`; `with` drops the handle at its end.

    Failures are `OSError`, as with files.
    """

    def __init__(self, name: str, *, create: bool = False) -> None:
        """Open a container; `create` makes it where there is none."""
        self.name = name
        with _failures():
            make = create and not _blobstore.container_exists(name)
            find = _blobstore.create_container if make else _blobstore.get_container
            self.handle = find(name)

    def read(self, name: str) -> bytes:
        """Return the content of a blob."""
        with self.open(name) as blob:
            return blob.read()

    def write(self, name: str, content: bytes | bytearray | memoryview) -> None:
        """Store a blob, in place of one that has the name."""
        with self.open(name, "wb") as blob:
            blob.write(content)

    @overload
    def open(self, name: str, mode: Literal["rb"] = "rb") -> io.BufferedReader: ...
    @overload
    def open(self, name: str, mode: Literal["wb"]) -> BlobWriter: ...
    def open(
        self, name: str, mode: Literal["rb", "wb"] = "rb"
    ) -> io.BufferedReader | BlobWriter:
        """Open a blob as a file, to read or to write; for text, put `io.TextIOWrapper` round it.

        What is written is stored when the file is closed, and not at all if its `with` block fails.

        Raises:
            FileNotFoundError: there is no blob of the name.
        """
        with _failures():
            if mode == "wb":
                value = _types.OutgoingValue.new_outgoing_value()
                return BlobWriter(self.handle, name, value)
            if self.handle.has_object(name):
                size = self.handle.object_info(name).size
                return io.BufferedReader(BlobReader(self.handle, name, size), _CHUNK)
        raise FileNotFoundError(f"no blob {name!r} in container {self.name!r}")

    def remove(self, name: str) -> None:
        """Remove a blob; it does not matter whether it is there."""
        with _failures():
            self.handle.delete_object(name)

    def clear(self) -> None:
        """Remove all blobs."""
        with _failures():
            self.handle.clear()

    def __contains__(self, name: object) -> bool:
        with _failures():
            return isinstance(name, str) and self.handle.has_object(name)

    def __iter__(self) -> Iterator[str]:
        with _failures(), self.handle.list_objects() as names:
            at_end = False
            while not at_end:
                found, at_end = names.read_stream_object_names(100)
                yield from found

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.handle.drop()
