"""The bytes that a component is given as, and which ones they are: files that have not changed are not read again."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from pathlib import Path
from typing import Final, TypeAlias, TypeGuard

import wasmtime

from .arguments import check_argument
from .errors import ComponentError

__all__ = ["Content", "FileIdentity", "Source", "identify", "is_path", "is_settled", "path_of"]

Source: TypeAlias = str | os.PathLike[str] | bytes | bytearray | memoryview

FileIdentity: TypeAlias = tuple[int, int, int, int, int]
"""Device, inode, size, and the times of the last changes of content and status: they change with the content."""

_UNSETTLED: Final = 2_000_000_000
"""Nanoseconds. A file may change again without a new time, as some file systems count in seconds."""

_REMEMBERED: Final = 64

_digests: dict[FileIdentity, str] = {}
"""The digests of the files read last, the latest at the end."""


def is_path(source: object) -> TypeGuard[str | os.PathLike[str]]:
    """Return whether a source is a path, and not component text."""
    return isinstance(source, os.PathLike) or (isinstance(source, str) and not source.lstrip().startswith("("))


def path_of(source: object) -> Path | None:
    """Return the path that a source is, if it is one."""
    return Path(source) if is_path(source) else None


def identify(path: str | os.PathLike[str]) -> FileIdentity | None:
    """Return the identity of a regular file; None of anything else, and where there is nothing."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def is_settled(identity: FileIdentity) -> bool:
    """Return whether a file was not changed lately: only then does a change give it another identity."""
    return time.time_ns() - max(identity[3:]) > _UNSETTLED


class Content:
    """A component's bytes, read when they are needed; `digest` stands for them in the names of cached files.

    Raises:
        ComponentError: the source is a path of something other than a file.
        OSError: there is no such file, or it cannot be read.
        TypeError: the source is nothing that a component can be given as.
    """

    def __init__(self, source: Source) -> None:
        self.path = path_of(source)
        self._data: bytes | None = None
        identity = identify(self.path) if self.path is not None else None
        known = _digests.get(identity) if identity is not None else None
        if known is not None:
            self.digest = known
            return
        self._data = _read(source, self.path)
        self.digest = _digest(self._data)
        if self.path is not None and identity is not None and identity == identify(self.path) and is_settled(identity):
            _digests[identity] = self.digest
            while len(_digests) > _REMEMBERED:
                _digests.pop(next(iter(_digests), identity), None)

    @property
    def data(self) -> bytes:
        """The bytes.

        Raises:
            ComponentError: the file was replaced after it was found to be known.
            OSError: it cannot be read any more.
        """
        if self._data is None:
            data = _read(self.path or "", self.path)
            if _digest(data) != self.digest:
                raise ComponentError("the file was replaced while it was opened: open it again")
            self._data = data
        return self._data


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:40]


def _read(source: Source, path: Path | None) -> bytes:
    if isinstance(source, (bytes, bytearray, memoryview)):
        return bytes(source)
    expected = "a path, bytes, component text or a wasmtime.component.Component"
    check_argument("component", source, (str, os.PathLike), expected, _hint(source))
    if path is None:
        return str(source).encode()
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise ComponentError(f"{path} is not a regular file")  # opening a FIFO would wait for a writer
    return path.read_bytes()


def _hint(source: object) -> str:
    """Return the remedy for a source of the wrong type."""
    if isinstance(source, wasmtime.Module):
        return ", which is a core module; `wasm-tools component new` turns it into a component"
    return "; pass its path, or what its `read` returns" if hasattr(source, "read") else ""
