"""Files as native streams: a folder that every store with streams has open, and that no guest can see."""

from __future__ import annotations

import atexit
import contextlib
import os
import secrets
import shutil
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import wasmtime

from ... import abi
from ..capi import ffi
from ..errors import EngineError, HostError
from ..store.resource import NativeResource
from . import stream_component as text
from .internal_component import InternalComponent

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from ..store.owner import HandleOwner

__all__ = ["GET_DIRECTORIES", "PREOPENS", "StreamError", "StreamFiles", "hidden", "new_file", "prepare", "refused"]

_NAME: Final = f"/.{secrets.token_hex(16)}"
"""The name of the preopened folder, which differs from those of users."""

_PREFIX: Final = "witgen-streams-"

_SETTLED: Final = 60
"""Seconds after which a folder's owner has locked it, if there is one."""

_AHEAD: Final = 2
"""How often guests ask for their folders: libc once, and Python's adapter once."""

PREOPENS: Final = "wasi:filesystem/preopens@0.2."
"""The prefix of the names of the interface that lists a guest's folders."""

_DESCRIPTOR: Final = abi.Resource("wasi:filesystem/types", "descriptor")

GET_DIRECTORIES: Final = abi.Function(
    "get-directories", "get_directories", (), abi.List(abi.Tuple((abi.Own(_DESCRIPTOR), abi.STRING)))
)
"""Its function."""

_lock = threading.Lock()
_folder: Path | None = None


class StreamError(HostError):
    """A stream that cannot be handed to a guest."""


def _private_folder() -> Path:
    """Return this process's folder for streams. Files are in there only until a guest has them open."""
    global _folder  # noqa: PLW0603  (one per process)
    with _lock:
        if _folder is None or not _folder.is_dir():
            _remove_abandoned()
            _folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
            # Stays open as long as the process lives.
            _claim(_folder)
            atexit.register(_remove, _folder, os.getpid())
        return _folder


def _claim(folder: Path) -> int | None:
    """Lock a folder while the returned file is open; return None if another process holds the lock.

    On systems without such locks, every folder counts as locked.
    """
    if sys.platform == "win32":
        return None
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


def _remove_abandoned() -> None:
    """Remove the folders of processes that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        # The folder belongs to another user, or another process is removing it.
        with contextlib.suppress(OSError):
            # A new one may not be locked yet.
            if folder.stat().st_mtime < time.time() - _SETTLED and (handle := _claim(folder)) is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(handle)


def _remove(folder: Path, owner: int) -> None:
    # A forked process ends, too, and the folder is not its own.
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


def new_file() -> Path:
    """Return a path for a file from which a stream will be made."""
    return _private_folder() / secrets.token_hex(8)


def prepare(wasi: wasmtime.WasiConfig) -> None:
    """Open the folder for the store that will use these settings."""
    wasi.preopen_dir(str(_private_folder()), _NAME)


class StreamFiles:
    """Makes the streams of one store. An extension of the store."""

    def __init__(self, store: HandleOwner) -> None:
        if not store.streams:
            raise StreamError("files can become streams only in a store made with `Store(streams=True)`")
        self._store, self._raw = store, store.raw
        self._opener = InternalComponent(store, text.COMPONENT, text.EXPORTS)
        self._adopt()

    @classmethod
    def of(cls, store: HandleOwner) -> StreamFiles:
        """Return the maker of streams of `store`."""
        return store.extension(cls, cls)

    def _adopt(self) -> None:
        """Find our folder among the preopened ones."""
        for folder, name in self._opener.call(text.DIRECTORIES):
            if name == _NAME:
                self._opener.call(text.ADOPT, folder)
            else:
                folder.drop(self._raw)

    def directories(self) -> list[tuple[NativeResource, str]]:
        """Return the preopened folders except the runtime's, as `get-directories` does."""
        others: list[tuple[NativeResource, str]] = []
        for folder, name in self._opener.call(text.DIRECTORIES):
            if name == _NAME:
                folder.drop(self._raw)
            else:
                others.append((NativeResource._adopt(self._store, ffi.take_box(folder)), name))  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        return others

    def input_stream(self, path: Path) -> int:
        """Open a file of the folder; return the address of a box with an input stream."""
        return self._stream(text.READ, text.INPUT, path)

    def output_stream(self, path: Path) -> int:
        """Open a file of the folder; return the address of a box with an output stream."""
        return self._stream(text.WRITE, text.OUTPUT, path)

    def _stream(self, open_: str, give: str, path: Path) -> int:
        number = self._opener.call(open_, path.name)
        if number < 0:
            raise StreamError(f"{path} cannot be opened any more")
        return self._opener.box(give, number)


def hidden(store: HandleOwner) -> Callable[[], list[tuple[NativeResource, str]]]:
    """Return an implementation of `get-directories` that leaves our folder out."""
    reference = weakref.ref(store)
    # Inside an async function of the guest, the adapter cannot be called.
    ahead = [StreamFiles.of(store).directories() for _ in range(_AHEAD)] if store.concurrent else []

    def directories() -> list[tuple[NativeResource, str]]:
        if ahead:
            return ahead.pop()
        asked = reference()
        return [] if asked is None else StreamFiles.of(asked).directories()

    return directories


def refused(store: HandleOwner, reason: str) -> Callable[[], list[tuple[NativeResource, str]]]:
    """Return an implementation of `get-directories` for where no file can be used: it raises if there are folders."""
    found = InternalComponent(store, text.COMPONENT, (text.DIRECTORIES,)).call(text.DIRECTORIES)
    for folder, _ in found:
        folder.drop(store.raw)
    folders = [name for _, name in found if name != _NAME]

    def directories() -> list[tuple[NativeResource, str]]:
        if folders:
            raise EngineError(f"the guest cannot use {', '.join(folders)} here: {reason}")
        return []

    return directories
