"""Calls, releases and abandons the Python functions that receive a guest's output to stdout or stderr.

wasmtime calls them on its worker threads, and releases them there some time after their store is deleted. Before 3.14,
CPython kills a thread that enters it while the interpreter exits, and Rust aborts the process. So a C function that
needs no interpreter releases them, closing a store waits for that, and the interpreter does not exit before the
remaining stores have released theirs. Functions of users do not run there: the output waits for the caller's thread.
"""

from __future__ import annotations

import atexit
import ctypes
import errno
import inspect
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from contextvars import copy_context
from typing import TYPE_CHECKING, Final, Protocol
from weakref import ref

from ..capi import ffi, foreign_outputs, release_signals
from ..capi.entry import c_callback, guarded
from ..errors import OutputLimitError

if TYPE_CHECKING:
    import asyncio

    import wasmtime

__all__ = ["Deferred", "Output", "Watched", "is_inside", "is_without_threads", "process", "wants_watching", "watch"]

_PATIENCE: Final = 2.0
"""Seconds that closing a store waits for the release of its outputs, which takes a fraction of a millisecond."""

_FAREWELL: Final = 0.2
"""Seconds that the exiting interpreter waits for running calls of other threads."""

_PAUSE: Final = 0.001

_MOST: Final = 16 << 20
"""Bytes that may wait to be delivered: a guest that computes and prints does not return to Python meanwhile."""

_FAILED: Final = -errno.EIO

_SETTERS: Final = {stream: ffi.prototype(f"wasi_config_set_{stream}_custom", None) for stream in ("stdout", "stderr")}


class Watched(Protocol):
    """The standard streams of a store, as far as outputs know them."""

    def note(self) -> None:
        """See to it that the store looks at `wants_watching` before its next call."""

    def let_go(self) -> bool:
        """Abandon the outputs because the process exits; return False while a call runs on another thread."""
        ...

    def hold(self) -> bool:
        """Block the guest for ever when it writes again; return whether it does."""
        ...


_outputs: dict[int, ref[Output]] = {}
"""By signal: wasmtime passes that to the callback. Settings and stores keep outputs alive; what an interrupt has kept
from becoming one of these must be garbage. Pruned like `_watched`."""
_inside: set[int] = set()
"""The threads that run a callback."""
_known: set[int] = set()
"""The threads that ever ran one."""
_watched: set[ref[Watched]] = set()
"""Pruned when it has grown. A weak set prunes itself in callbacks, and a signal that is raised in one is lost."""
_FEW: Final = 128
_pruned = 2 * _FEW
_most = 2 * _FEW
_lock = threading.RLock()
_process = os.getpid()
_calling = 0
_has_threads = False
_lost_threads = False


class Output:
    """A Python function that receives a guest's output to one of its streams.

    Args:
        write: gets the bytes.
        ours: whether it belongs to the runtime, so that only the guest sees a failure; otherwise the first one is
            `failure`, for the running call.
    """

    def __init__(self, write: Callable[[bytes], object], *, ours: bool = False) -> None:
        self._write = write
        self._context = copy_context()
        self.is_ours = ours
        self._signal = release_signals.take()
        self.failure: BaseException | None = None
        self.keep: Callable[[bytes], None] | None = None
        """Gets the bytes, too."""
        self.noted: Callable[[], None] | None = None
        """Called when there is a failure."""
        self.is_held = False
        self.is_waiting = False
        _outputs[self._signal] = ref(self)
        if len(_outputs) > _most:
            _forget_garbage()

    def attach(self, config: wasmtime.WasiConfig, stream: str) -> None:
        """Let guests with these settings write their `stdout` or `stderr` to this."""
        address = ffi.Address(ffi.address_of(config.ptr()))
        _SETTERS[stream](address, _CALLBACK, ffi.Address(self._signal), release_signals.RELEASE)

    def take(self, data: bytes) -> int:
        """Pass on a guest's output; return how many bytes were taken, or a negative `errno`."""
        thread = threading.get_ident()
        _inside.add(thread)
        if thread not in _known:
            # Kept: creating CPython's state of a thread again would take longer than everything else.
            _known.add(thread)
            ctypes.pythonapi.PyGILState_Ensure()
        try:
            if self.is_held:
                self.is_waiting = True
                release_signals.wait(_NEVER, None)
            if self.keep is not None:
                self.keep(data)
            return len(data) if self.is_ours and self._write(data) is None else self._call(data)
        except BaseException as error:  # noqa: BLE001  (the running call raises it unchanged)
            if not self.is_ours and self.failure is None:
                self.failure = error
                if self.noted is not None:
                    self.noted()
            return -error.errno if isinstance(error, OSError) and error.errno else _FAILED
        finally:
            _inside.discard(thread)

    def _call(self, data: bytes) -> int:
        """Call a function of the user's, while no store may be used on this thread."""
        global _calling  # noqa: PLW0603  (one per process)
        with _lock:
            _calling += 1
        try:
            _note_all()
            return _taken(self._context.copy().run(self._write, data), len(data))
        finally:
            with _lock:
                _calling -= 1

    def wait(self) -> None:
        """Wait until wasmtime has let go of this; inside a callback, that may take until the callback returns."""
        _outputs.pop(self._signal, None)
        signal, self._signal = self._signal, 0
        if signal and not is_inside() and release_signals.wait(signal, 0 if _lost_threads else _PATIENCE):
            release_signals.free(signal)


