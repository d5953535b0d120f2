"""The settings of one store's WASI, as wasmtime takes them, and the last output of its guest to stderr."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import wasmtime

from ..capi.managed import QuietlyFinalized
from ..capi.wasi import set_stdin
from ..errors import HostError
from .outputs import Output, is_without_threads

__all__ = ["StoreConfig", "Tail", "pass_on", "sharing", "write_stdout"]

_BYTES: Final = 8192
_LINES: Final = 50
"""How much of stderr a failure carries."""

_STDOUT: Final = 1
_STDERR: Final = 2
"""The process's, whatever `sys.stderr` is: a guest shares the file, not Python's object."""


class Tail:
    """The end of a stream."""

    def __init__(self) -> None:
        self._kept = bytearray()

    def add(self, data: bytes) -> None:
        """Add output, and forget what is far from the end."""
        self._kept += data
        if len(self._kept) > 8 * _BYTES:
            del self._kept[: -2 * _BYTES]

    def text(self) -> str:
        """Return the last lines, whole ones if possible."""
        kept = bytes(self._kept[-_BYTES:])
        if len(self._kept) > _BYTES:
            kept = kept.partition(b"\n")[2] or kept
        return "".join(kept.decode("utf-8", "replace").splitlines(keepends=True)[-_LINES:])

    def read(self, path: str) -> None:
        """Take the end of a file instead, if it is one."""
        with contextlib.suppress(OSError):
            if stat.S_ISREG(os.stat(path).st_mode):
                with open(path, "rb") as file:
                    file.seek(max(0, os.path.getsize(path) - _BYTES - 1))
                    self._kept[:] = file.read(_BYTES + 1)


class StoreConfig(QuietlyFinalized, wasmtime.WasiConfig):
    """wasmtime's settings of one store: arguments, environment, folders, standard streams.

    Like wasmtime's class, except that `stdout_custom` and `stderr_custom` are safe: the call that printed raises their
    exceptions, and the process can exit at any time. A failure carries the last output to stderr, whatever its
    destination.
    """

    def __init__(self) -> None:
        super().__init__()
        self._outputs: dict[str, Output] = {}
        self._inherits_stderr = False
        self._is_used = False
        self._stderr_file = ""

    def _set_stdout(self, callback: Callable[[bytes], int | None]) -> None:
        self.lead("stdout", _output("stdout", callback))

    def _set_stderr(self, callback: Callable[[bytes], int | None]) -> None:
        self.lead("stderr", _output("stderr", callback))

    def _set_stdout_file(self, path: str | bytes | os.PathLike[str]) -> None:
        _file_setter("stdout")(self, path)
        self.lead("stdout")

    def _set_stderr_file(self, path: str | bytes | os.PathLike[str]) -> None:
        _file_setter("stderr")(self, path)
        self.lead("stderr")
        self._stderr_file = os.path.abspath(os.fsdecode(path))

    stdout_custom = property(  # pyright: ignore[reportIncompatibleMethodOverride]  (write-only there, too)
        fset=_set_stdout, doc="A function that receives what guests write to stdout, as bytes."
    )
    stderr_custom = property(  # pyright: ignore[reportIncompatibleMethodOverride]  (write-only there, too)
        fset=_set_stderr, doc="A function that receives what guests write to stderr, as bytes."
    )
    stdout_file = property(  # pyright: ignore[reportIncompatibleMethodOverride]  (write-only there, too)
        fset=_set_stdout_file, doc="A file that receives what guests write to stdout."
    )
    stderr_file = property(  # pyright: ignore[reportIncompatibleMethodOverride]  (write-only there, too)
        fset=_set_stderr_file, doc="A file that receives what guests write to stderr."
    )

    def inherit_stdout(self) -> None:
        """Let guests write to this process's stdout."""
        super().inherit_stdout()
        self.lead("stdout")

    def inherit_stderr(self) -> None:
        """Let guests write to this process's stderr."""
        super().inherit_stderr()
        self.lead("stderr")
        self._inherits_stderr = True

    def set_stdin(self, data: bytes) -> None:
        """Let guests read some bytes from stdin."""
        set_stdin(self, data)

    def lead(self, stream: str, output: Output | None = None) -> None:
        """Note where a stream leads, and lead it to a function if there is one."""
        before = self._outputs.pop(stream, None)
        if stream == "stderr":
            self._inherits_stderr, self._stderr_file = False, ""
        if output is not None:
            self._outputs[stream] = output
            output.attach(self, stream)
        if before is not None:
            before.wait()

    def _hand_over(self, tail: Tail) -> tuple[list[Output], str]:
        """Let `tail` receive the output to stderr; return the outputs, and the file that receives it instead."""
        if self._is_used:
            raise HostError("these settings already belong to another store: make some for each")
        self._is_used = True
        outputs, self._outputs = self._outputs, {}
        if is_without_threads():
            if outputs:
                raise HostError(
                    f"{' and '.join(outputs)} cannot lead to Python in a process that os.fork() made: wasmtime's"
                    " threads, through which output gets there, exist only in the parent; use a file, or start the"
                    " process another way"
                )
        elif "stderr" in outputs:
            outputs["stderr"].keep = tail.add
        elif not self._stderr_file:
            outputs["stderr"] = Output(partial(pass_on, tail) if self._inherits_stderr else tail.add, ours=True)
            outputs["stderr"].attach(self, "stderr")
        return list(outputs.values()), self._stderr_file

    def _delete(self, ptr: Any) -> None:
        super()._delete(ptr)
        for output in getattr(self, "_outputs", {}).values():
            output.wait()


def _output(stream: str, callback: object) -> Output:
    if not callable(callback):
        raise TypeError(f"{stream}_custom: expected a function that takes bytes, got {type(callback).__name__}")
    return Output(callback)


def _file_setter(stream: str) -> Callable[[wasmtime.WasiConfig, object], None]:
    found: Any = getattr(wasmtime.WasiConfig, f"{stream}_file")
    setter: Callable[[wasmtime.WasiConfig, object], None] = found.fset
    return setter


def pass_on(tail: Tail, data: bytes) -> None:
    """Write to this process's stderr, as wasmtime does: it does not matter if that is closed."""
    tail.add(data)
    _write(_STDERR, data)


def write_stdout(data: bytes) -> None:
    """Write to this process's stdout; it does not matter if that is closed."""
    _write(_STDOUT, data)


def _write(descriptor: int, data: bytes) -> None:
    try:
        while data:
            data = data[os.write(descriptor, data) :]
    except OSError as error:
        if error.errno != errno.EBADF:
            raise


def sharing() -> StoreConfig:
    """Return the default settings of a guest: it may print, because a guest's tracebacks are printed."""
    wasi = StoreConfig()
    wasi.inherit_stdout()
    wasi.inherit_stderr()
    return wasi
