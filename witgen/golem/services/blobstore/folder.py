"""The folder behind `wasi:blobstore`: a folder for each container, a file for each object."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, BinaryIO, Final

from ..budget import Budget, size_of
from ..errors import ServiceError
from .names import from_path, to_path

__all__ = ["BlobError", "BlobFolder"]

_CREATED: Final = ".created"
"""A file in each container, created with it to record its age. Files of objects never begin with a dot."""

_UNFINISHED: Final = ".unfinished"
"""The folder for unfinished objects, which get their names when they are complete."""

_CHUNK: Final = 1 << 20

_ABANDONED: Final = 24 * 3600
"""Seconds after which an unfinished object counts as abandoned by a killed process."""


class BlobError(Exception):
    """Operation that the store cannot do; the text says why."""


class BlobFolder:
    """Containers and objects. Objects appear and change as a whole; every method raises `BlobError` or `OSError`.

    Args:
        root: the folder, created if missing. Nothing outside it is read or written, even if it contains symbolic
            links.
        limit: the size limit, in bytes, of all objects together.

    Raises:
        ServiceError: the folder cannot be created.
    """

    def __init__(self, root: Path, limit: int | None = None) -> None:
        try:
            (root / _UNFINISHED).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ServiceError(f"{root} cannot be used as a blob store: {error}") from error
        self._root = root.resolve()
        self._budget = Budget("the blob store", limit, lambda: size_of(self._root))
        self._remove_abandoned()
        # Long names use subfolders that come and go with their objects. The lock keeps one thread from removing
        # a subfolder between another thread's two steps.
        self._lock = threading.RLock()

    def _remove_abandoned(self) -> None:
        for path in (self._root / _UNFINISHED).iterdir():
            # Another process may do the same at the same time.
            with contextlib.suppress(OSError):
                if path.stat().st_mtime < time.time() - _ABANDONED:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()

    def create(self, container: str) -> None:
        """Create a container."""
        path, unfinished = self._path(container), self._new()
        try:
            unfinished.mkdir()
            (unfinished / _CREATED).touch()
            with self._lock:
                self._make_room(path, container)
                # Fails if the container exists, because an existing one is never empty.
                unfinished.rename(path)
        except OSError as error:
            if not path.is_dir():
                raise
            raise BlobError(f"the container {container!r} already exists") from error
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    def exists(self, container: str) -> bool:
        """Return whether a container exists."""
        path = self._path(container)
        return path.is_dir() and self._is_inside(path)

    def delete(self, container: str) -> None:
        """Remove a container."""
        unwanted = self._new()
        with self._lock:
            path = self._container(container)
            path.rename(unwanted)
            self._tidy(path.parent, self._root)
        shutil.rmtree(unwanted)

    def created(self, container: str) -> float:
        """Return the time when a container was created, in Unix time."""
        path = self._container(container)
        mark = path / _CREATED
        return (mark if mark.exists() else path).stat().st_mtime

    def objects(self, container: str) -> list[str]:
        """Return the names of all objects."""
        path = self._container(container)
        return [from_path(each.relative_to(path)) for each in _files(path)]

    def open(self, container: str, name: str) -> BinaryIO:
        """Open an object. The open file does not change when the object is replaced or removed."""
        path = self._object(container, name)
        return path.open("rb")

    def info(self, container: str, name: str) -> os.stat_result:
        """Return the file status of an object."""
        return self._object(container, name).stat()

    def has(self, container: str, name: str) -> bool:
        """Return whether an object exists."""
        path = self._container(container) / self._relative(name)
        return path.is_file() and self._is_inside(path)

    def write(self, container: str, name: str, content: IO[bytes]) -> None:
        """Store an object."""
        unfinished = self._new()
        try:
            with unfinished.open("xb") as file:
                while chunk := content.read(_CHUNK):
                    self._budget.spend(len(chunk))
                    file.write(chunk)
            self._place(unfinished, container, name)
        finally:
            unfinished.unlink(missing_ok=True)

    def move(self, source: tuple[str, str], target: tuple[str, str]) -> None:
        """Move an object to another name, in the same container or another one."""
        path = self._object(*source)
        if source != target:
            self._place(path, *target)
            with self._lock:
                self._tidy(path.parent, self._path(source[0]))

    def remove(self, container: str, names: Iterable[str]) -> None:
        """Remove the given objects that exist."""
        folder = self._container(container)
        for name in names:
            path = folder / self._relative(name)
            with self._lock:
                if self._is_inside(path.parent):
                    path.unlink(missing_ok=True)
                    self._tidy(path.parent, folder)

    def _place(self, file: Path, container: str, name: str) -> None:
        """Move a finished file to the place of an object, replacing an existing one."""
        path = self._container(container) / self._relative(name)
        with self._lock:
            self._make_room(path, name)
            file.replace(path)

    def _make_room(self, path: Path, name: str) -> None:
        """Create the subfolders of a long name."""
        path.parent.mkdir(parents=True, exist_ok=True)
        if not self._is_inside(path.parent):
            raise BlobError(f"{name!r} is not in the folder of the blob store")

    def _tidy(self, folder: Path, end: Path) -> None:
        """Remove the subfolders of a long name that are empty."""
        with contextlib.suppress(OSError):
            while folder != end:
                folder.rmdir()
                folder = folder.parent

    def _new(self) -> Path:
        return self._root / _UNFINISHED / secrets.token_hex(8)

    def _relative(self, name: str) -> Path:
        try:
            return to_path(name)
        except ValueError as error:
            raise BlobError(str(error)) from error

    def _path(self, container: str) -> Path:
        return self._root / self._relative(container)

    def _container(self, name: str) -> Path:
        if not self.exists(name):
            raise BlobError(f"there is no container {name!r}")
        return self._path(name)

    def _object(self, container: str, name: str) -> Path:
        if not self.has(container, name):
            raise BlobError(f"there is no object {name!r} in the container {container!r}")
        return self._path(container) / self._relative(name)

    def _is_inside(self, path: Path) -> bool:
        """Return whether no part of a path is a symbolic link."""
        return os.path.realpath(path) == str(path)


def _files(folder: Path) -> Iterator[Path]:
    try:
        entries = list(os.scandir(folder))
    except FileNotFoundError:
        # The subfolder was removed meanwhile with its last object.
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _files(Path(entry.path))
        elif entry.is_file(follow_symlinks=False) and entry.name != _CREATED:
            yield Path(entry.path)
