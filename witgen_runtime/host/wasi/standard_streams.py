"""The standard streams of guests: their destinations, and the last output of a guest to stderr."""

from __future__ import annotations

import asyncio
import contextlib
import weakref
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from textwrap import indent
from typing import Final, Protocol

import wasmtime
from wasmtime.component import Component

from ..capi import foreign_outputs
from ..capi.managed import RawStore
from ..errors import HostError, StoreDeadError, ThreadError
from ..store.turns import Turns
from .outputs import Deferred, Output, is_inside, process, wants_watching, watch
from .settings import Wasi
from .store_config import StoreConfig, Tail, pass_on, sharing, write_stdout
from .store_settings import StoreSettings

__all__ = ["StandardStreams"]

_STREAMS: Final = ("wasi:cli/stdout@", "wasi:cli/stderr@")

_FORKED: Final = (
    "this store was opened before os.fork(), and its component would wait forever when it prints: with a `Wasi`, output"
    " passes through wasmtime's threads, which only the parent has; open the component after the fork, or with a"
    " `wasmtime.WasiConfig` that inherits stdout and stderr"
)

_REPLACED: Final = (
    "The store was opened before os.fork(). What its guest was using then, such as streams that it had printed to, "
    "does not exist in this process."
)


def _config(wasi: object) -> wasmtime.WasiConfig:
    if wasi is None:
        return sharing()
    if isinstance(wasi, wasmtime.WasiConfig):
        return wasi
    raise TypeError(f"wasi: expected a Wasi, got {type(wasi).__name__}")


class _Store(Protocol):
    """The interface of a store for its standard streams."""

    raw: RawStore
    engine: wasmtime.Engine
    turns: Turns
    keep: list[object]
    streams: bool
    loop: asyncio.AbstractEventLoop | None

    def is_entered_here(self) -> bool:
        """Return whether the current thread is inside a call."""
        ...


class StandardStreams:
    """The standard streams of one store.

    Args:
        store: the store.
        attention: makes the store do pending work before its next call.
        wasi: the settings; objects of wasmtime's own class are used unchanged.

    Attributes:
        wasi: what wasmtime takes.
    """

    def __init__(self, store: _Store, attention: dict[int, None], wasi: Wasi | wasmtime.WasiConfig | None) -> None:
        if is_inside():
            raise ThreadError(_INSIDE)
        self._store = weakref.ref(store)
        self._settings = StoreSettings(wasi, self._loop) if isinstance(wasi, Wasi) else None
        self.wasi = self._settings.config if self._settings is not None else _config(wasi)
        self._is_default = wasi is None
        self._was_replaced = False
        self._attention = attention
        self._process = process()
        self._tail = Tail()
        self._outputs: list[Output] = []
        self._file = ""
        self._is_foreign = not isinstance(self.wasi, StoreConfig)
        if isinstance(self.wasi, StoreConfig):
            self._outputs, self._file = self.wasi._hand_over(  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
                self._tail
            )
            for output in self._outputs:
                output.noted = self.note
        watch(self)

    def _loop(self) -> asyncio.AbstractEventLoop | None:
        store = self._store()
        return store.loop if store is not None else None

    @property
    def folders(self) -> Mapping[str, Path]:
        """The guest's folders on this machine, by its paths, as far as a `Wasi` gave them."""
        return self._settings.folders if self._settings is not None else {}

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

    def deliver(self) -> None:
        """Call functions of the user's with the output that waits for this thread."""
        for output in self._outputs:
            if isinstance(output, Deferred):
                output.deliver()

    def take_failure(self) -> BaseException | None:
        """Return the exception of an output function, once."""
        for output in self._outputs:
            if output.failure is not None:
                failure, output.failure = output.failure, None
                return failure
        return None

    def write_stdout(self, data: bytes) -> None:
        """Write to this process's stdout, for a guest whose streams are not wasmtime's."""
        write_stdout(data)

    def write_stderr(self, data: bytes) -> None:
        """Write to this process's stderr, for such a guest; failures carry the last output."""
        pass_on(self._tail, data)

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
        self.deliver()
        self._outputs = [output for output in self._outputs if output.failure is not None]
        if self._settings is not None:
            self._settings.end()

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
    "a function that receives a guest's output cannot use components, because a call is in progress: keep the bytes,"
    " and use the component after the call"
)
