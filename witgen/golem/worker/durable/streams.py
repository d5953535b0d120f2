"""Recorded reads of input streams, by length and not by content, and writes that are complete when they return.

The content of a stream is recorded at its source, or recreated. The sizes of its pieces are not, but a guest can see
them, so reads are recorded and replay returns the same pieces. Writes are completed at once, because wasmtime discards
unflushed bytes if the guest drops the stream soon enough; replay would then produce another value or request.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from witgen_runtime import abi
from witgen_runtime.host import Store
from witgen_runtime.host.linking.linker import Linkage
from witgen_runtime.host.store.handles import ResourceHandles
from witgen_runtime.host.wasi.internal_component import InternalComponent

from ..._bindings._abi import wasi_io_streams as streams_abi
from ..._bindings.types.wasi_io_streams import StreamError, StreamErrorClosed
from ..errors import WorkerError, undamaged
from ..oplog.codec import Encoded
from ..oplog.policy import Kind
from ..oplog.recorder import Recorder
from .files import Files
from .shadowing import SLICE, shadow
from .streams_component import COMPONENT

__all__ = ["FUNCTIONS", "Streams"]

_CHUNK: Final = 1 << 16

_READ = replace(streams_abi.INPUT_STREAM_READ, name="read", resource=None)
_WRITE = replace(streams_abi.OUTPUT_STREAM_WRITE, name="write", resource=None)
_ROOM = replace(streams_abi.OUTPUT_STREAM_CHECK_WRITE, name="room", resource=None)
_TIME = abi.Param("nanoseconds", "nanoseconds", abi.U64)
_AWAIT_INPUT = abi.Function("await-input", "await_input", (_READ.params[0], _TIME), None)
_AWAIT_OUTPUT = abi.Function("await-output", "await_output", (_WRITE.params[0], _TIME), None)

_READS: Final = (
    streams_abi.INPUT_STREAM_READ,
    streams_abi.INPUT_STREAM_BLOCKING_READ,
    streams_abi.INPUT_STREAM_SKIP,
    streams_abi.INPUT_STREAM_BLOCKING_SKIP,
)

FUNCTIONS: Final = {
    f"{streams_abi.INTERFACE.name}#{each.name}": (
        streams_abi.INTERFACE.name,
        abi.Function(each.name, each.python, (each.params[1],), abi.Result(abi.U64, abi.STRING)),
    )
    for each in _READS
}
"""The recorded functions; the entries contain the requested and the returned length, or `closed` or `failed`."""


class _Native(InternalComponent):
    """wasmtime's own reads and writes, called from Python."""

    def __init__(self, store: Store, handles: ResourceHandles) -> None:
        super().__init__(store, COMPONENT)
        self.read, self._await_input = self.bound(_READ, handles), self.bound(_AWAIT_INPUT, handles)
        self._write, self._room, self._await_output = (
            self.bound(each, handles) for each in (_WRITE, _ROOM, _AWAIT_OUTPUT)
        )
        self._interruption = store.interruption

    def read_some(self, stream: Any, length: int) -> bytes:
        """Wait for at least one byte; return up to `length` bytes."""
        while not (content := self.read(stream, length)):
            self._wait(self._await_input, stream)
        return bytes(content)

    def write_out(self, stream: Any, contents: bytes) -> None:
        """Write, and wait until that is complete: no stream of a worker waits for another party."""
        self._write(stream, contents)
        while not self._room(stream):
            self._wait(self._await_output, stream)

    def write_all(self, stream: Any, contents: bytes) -> None:
        """Write in pieces, each as large as the stream accepts."""
        while contents:
            if not (room := self._room(stream)):
                self._wait(self._await_output, stream)
                continue
            self.write_out(stream, contents[:room])
            contents = contents[room:]

    def _wait(self, wait: Callable[[Any, int], None], stream: Any) -> None:
        wait(stream, SLICE)
        if self._interruption is not None:
            self._interruption.check_here()


