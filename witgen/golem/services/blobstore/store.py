"""`wasi:blobstore` in a folder."""

from __future__ import annotations

import io
import json
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, ClassVar, Self, cast

from witgen_runtime.host import ByteStreamReader, InputStream, OutputStream

from ....base.counted import counted
from ..._bindings.host import wasi_blobstore_blobstore, wasi_blobstore_container, wasi_blobstore_types
from ..._bindings.types.wasi_blobstore_types import (
    ContainerMetadata,
    ErrorException,
    ObjectId,
    ObjectMetadata,
    OutgoingValueOutgoingValueWriteBodyError,
)
from ..content import Written
from .folder import BlobError, BlobFolder

__all__ = ["BlobStore"]


class BlobStore:
    """Blob store, which any number of components may share.

    Args:
        folder: holds the containers; created if missing.
        limit: the size limit, in bytes, of all objects together; None for no limit.

    Raises:
        ServiceError: the folder cannot be used.
    """

    def __init__(self, folder: Path, *, limit: int | None = None) -> None:
        self.folder = BlobFolder(folder, limit)
        self._container = type("Container", (Container,), {"folder": self.folder})

    def implementations(self) -> dict[str, object]:
        """Return the implementations of the imports, by field of the bindings' `ServicesImports`."""
        return {
            "wasi_blobstore_types": Types(),
            "wasi_blobstore_container": ContainerInterface(self._container),
            "wasi_blobstore_blobstore": Blobstore(self.folder, self._container),
        }

    def close(self) -> None:
        """Do nothing: everything written is in the folder."""


@contextmanager
def _declared() -> Generator[None]:
    """Convert failures of the store and of the disk to the error that WIT declares."""
    try:
        yield
    except (BlobError, OSError) as error:
        raise ErrorException(str(error)) from error


class OutgoingValue(wasi_blobstore_types.OutgoingValue):
    """Content to be stored as an object."""

    def __init__(self) -> None:
        self.written = Written()

    @classmethod
    def new_outgoing_value(cls) -> Self:
        """Return a value without content."""
        return cls()

    def outgoing_value_write_body(self) -> OutputStream:
        """Return the stream to write the content to."""
        try:
            stream = self.written.open()
        except OSError as error:
            raise OutgoingValueOutgoingValueWriteBodyError from error
        if stream is None:
            raise OutgoingValueOutgoingValueWriteBodyError
        return stream

    def take_body(self, data: ByteStreamReader) -> None:
        """Read the content from a stream."""
        if self.written.take(data) is None:
            raise OutgoingValueOutgoingValueWriteBodyError

    def dropped(self) -> None:
        """Release the space."""
        self.written.close()


class IncomingValue(wasi_blobstore_types.IncomingValue):
    """The content of an object, or a part of it, as of when it was opened."""

    def __init__(self, file: BinaryIO, start: int, length: int) -> None:
        self._file = file
        self._start = start
        self._length = length
        self._taken = False
        self._is_ours = True

    def incoming_value_consume_sync(self) -> bytes:
        """Return the content, once."""
        with _declared():
            return self._take().read()

    def incoming_value_consume_async(self) -> InputStream:
        """Return the content as a stream, once."""
        with _declared():
            return InputStream(self._take())

    def give_body(self) -> _Part:
        """Return the content as a readable file, once."""
        with _declared():
            part = self._take()
        # A component may drop the value and continue to read.
        self._is_ours = False
        return part

    def size(self) -> int:
        """Return the size in bytes."""
        return self._length

    def dropped(self) -> None:
        """Close the file, unless the content is being read."""
        if self._is_ours:
            self._file.close()

    def _take(self) -> _Part:
        if self._taken:
            raise BlobError("the content of this value was already taken")
        self._taken = True
        return _Part(self._file, self._start, self._length)

    def _save(self) -> bytes:
        return _Part(self._file, self._start, self._length).read()

    @classmethod
    def _restore(cls, data: bytes) -> Self:
        return cls(io.BytesIO(data), 0, len(data))


class _Part:
    """Readable part of a file."""

    def __init__(self, file: BinaryIO, start: int, length: int) -> None:
        file.seek(start)
        self._file = file
        self._left = length

    def read(self, size: int = -1, /) -> bytes:
        content = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(content)
        return content


class Types(wasi_blobstore_types.Types):
    """The classes of values."""

    OutgoingValue = OutgoingValue
    IncomingValue = IncomingValue


