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
"""A file in each container, as old as that. Objects have no names with a dot at the beginning."""

_UNFINISHED: Final = ".unfinished"
"""The folder for what is being written: it gets its name when it is complete."""

_CHUNK: Final = 1 << 20

_ABANDONED: Final = 24 * 3600
"""Seconds after which nobody writes any more: the process that did was killed."""


class BlobError(Exception):
    """What was asked cannot be done; the text says why."""


class BlobFolder:
    """Containers and objects. Objects appear and change as a whole; every method raises `BlobError` or `OSError`.

    Args:
        root: the folder, which is made where it does not exist. Nothing outside it is read or written, also where
            there are symbolic links in it.
        limit: bytes that all objects together may have.

    Raises:
        ServiceError: it cannot be made.
    """

    def __init__(self, root: Path, limit: int | None = None) -> None:
        try:
            (root / _UNFINISHED).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ServiceError(f"{root} cannot be used as a blob store: {error}") from error
        self._root = root.resolve()
        self._limit = limit
        self._remove_abandoned()
        # Folders of long names come and go with their objects; here, not one between the other's two steps.
        self._lock = threading.RLock()

    def _remove_abandoned(self) -> None:
        for path in (self._root / _UNFINISHED).iterdir():
            # Another process may do the same.
            with contextlib.suppress(OSError):
                if path.stat().st_mtime < time.time() - _ABANDONED:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()

    def create(self, container: str) -> None:
        """Make a container."""
        path, unfinished = self._path(container), self._new()
        try:
            unfinished.mkdir()
            (unfinished / _CREATED).touch()
            with self._lock:
                self._make_room(path, container)
                # Fails where there is one, because that is never empty.
                unfinished.rename(path)
        except OSError as error:
            if not path.is_dir():
                raise
            raise BlobError(f"the container {container!r} exists already") from error
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    def exists(self, container: str) -> bool:
        """Tell whether there is a container."""
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
        """Tell when a container was made, in Unix time."""
        path = self._container(container)
        mark = path / _CREATED
        return (mark if mark.exists() else path).stat().st_mtime

    def objects(self, container: str) -> list[str]:
        """Return the names of all objects."""
        path = self._container(container)
        return [from_path(each.relative_to(path)) for each in _files(path)]

    def open(self, container: str, name: str) -> BinaryIO:
        """Open an object. What is open stays as it is when the object is replaced or removed."""
        path = self._object(container, name)
        return path.open("rb")

    def info(self, container: str, name: str) -> os.stat_result:
        """Return what is known about an object's file."""
        return self._object(container, name).stat()

    def has(self, container: str, name: str) -> bool:
        """Tell whether there is an object."""
        path = self._container(container) / self._relative(name)
        return path.is_file() and self._is_inside(path)

    def write(self, container: str, name: str, content: IO[bytes]) -> None:
        """Store an object."""
        unfinished = self._new()
        try:
            budget = Budget("the blob store", self._limit, 0 if self._limit is None else size_of(self._root))
            with unfinished.open("xb") as file:
                while chunk := content.read(_CHUNK):
                    budget.spend(len(chunk))
                    file.write(chunk)
            self._place(unfinished, container, name)
        finally:
            unfinished.unlink(missing_ok=True)

    def move(self, source: tuple[str, str], target: tuple[str, str]) -> None:
        """Give an object another name, in the same container or in another."""
        path = self._object(*source)
        if source != target:
            self._place(path, *target)
            with self._lock:
                self._tidy(path.parent, self._path(source[0]))

    def remove(self, container: str, names: Iterable[str]) -> None:
        """Remove objects, as far as they are there."""
        folder = self._container(container)
        for name in names:
            path = folder / self._relative(name)
            with self._lock:
                if self._is_inside(path.parent):
                    path.unlink(missing_ok=True)
                    self._tidy(path.parent, folder)

    def _place(self, file: Path, container: str, name: str) -> None:
        """Make a file the object of that name, in place of one that is there."""
        path = self._container(container) / self._relative(name)
        with self._lock:
            self._make_room(path, name)
            file.replace(path)

    def _make_room(self, path: Path, name: str) -> None:
        """Make the folders of a long name."""
        path.parent.mkdir(parents=True, exist_ok=True)
        if not self._is_inside(path.parent):
            raise BlobError(f"{name!r} is not in the folder of the blob store")

    def _tidy(self, folder: Path, end: Path) -> None:
        """Remove the folders of a long name, if nothing else needs them."""
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
        """Tell whether a path is what it looks like: no part of it is a symbolic link."""
        return os.path.realpath(path) == str(path)


def _files(folder: Path) -> Iterator[Path]:
    try:
        entries = list(os.scandir(folder))
    except FileNotFoundError:
        # It went with its last object meanwhile.
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _files(Path(entry.path))
        elif entry.is_file(follow_symlinks=False) and entry.name != _CREATED:
            yield Path(entry.path)
