"""The resources of `wasi:keyvalue`: buckets, values, and errors."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Self

from witgen_runtime.host import ByteStreamReader, InputStream, OutputStream

from ..._bindings.host import wasi_keyvalue_types, wasi_keyvalue_wasi_keyvalue_error
from ..._bindings.types.wasi_keyvalue_wasi_keyvalue_error import ErrorException
from ..content import Taken, Written
from .file import StoreError

__all__ = ["Bucket", "Failure", "IncomingValue", "OutgoingValue", "Types", "declared", "failure"]


class Failure(wasi_keyvalue_wasi_keyvalue_error.Error):
    """An error; `trace` is its text."""

    def __init__(self, text: str) -> None:
        self._text = text

    def trace(self) -> str:
        """Return the text of the error."""
        return self._text

    def _save(self) -> bytes:
        return self._text.encode()

    @classmethod
    def _restore(cls, data: bytes) -> Self:
        return cls(data.decode())


def failure(text: str) -> ErrorException:
    """Return an error that WIT declares."""
    return ErrorException(Failure(text))


@contextmanager
def declared() -> Generator[None]:
    """Convert failures of the store and of the disk to the error that WIT declares."""
    try:
        yield
    except (StoreError, OSError) as error:
        raise failure(str(error)) from error


class Bucket(wasi_keyvalue_types.Bucket):
    """Bucket. The file contains no trace of it until it has a value."""

    def __init__(self, name: str) -> None:
        self.name = name

    @classmethod
    def open_bucket(cls, name: str) -> Self:
        """Return a bucket of that name."""
        if "\0" in name:
            raise failure(f"{name!r} cannot be the name of a bucket: it has a NUL in it")
        return cls(name)


class OutgoingValue(wasi_keyvalue_types.OutgoingValue):
    """A value that a component writes."""

    def __init__(self) -> None:
        self.written = Written()

    @classmethod
    def new_outgoing_value(cls) -> Self:
        """Return a value without content."""
        return cls()

    def outgoing_value_write_body_async(self) -> OutputStream:
        """Return the stream to write the content to."""
        with declared():
            stream = self.written.open()
        if stream is None:
            raise failure("the stream of this value was already taken")
        return stream

    def take_body(self, data: ByteStreamReader) -> None:
        """Read the content from a stream."""
        if self.written.take(data) is None:
            raise failure("this value already has a stream")

    def outgoing_value_write_body_sync(self, value: bytes) -> None:
        """Set the content."""
        if not self.written.set(value):
            raise failure("this value has a stream, which takes its content")

    def dropped(self) -> None:
        """Release the space."""
        self.written.close()

    @classmethod
    def _restore(cls, data: bytes) -> Self:
        """Return an object for a value that is written, or was lost: replay does not store it again."""
        del data
        return cls()


class IncomingValue(wasi_keyvalue_types.IncomingValue):
    """A value that was found."""

    def __init__(self, content: bytes) -> None:
        self._taken = Taken(content, failure)

    def incoming_value_consume_sync(self) -> bytes:
        """Return the content, once."""
        return self._taken.take()

    def incoming_value_consume_async(self) -> InputStream:
        """Return the content as a stream, once."""
        with declared():
            return InputStream(self._taken.take())

    def incoming_value_size(self) -> int:
        """Return the size in bytes."""
        return len(self._taken.content)

    def _save(self) -> bytes:
        return self._taken.content

    @classmethod
    def _restore(cls, data: bytes) -> Self:
        return cls(data)


class Types(wasi_keyvalue_types.Types):
    """The classes."""

    Bucket = Bucket
    OutgoingValue = OutgoingValue
    IncomingValue = IncomingValue
