"""`InputStream` and `OutputStream`: results of host methods where WIT says `input-stream` and `output-stream`."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import threading
import weakref
from collections.abc import Iterable, Iterator
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, runtime_checkable

from ...values import Unique
from ..starting import start
from .pollable_channel import Channels
from .stream_files import StreamError, StreamFiles, new_file

if TYPE_CHECKING:
    from ..store.store import Store

__all__ = ["InputSource", "InputStream", "OutputStream"]

_CHUNK: Final = 1 << 18


@runtime_checkable
class _Reads(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


InputSource: TypeAlias = "bytes | bytearray | memoryview[Any] | str | os.PathLike[str] | _Reads | Iterable[bytes]"
"""Sources of a guest's input: bytes, the path of a file, an open file, or an iterable of bytes."""


class InputStream(Unique):
    """Bytes for a guest to read.

    Bytes and files are copied to a private file when the object is made. The same object can then be returned any
    number of times, each time as a stream from the beginning. If disk space runs out, making the object raises
    `OSError`.

    An iterable is live: a thread requests its next bytes when the guest has read most of the previous ones. It can be
    returned once. If it raises, the guest's stream fails after the bytes before that, and `failure` is the exception.
    If a guest stops reading early, iteration stops when the store closes.

    In a store without native streams (see `Store`) a thread passes everything on.
    """

    _WHY_UNIQUE = "is an object that a guest reads from"

    def __init__(self, source: InputSource) -> None:
        self.failure: BaseException | None = None
        self._live: Iterator[bytes] | None = None
        self._path: Path | None = None
        if isinstance(source, (bytes, bytearray, memoryview, str, os.PathLike, _Reads)):
            self._path = _copied(source)
            weakref.finalize(self, self._path.unlink, missing_ok=True)
        else:
            self._live = iter(source)

    def _lower_native(self, store: Store) -> int:
        """Return the address of a box with a fresh stream; called by the codec, on the store's thread."""
        if self._path is not None and store.streams:
            return StreamFiles.of(store).input_stream(self._path)
        chunks, self._live = self._live, None
        if self._path is not None:
            chunks = _chunks(self._path.open("rb"))
        if chunks is None:
            raise StreamError("this InputStream was already given to a guest, and its source can be read only once")
        box, peer = Channels.of(store).live_stream()
        start(threading.Thread(target=self._feed, args=(peer, chunks), name="witgen-stream", daemon=True))
        return box

    def _feed(self, peer: socket.socket, chunks: Iterator[bytes]) -> None:
        """Pass the bytes on, in a separate thread. A connection that closes before the last chunk has failed."""
        with peer:
            try:
                for chunk in chunks:
                    if chunk:
                        peer.sendall(b"%x\r\n%b\r\n" % (len(chunk), chunk))
                peer.sendall(b"0\r\n\r\n")
            except BaseException as error:  # noqa: BLE001  (kept in `failure`, as no caller can catch it here)
                self.failure = error
            finally:
                close = getattr(chunks, "close", None)
                if close is not None:
                    close()


class OutputStream(Unique):
    """Receives a guest's output in the file `content`. It can be returned once, in a store with streams.

    Flushed output can be read. The rest may still be in transit, and is lost if the guest drops the stream before it
    flushes: wasmtime does not wait for it then. The file exists until the object is closed, or collected.
    """

    _WHY_UNIQUE = "is an object that a guest writes to"

    def __init__(self) -> None:
        path = new_file()
        path.touch(mode=0o600, exist_ok=False)
        self._path: Path | None = path
        self.content: BufferedReader = path.open("rb")
        self._remove = weakref.finalize(self, path.unlink, missing_ok=True)

    def size(self) -> int:
        """Return how many bytes there are."""
        return os.fstat(self.content.fileno()).st_size

    def read(self) -> bytes:
        """Return everything."""
        self.content.seek(0)
        return self.content.read()

    def close(self) -> None:
        """Release the disk space, once the guest has dropped its stream. Closing twice is harmless."""
        self._remove()
        self.content.close()

    def _lower_native(self, store: Store) -> int:
        """Return the address of a box with the stream; called by the codec, on the store's thread."""
        files = StreamFiles.of(store)
        path, self._path = self._path, None
        if path is None:
            raise StreamError("this OutputStream was already given to a guest")
        box = files.output_stream(path)
        # Both sides have the file open; where the system allows it, it needs no name any more.
        with contextlib.suppress(OSError):
            path.unlink()
        return box


_Complete: TypeAlias = "bytes | bytearray | memoryview[Any] | str | os.PathLike[str] | _Reads"


def _copied(source: _Complete) -> Path:
    """Write a file for a stream; there is none if that fails."""
    path = new_file()
    try:
        with path.open("xb") as file:
            if isinstance(source, (bytes, bytearray, memoryview)):
                file.write(source)
            elif isinstance(source, (str, os.PathLike)):
                with Path(source).open("rb") as content:
                    shutil.copyfileobj(content, file, _CHUNK)
            else:
                shutil.copyfileobj(source, file, _CHUNK)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def _chunks(file: BufferedReader) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk
