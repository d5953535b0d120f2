"""The standard streams of guests: their destinations, and the last output of a guest to stderr."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import weakref
from collections.abc import Callable
from functools import partial
from textwrap import indent
from typing import Any, Final, Protocol

import wasmtime
from wasmtime.component import Component

from ..capi import foreign_outputs
from ..capi.managed import QuietlyFinalized, RawStore
from ..errors import HostError, StoreDeadError, ThreadError
from ..store.turns import Turns
from .outputs import Output, is_inside, is_without_threads, process, wants_watching, watch

__all__ = ["StandardStreams", "WasiConfig"]

_BYTES: Final = 8192
_LINES: Final = 50
"""How much of stderr a failure carries."""

_STREAMS: Final = ("wasi:cli/stdout@", "wasi:cli/stderr@")

_STDERR: Final = 2
"""The process's, whatever `sys.stderr` is: a guest shares the file, not Python's object."""

_FORKED: Final = (
    "this store was opened before os.fork(), and its component would wait forever when it prints: with a `WasiConfig` "
    "of the bindings, output passes through wasmtime's threads, which only the parent has; open the component after"
    " the fork, or with a `wasmtime.WasiConfig` that inherits stdout and stderr"
)

_REPLACED: Final = (
    "The store was opened before os.fork(). What its guest was using then, such as streams that it had printed to, "
    "does not exist in this process."
)


class Tail:
    """The end of a stream."""

    def __init__(self) -> None:
        self._kept = bytearray()

    def add(self, data: bytes) -> None:
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


class WasiConfig(QuietlyFinalized, wasmtime.WasiConfig):
    """The parts of this machine that one store's guests see: arguments, environment, folders, standard streams.

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
        self._lead("stdout", callback)

    def _set_stderr(self, callback: Callable[[bytes], int | None]) -> None:
        self._lead("stderr", callback)

    def _set_stdout_file(self, path: str | bytes | os.PathLike[str]) -> None:
        _file_setter("stdout")(self, path)
        self._lead("stdout")

    def _set_stderr_file(self, path: str | bytes | os.PathLike[str]) -> None:
        _file_setter("stderr")(self, path)
        self._lead("stderr")
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
        self._lead("stdout")

    def inherit_stderr(self) -> None:
        """Let guests write to this process's stderr."""
        super().inherit_stderr()
        self._lead("stderr")
        self._inherits_stderr = True

    def _lead(self, stream: str, callback: Callable[[bytes], int | None] | None = None) -> None:
        """Note where a stream leads, and lead it to a function if there is one."""
        before = self._outputs.pop(stream, None)
        if stream == "stderr":
            self._inherits_stderr, self._stderr_file = False, ""
        if callback is not None:
            if not callable(callback):
                raise TypeError(f"{stream}_custom: expected a function that takes bytes, got {type(callback).__name__}")
            self._outputs[stream] = Output(callback)
            self._outputs[stream].attach(self, stream)
        if before is not None:
            before.wait()

    def _hand_over(self, tail: Tail) -> tuple[list[Output], str]:
        """Let `tail` receive the output to stderr; return the outputs, and the file that receives it instead."""
        if self._is_used:
            raise HostError("this WasiConfig already belongs to another store: make one for each")
        self._is_used = True
        outputs, self._outputs = self._outputs, {}
        if is_without_threads():
            if outputs:
                names = " and ".join(f"{stream}_custom" for stream in outputs)
                raise HostError(
                    f"{names} cannot be called in a process that os.fork() made: wasmtime's threads, which call them, "
                    "exist only in the parent; use a file, or start the process another way"
                )
        elif "stderr" in outputs:
            outputs["stderr"].keep = tail.add
        elif not self._stderr_file:
            outputs["stderr"] = Output(partial(_pass_on, tail) if self._inherits_stderr else tail.add, ours=True)
            outputs["stderr"].attach(self, "stderr")
        return list(outputs.values()), self._stderr_file

    def _delete(self, ptr: Any) -> None:
        super()._delete(ptr)
        for output in getattr(self, "_outputs", {}).values():
            output.wait()


def _file_setter(stream: str) -> Callable[[wasmtime.WasiConfig, object], None]:
    found: Any = getattr(wasmtime.WasiConfig, f"{stream}_file")
    setter: Callable[[wasmtime.WasiConfig, object], None] = found.fset
    return setter


def _pass_on(tail: Tail, data: bytes) -> None:
    """Write to this process's stderr, as wasmtime does: it does not matter if that is closed."""
    tail.add(data)
    try:
        while data:
            data = data[os.write(_STDERR, data) :]
    except OSError as error:
        if error.errno != errno.EBADF:
            raise


def _by_default() -> WasiConfig:
    """Return the default settings of a guest: it may print, because a guest's tracebacks are printed."""
    wasi = WasiConfig()
    wasi.inherit_stdout()
    wasi.inherit_stderr()
    return wasi


class _Store(Protocol):
    """The interface of a store for its standard streams."""

    raw: RawStore
    engine: wasmtime.Engine
    turns: Turns
    keep: list[object]
    streams: bool

    def is_entered_here(self) -> bool:
        """Return whether the current thread is inside a call."""
        ...


class StandardStreams:
    """The standard streams of one store.

    Args:
        store: the store.
        attention: makes the store do pending work before its next call.
        wasi: the settings; objects of wasmtime's own class are used unchanged.
    """

    def __init__(self, store: _Store, attention: dict[int, None], wasi: wasmtime.WasiConfig | None) -> None:
        if is_inside():
            raise ThreadError(_INSIDE)
        self.wasi = wasi or _by_default()
        self._is_default = wasi is None
        self._was_replaced = False
        self._store = weakref.ref(store)
        self._attention = attention
        self._process = process()
        self._tail = Tail()
        self._outputs: list[Output] = []
        self._file = ""
        self._is_foreign = not isinstance(self.wasi, WasiConfig)
        if isinstance(self.wasi, WasiConfig):
            self._outputs, self._file = self.wasi._hand_over(  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
                self._tail
            )
            for output in self._outputs:
                output.noted = self.note
        watch(self)

    def usable(self) -> None:
        """Raise if the store cannot be called on this thread, or in this process."""
        if is_inside():
            raise ThreadError(_INSIDE)
        store = self._store()
        if self._outputs and self._process != process() and store is not None and not store.is_entered_here():
            self._adapt(store)

    def _adapt(self, store: _Store) -> None:
        """Lead the streams past wasmtime's threads, which have stayed in the parent of this process."""
        components = (each for each in store.keep if isinstance(each, Component))
        if any(name.startswith(_STREAMS) for each in components for name in each.type.imports(store.engine)):
            if not self._is_default or store.streams:
                raise StoreDeadError(_FORKED)
            wasi = wasmtime.WasiConfig()
            wasi.inherit_stdout()
            wasi.inherit_stderr()
            store.turns.alone(partial(store.raw.set_wasi, wasi))
            self._was_replaced = True
        self._outputs = []

    @property
    def calls_python(self) -> bool:
        """Whether user functions, which may fail, receive the guest's output."""
        return any(not output.is_ours for output in self._outputs)

    def is_watched(self) -> bool:
        """Return whether the store has to do pending work before its next call, too."""
        return wants_watching()

    def take_failure(self) -> BaseException | None:
        """Return the exception of an output function, once."""
        for output in self._outputs:
            if output.failure is not None:
                failure, output.failure = output.failure, None
                return failure
        return None

    def explain(self, error: BaseException) -> None:
        """Attach the guest's last output to stderr to a failure."""
        if self._was_replaced:
            error.add_note(_REPLACED)
        if isinstance(error, HostError) and not error.stderr:
            if self._file:
                self._tail.read(self._file)
            error.stderr = self._tail.text()
            if error.stderr:
                error.add_note(f"The guest wrote to stderr:\n{indent(error.stderr.rstrip(), '    ')}")

    def close(self, delete: Callable[[], None]) -> None:
        """Delete the store, or its standard streams, and wait until wasmtime has released the outputs."""
        if self._is_foreign:
            foreign_outputs.deleting(delete)
        else:
            delete()
        for output in self._outputs:
            output.wait()
        self._outputs = [output for output in self._outputs if output.failure is not None]

    def note(self) -> None:
        """Let the store look up before its next call."""
        self._attention[0] = None

    def let_go(self) -> bool:
        """Abandon the outputs because the process exits; return False while a call runs on another thread."""
        store = self._store()
        if not hasattr(store, "turns"):  # an exception ended its making, and something keeps it
            return True
        has_outputs = bool(self._outputs) or (self._is_foreign and foreign_outputs.count())
        if has_outputs and store is not None and not store.is_entered_here():
            with contextlib.suppress(ValueError):  # the store is closed
                try:
                    self.close(partial(store.turns.alone, partial(store.raw.set_wasi, wasmtime.WasiConfig())))
                except ThreadError:
                    return False
        return True

    def hold(self) -> bool:
        """Block the guest for ever when it writes again; return whether it does."""
        for output in self._outputs:
            output.is_held = True
        return any(output.is_waiting for output in self._outputs)


_INSIDE: Final = (
    "a function that receives a guest's output cannot use components: it runs on a thread of wasmtime while the guest "
    "waits; hand the bytes to another thread, or use the component after the call"
)