class Streams:
    """Replacements of the reading and writing functions of `wasi:io/streams` in the guest's linker."""

    def __init__(self, recorder: Recorder, files: Files) -> None:
        self._recorder = recorder
        self._files = files

    def shadow(self, linkage: Linkage) -> None:
        """Define the functions."""
        native = _Native(linkage.store, linkage.handles)
        made: dict[abi.Function, Callable[..., Any]] = {each: self._reader(each, native) for each in _READS}
        made |= {
            streams_abi.OUTPUT_STREAM_WRITE: self._counted(native.write_out),
            streams_abi.OUTPUT_STREAM_BLOCKING_WRITE_AND_FLUSH: self._counted(native.write_all),
        }
        for each in (streams_abi.OUTPUT_STREAM_WRITE_ZEROES, streams_abi.OUTPUT_STREAM_BLOCKING_WRITE_ZEROES_AND_FLUSH):
            made[each] = self._zeroes(self._counted(native.write_all))
        for each, source in (
            (streams_abi.OUTPUT_STREAM_SPLICE, streams_abi.INPUT_STREAM_READ),
            (streams_abi.OUTPUT_STREAM_BLOCKING_SPLICE, streams_abi.INPUT_STREAM_BLOCKING_READ),
        ):
            made[each] = self._splicer(made[source], self._counted(native.write_all))
        shadow(linkage, "wasi:io/streams", made)

    def _counted(self, write: Callable[[Any, bytes], None]) -> Callable[[Any, bytes], None]:
        """Return a function that writes to a stream, which may be a file's."""

        def counted(stream: Any, contents: bytes) -> None:
            self._files.changed()
            write(stream, contents)
            self._files.grow(len(contents))

        return counted

    def _zeroes(self, write: Callable[[Any, bytes], None]) -> Callable[[Any, int], None]:
        def zeroes(stream: Any, length: int) -> None:
            for start in range(0, length, _CHUNK):
                write(stream, bytes(min(_CHUNK, length - start)))

        return zeroes

    def _splicer(
        self, read: Callable[[Any, int], bytes], write: Callable[[Any, bytes], None]
    ) -> Callable[[Any, Any, int], int]:
        def splice(stream: Any, source: Any, length: int) -> int:
            content = read(source, min(length, _CHUNK))
            write(stream, content)
            return len(content)

        return splice

    def _reader(self, function: abi.Function, native: _Native) -> Callable[[Any, int], bytes | int]:
        name = f"{streams_abi.INTERFACE.name}#{function.name}"
        waits, skips = function.python.startswith("blocking"), function.python.endswith("skip")

        def read(stream: Any, length: int) -> bytes | int:
            make = native.read_some if waits and length else native.read
            made: list[bytes | StreamError] = []

            def execute() -> Encoded:
                made.append(_outcome(lambda: make(stream, length)))
                return _encoded(made[0])

            response = self._recorder.call(name, Kind.READ_LOCAL, Encoded(f"[{length}]"), execute)
            content = made[0] if made else _again(native, stream, response)
            if isinstance(content, StreamError):
                raise content
            return len(content) if skips else content

        return read


def _outcome(read: Callable[[], bytes]) -> bytes | StreamError:
    try:
        return read()
    except StreamError as error:
        return error


def _encoded(outcome: bytes | StreamError) -> Encoded:
    """Return the oplog form of a read."""
    if isinstance(outcome, StreamError):
        return Encoded(json.dumps({"err": "closed" if isinstance(outcome, StreamErrorClosed) else "failed"}))
    return Encoded(json.dumps({"ok": len(outcome)}))


def _again(native: _Native, stream: Any, recorded: Encoded) -> bytes | StreamError:
    """Return as many bytes as the recorded read, or the same end or failure."""
    with undamaged("a value in the oplog"):
        size: int | None = json.loads(recorded.text).get("ok")
    content = bytearray()
    while size is None or len(content) < size:
        rest = _CHUNK if size is None else size - len(content)
        outcome = _outcome(lambda: native.read_some(stream, rest))  # noqa: B023  (called here)
        if isinstance(outcome, StreamError):
            if _encoded(outcome) == recorded:
                return outcome
            raise WorkerError(
                f"a stream returned {recorded.text} when it was recorded, and now only {len(content)} bytes"
            )
        content += outcome
    return bytes(content)