class Deferred(Output):
    """A Python function that receives a guest's output on the thread that called the guest, or on its event loop.

    Output waits until that thread next runs Python: before a host function, and when the call ends. On a loop it is
    delivered as soon as the loop is free.

    Args:
        write: gets the bytes.
        loop: returns the loop, None if there is none.
    """

    def __init__(self, write: Callable[[bytes], object], loop: Callable[[], asyncio.AbstractEventLoop | None]) -> None:
        super().__init__(write)
        self._loop = loop
        self._waiting: deque[bytes] = deque()
        # One thread writes each of these counters.
        self._received = self._delivered = 0

    def _call(self, data: bytes) -> int:
        self._received += len(data)
        if self._received - self._delivered > _MOST:
            raise OutputLimitError(
                f"the guest wrote {_MOST} bytes without returning to Python, where a function receives its output;"
                " use a file, or a `Captured`"
            )
        self._waiting.append(data)
        loop = self._loop()
        if loop is None:
            if self.noted is not None:
                self.noted()
        else:
            with suppress(RuntimeError):  # the loop is closed; the output is delivered when the store is
                loop.call_soon_threadsafe(self._deliver, context=self._context.copy())
        return len(data)

    def deliver(self) -> None:
        """Call the function with all output that waits, on this thread unless there is a running loop."""
        loop = self._loop()
        if not self._waiting or (loop is not None and loop.is_running()):
            return
        with _calls_refused():
            self._deliver()

    def _deliver(self) -> None:
        while self._waiting:
            data = self._waiting.popleft()
            self._delivered += len(data)
            try:
                _refuse_coroutine(self._write(data))
            except BaseException as error:  # noqa: BLE001  (the running call raises it unchanged)
                if self.failure is None:
                    self.failure = error
                if self.noted is not None:
                    self.noted()


@contextmanager
def _calls_refused() -> Generator[None]:
    """Refuse to let this thread use components: it is in the middle of a call, whose results are not read yet."""
    global _calling  # noqa: PLW0603  (one per process)
    thread = threading.get_ident()
    was_inside = thread in _inside
    with _lock:
        _calling += 1
    _inside.add(thread)
    try:
        _note_all()
        yield
    finally:
        if not was_inside:
            _inside.discard(thread)
        with _lock:
            _calling -= 1


def _refuse_coroutine(answer: object) -> None:
    if inspect.iscoroutine(answer):
        answer.close()
        raise TypeError("a function that receives a guest's output cannot be `async def`")


def _taken(answer: object, size: int) -> int:
    """Check a callback's result: None, or the number of bytes taken."""
    if answer is None:
        return size
    if not isinstance(answer, int):
        kind = type(answer).__name__
        if inspect.iscoroutine(answer):
            answer.close()
        raise TypeError(f"a function that receives a guest's output must return None or a number of bytes, not {kind}")
    if answer > size or (size and not answer):
        raise ValueError(f"a function that receives a guest's output says that it took {answer} of {size} bytes")
    return answer


def _forget_garbage() -> None:
    """Forget outputs that nothing has waited for; their signals can be used again if wasmtime has let go of them."""
    global _most  # noqa: PLW0603  (one per process)
    for signal, output in tuple(_outputs.items()):
        if output() is None and _outputs.pop(signal, None) is not None and release_signals.wait(signal, 0):
            release_signals.free(signal)
    _most = 2 * max(len(_outputs), _FEW)


@guarded
def _on_write(signal: int, address: int, size: int) -> int:
    """Called by wasmtime for every output."""
    try:
        known = _outputs.get(signal)
        output = known() if known is not None else None
        if output is not None:
            return output.take(ctypes.string_at(address, size))
    except BaseException:  # noqa: BLE001  (C called this)
        return _FAILED
    return size


_CALLBACK: Final = c_callback(ffi.OUTPUT, _on_write)
# wasmtime may call it until the process has ended.
ctypes.pythonapi.Py_IncRef(ctypes.py_object(_CALLBACK))

_NEVER: Final = release_signals.take()
"""A signal that is never sent."""


def is_inside() -> bool:
    """Return whether the current thread runs a callback: wasmtime aborts if wasm waits for WASI on that thread."""
    return threading.get_ident() in _inside


def wants_watching() -> bool:
    """Return whether stores have to check the thread, or process, in which they are called."""
    return _calling > 0 or _lost_threads


def is_without_threads() -> bool:
    """Return whether this process was forked from one with stores: it lacks wasmtime's threads."""
    return _lost_threads


def process() -> int:
    """Return the number of this process."""
    return _process


def watch(streams: Watched) -> None:
    """Register a store's streams for notification when a callback runs, and when the process forks or exits."""
    global _has_threads, _pruned  # noqa: PLW0603  (one per process)
    with _lock:
        _has_threads = True
        _watched.add(ref(streams))
        if len(_watched) > _pruned:
            _watched.difference_update([each for each in _watched if each() is None])
            _pruned = 2 * max(len(_watched), _FEW)
    if wants_watching():
        streams.note()


def _all_watched() -> list[Watched]:
    with _lock:
        return [streams for each in _watched if (streams := each()) is not None]


def _note_all() -> None:
    for streams in _all_watched():
        streams.note()


@atexit.register
def _at_exit() -> None:
    if _lost_threads:
        return
    end = time.monotonic() + _FAREWELL
    busy = [streams for streams in _all_watched() if not streams.let_go()]
    while busy and time.monotonic() < end:
        busy = [streams for streams in busy if not streams.hold() and not streams.let_go()]
        time.sleep(_PAUSE)
    foreign_outputs.settle()


def _forked() -> None:
    global _calling, _lock, _lost_threads, _process  # noqa: PLW0603  (one per process)
    _process, _lock, _calling = os.getpid(), threading.RLock(), 0
    _inside.clear()
    _known.clear()
    if _has_threads:
        _lost_threads = True
        _note_all()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