class Container(wasi_blobstore_container.Container):
    """Open container. If it is deleted, everything except its name is an error."""

    folder: ClassVar[BlobFolder]

    def __init__(self, name: str) -> None:
        self._name = name

    def name(self) -> str:
        """Return its name."""
        return self._name

    def info(self) -> ContainerMetadata:
        """Return its name and its creation time, in Unix time."""
        with _declared():
            return ContainerMetadata(self._name, int(self.folder.created(self._name)))

    def get_data(self, name: str, start: int, end: int) -> IncomingValue:
        """Open an object from byte `start` to byte `end`; an `end` beyond the object means up to its end."""
        with _declared():
            if start > end:
                raise BlobError(f"bytes {start} to {end} are not a valid range")
            file = self.folder.open(self._name, name)
            size = file.seek(0, io.SEEK_END)
            if start > size:
                file.close()
                raise BlobError(f"{name!r} has {counted(size, 'byte')}, so it has no byte {start}")
            return IncomingValue(file, start, min(end + 1, size) - start)

    def write_data(self, name: str, data: wasi_blobstore_types.OutgoingValue) -> None:
        """Store an object."""
        # The runtime passes only instances of this class.
        written = cast("OutgoingValue", data).written
        with _declared():
            self.folder.write(self._name, name, written.file())

    def list_objects(self) -> StreamObjectNames:
        """Return the current names of all objects."""
        return StreamObjectNames(self.object_names())

    def object_names(self) -> list[str]:
        """Return the names of all objects."""
        with _declared():
            return self.folder.objects(self._name)

    def delete_object(self, name: str) -> None:
        """Remove an object."""
        self.delete_objects([name])

    def delete_objects(self, names: list[str]) -> None:
        """Remove several objects."""
        with _declared():
            self.folder.remove(self._name, names)

    def has_object(self, name: str) -> bool:
        """Tell whether there is an object."""
        with _declared():
            return self.folder.has(self._name, name)

    def object_info(self, name: str) -> ObjectMetadata:
        """Return an object's size and the time when it was stored, in Unix time."""
        with _declared():
            info = self.folder.info(self._name, name)
        return ObjectMetadata(name, self._name, int(info.st_mtime), info.st_size)

    def clear(self) -> None:
        """Remove all objects."""
        with _declared():
            self.folder.remove(self._name, self.folder.objects(self._name))


class StreamObjectNames(wasi_blobstore_container.StreamObjectNames):
    """Iterator over names."""

    def __init__(self, names: list[str]) -> None:
        self._names = names

    def read_stream_object_names(self, len: int) -> tuple[list[str], bool]:
        """Return the next names, and whether the end is reached."""
        taken, self._names = self._names[:len], self._names[len:]
        return taken, not self._names

    def skip_stream_object_names(self, num: int) -> tuple[int, bool]:
        """Skip the next names; return how many, and whether the end is reached."""
        taken, is_end = self.read_stream_object_names(num)
        return len(taken), is_end

    def _save(self) -> bytes:
        return json.dumps(self._names).encode()

    @classmethod
    def _restore(cls, data: bytes) -> Self:
        return cls(json.loads(data))


class ContainerInterface(wasi_blobstore_container.ContainerInterface):
    """The classes of containers."""

    StreamObjectNames = StreamObjectNames

    def __init__(self, container: type[Container]) -> None:
        self.Container = container


class Blobstore(wasi_blobstore_blobstore.Blobstore):
    """Creation and lookup of containers; copies and moves of objects."""

    def __init__(self, folder: BlobFolder, container: type[Container]) -> None:
        self._folder = folder
        self._container = container

    def create_container(self, name: str) -> Container:
        """Create a container."""
        with _declared():
            self._folder.create(name)
        return self._container(name)

    def get_container(self, name: str) -> Container:
        """Open a container."""
        with _declared():
            if not self._folder.exists(name):
                raise BlobError(f"there is no container {name!r}")
        return self._container(name)

    def delete_container(self, name: str) -> None:
        """Remove a container."""
        with _declared():
            self._folder.delete(name)

    def container_exists(self, name: str) -> bool:
        """Return whether a container exists."""
        with _declared():
            return self._folder.exists(name)

    def copy_object(self, src: ObjectId, dest: ObjectId) -> None:
        """Copy an object."""
        with _declared(), self._folder.open(src.container, src.object) as content:
            self._folder.write(dest.container, dest.object, content)

    def move_object(self, src: ObjectId, dest: ObjectId) -> None:
        """Move an object."""
        with _declared():
            self._folder.move((src.container, src.object), (dest.container, dest.object))
