"""From a `Wasi` to the settings of one store, with the folders and log lines that end with it."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import tempfile
import weakref
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import wasmtime

from ..capi.wasi import open_folder
from ..errors import HostError
from .captured import Captured, LogLines
from .outputs import Deferred, Output
from .settings import Folder, MemoryFolder
from .store_config import StoreConfig

if TYPE_CHECKING:
    from .settings import OutputTarget, Wasi

__all__ = ["StoreSettings"]

_Loop = Callable[[], asyncio.AbstractEventLoop | None]


class StoreSettings:
    """The settings of one store, made of a value that others may share.

    Args:
        wasi: the value.
        loop: returns the event loop that calls the store, None without one.

    Attributes:
        config: what wasmtime takes.
        folders: the folders of this machine, by their paths in the guest.

    Raises:
        HostError: a folder or a file cannot be used.
    """

    def __init__(self, wasi: Wasi, loop: _Loop) -> None:
        self.config = StoreConfig()
        self.folders: dict[str, Path] = {}
        self._loop = loop
        self._ending = ExitStack()
        try:
            self.config.argv = list(wasi.args)
            self.config.env = list(wasi.env.items())
            for name, folder in wasi.folders.items():
                self._add_folder(name, folder)
            self._lead_stdin(wasi)
            self._lead("stdout", wasi.stdout)
            self._lead("stderr", wasi.stderr)
        except BaseException:
            self.end()
            raise

    def _add_folder(self, name: str, folder: Folder) -> None:
        if isinstance(folder, MemoryFolder):
            path, access = Path(tempfile.mkdtemp(prefix="witgen-folder-")), folder.access
            self._ending.callback(weakref.finalize(self, _remove, path, os.getpid()))
            folder.fill(path)
        else:
            given, access = folder if isinstance(folder, tuple) else (folder, "read")
            path = Path(given).absolute()
            if not path.is_dir():
                raise HostError(f"the guest's folder {name} cannot be used: there is no folder {path}")
        try:
            open_folder(self.config, str(path), name, writable=access == "write")
        except wasmtime.WasmtimeError as error:
            raise HostError(f"the guest's folder {name} cannot be used: {path}: {error}") from None
        self.folders[name] = path

    def _lead_stdin(self, wasi: Wasi) -> None:
        if wasi.stdin == "inherit":
            self.config.inherit_stdin()
        elif isinstance(wasi.stdin, bytes):
            self.config.set_stdin(wasi.stdin)
        elif wasi.stdin is not None:
            try:
                self.config.stdin_file = os.fspath(wasi.stdin)
            except wasmtime.WasmtimeError:
                raise HostError(f"the guest's stdin cannot be read: {_unreadable(wasi.stdin)}") from None

    def _lead(self, stream: str, target: OutputTarget) -> None:
        if target is None:
            return
        if isinstance(target, str):
            (self.config.inherit_stdout if stream == "stdout" else self.config.inherit_stderr)()
        elif isinstance(target, os.PathLike):
            path = str(os.fspath(target))  # pyright: ignore[reportUnknownArgumentType]  (a narrowed function may be one)
            try:
                setattr(self.config, f"{stream}_file", path)
            except wasmtime.WasmtimeError:
                raise HostError(f"the guest's {stream} cannot be written: {path}") from None
        else:
            self.config.lead(stream, self._output(stream, target))

    def _output(self, stream: str, target: Captured | logging.Logger | Callable[[bytes], object]) -> Output:
        if isinstance(target, Captured):
            return Output(target.write)
        if isinstance(target, logging.Logger):
            lines = LogLines(target, logging.INFO if stream == "stdout" else logging.WARNING)
            self._ending.callback(lines.finish)
            return Output(lines.write)
        return Deferred(target, self._loop)

    def end(self) -> None:
        """Remove the store's own folders, and log what is left; twice is fine."""
        self._ending.close()


def _unreadable(path: str | os.PathLike[str]) -> str:
    """Return a path and why it cannot be read, which wasmtime does not say."""
    try:
        with Path(path).open("rb"):
            return os.fspath(path)
    except OSError as error:
        return f"{os.fspath(path)}: {error.strerror}"


def _remove(folder: Path, owner: int) -> None:
    # A forked process ends, too, and the folder is not its own.
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)
