"""An output folder, looked at and changed without going through links in it.

The folder itself may be a link; nothing below it that is one is followed, so that whatever is written or removed is in
the folder. Where the system can, every step is taken from an open folder, so that nothing changes in between.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..base import files

__all__ = ["FOLDER", "LINK", "NOT_REGULAR", "Blocked", "Changes", "Inside", "changing"]

LINK = "is a link, and witgen does not write through links"
FOLDER = "is a folder where a file has to be"
NOT_REGULAR = f"is {files.NOT_REGULAR}"

_TEMPORARY = re.compile(r"\.witgen-[0-9a-f]{16}\.tmp")


class Blocked(Exception):  # noqa: N818 - not a failure: callers collect what is in the way
    """A path that witgen never replaces is in the way of a file or one of its folders."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"`{path}` {reason}")
        self.path = path
        self.reason = reason


class Inside:
    """The content of a folder. Paths are relative to it, with slashes."""

    def __init__(self, folder: Path) -> None:
        self._root = os.fspath(folder)
        self._obstacles: dict[str, str | None] = {"": None}

    def read(self, path: str) -> bytes | None:
        """Return the content of a file; None if it does not exist, or a folder of its path is a file.

        Raises:
            Blocked: there is a link on the way, or it is not a regular file.
        """
        if self.file_in_the_way(path) is not None:
            return None
        full = os.path.join(self._root, path)
        mode = _mode(full)
        if mode is None:
            return None
        if not stat.S_ISREG(mode):
            raise Blocked(path, LINK if stat.S_ISLNK(mode) else FOLDER if stat.S_ISDIR(mode) else NOT_REGULAR)
        try:
            return files.read(full)
        except FileNotFoundError:  # it was there a moment ago
            return None

    def linked(self, path: str) -> bytes | None:
        """Return the content of the regular file that a link leads to, where there is such a link and file."""
        try:
            return files.read(os.path.join(self._root, path))
        except OSError:
            return None

    def file_in_the_way(self, path: str) -> str | None:
        """Return the path of a file that is in the way of a folder of `path`.

        Raises:
            Blocked: there is a link, or something else that is neither a file nor a folder.
        """
        folder = path.rpartition("/")[0]
        if folder not in self._obstacles:
            above = self.file_in_the_way(folder)
            self._obstacles[folder] = above if above is not None else self._obstacle(folder)
        return self._obstacles[folder]

    def _obstacle(self, folder: str) -> str | None:
        mode = _mode(os.path.join(self._root, folder))
        if mode is None or stat.S_ISDIR(mode):
            return None
        if stat.S_ISREG(mode):
            return folder
        raise Blocked(folder, LINK if stat.S_ISLNK(mode) else NOT_REGULAR)

    def modules(self) -> Iterator[str]:
        """Yield the paths of all entries called `*.py`, except links and entries below links."""
        pending = [""]
        while pending:
            folder = pending.pop()
            try:
                entries = sorted(os.listdir(os.path.join(self._root, folder)))
            except FileNotFoundError:
                continue
            for name in entries:
                path = f"{folder}/{name}".lstrip("/")
                mode = _mode(os.path.join(self._root, path)) or 0
                if stat.S_ISDIR(mode):
                    pending.append(path)
                elif name.endswith(".py") and not stat.S_ISLNK(mode):
                    yield path


def _mode(path: str) -> int | None:
    """Return the type of the entry at `path`, without following a link; None if there is none."""
    try:
        status = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if sys.platform == "win32" and status.st_reparse_tag == stat.IO_REPARSE_TAG_MOUNT_POINT:
        return stat.S_IFLNK
    return status.st_mode


@contextmanager
def changing(folder: Path) -> Generator[Changes]:
    """Open a folder to change its content."""
    changes = Changes(os.fspath(folder))
    try:
        yield changes
    finally:
        changes.close()


if sys.platform == "win32":

    class _Place:
        """A folder that is in use."""

        def __init__(self, path: str) -> None:
            self._path = path

        @classmethod
        def root(cls, path: str) -> _Place:
            return cls(path)

        def child(self, name: str) -> _Place:
            path = os.path.join(self._path, name)
            if not stat.S_ISDIR(_mode(path) or 0):
                raise NotADirectoryError(20, LINK, path)
            return _Place(path)

        def make(self, name: str) -> None:
            os.mkdir(os.path.join(self._path, name))

        def names(self) -> list[str]:
            return os.listdir(self._path)

        def create(self, name: str) -> int:
            return os.open(os.path.join(self._path, name), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_BINARY)

        def rename(self, old: str, new: str) -> None:
            os.replace(os.path.join(self._path, old), os.path.join(self._path, new))

        def unlink(self, name: str) -> None:
            os.unlink(os.path.join(self._path, name))

        def rmdir(self, name: str) -> None:
            os.rmdir(os.path.join(self._path, name))

        def close(self) -> None:
            pass

else:

    class _Place:
        """A folder that is in use."""

        def __init__(self, descriptor: int) -> None:
            self._at = descriptor

        @classmethod
        def root(cls, path: str) -> _Place:
            return cls(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))

        def child(self, name: str) -> _Place:
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
            return _Place(os.open(name, flags, dir_fd=self._at))

        def make(self, name: str) -> None:
            os.mkdir(name, dir_fd=self._at)

        def names(self) -> list[str]:
            return os.listdir(self._at)

        def create(self, name: str) -> int:
            return os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666, dir_fd=self._at)

        def rename(self, old: str, new: str) -> None:
            os.replace(old, new, src_dir_fd=self._at, dst_dir_fd=self._at)

        def unlink(self, name: str) -> None:
            os.unlink(name, dir_fd=self._at)

        def rmdir(self, name: str) -> None:
            os.rmdir(name, dir_fd=self._at)

        def close(self) -> None:
            os.close(self._at)


class Changes:
    """Changes the content of a folder."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._places = {"": _Place.root(root)}

    def close(self) -> None:
        """Let go of the folder."""
        for place in self._places.values():
            place.close()

    def replace(self, path: str, text: str) -> None:
        """Write a file in one step, its folders as well where they are missing."""
        folder, _, name = path.rpartition("/")
        place = self._place(folder, make=True)
        temporary = f".witgen-{os.urandom(8).hex()}.tmp"
        try:
            with open(place.create(temporary), "wb") as file:
                file.write(text.encode())
            place.rename(temporary, name)
        except BaseException:
            with suppress(OSError):
                place.unlink(temporary)
            raise

    def remove(self, path: str) -> None:
        """Remove a file, and folders that then hold nothing but Python's caches of removed files."""
        folder, _, name = path.rpartition("/")
        with suppress(FileNotFoundError):
            self._place(folder).unlink(name)
        while folder and self._is_done(folder):
            folder = folder.rpartition("/")[0]

    def sweep(self, folder: str) -> None:
        """Remove the unfinished files of runs that were killed."""
        with suppress(FileNotFoundError, NotADirectoryError):
            place = self._place(folder)
            for name in filter(_TEMPORARY.fullmatch, place.names()):
                with suppress(FileNotFoundError, IsADirectoryError, PermissionError):
                    place.unlink(name)

    def _place(self, folder: str, *, make: bool = False) -> _Place:
        if folder not in self._places:
            above, _, name = folder.rpartition("/")
            parent = self._place(above, make=make)
            if make:
                with suppress(FileExistsError):
                    parent.make(name)
            try:
                self._places[folder] = parent.child(name)
            except OSError as error:
                error.filename = os.path.join(self._root, folder)
                raise
        return self._places[folder]

    def _is_done(self, folder: str) -> bool:
        """Remove a folder if it holds nothing but caches; return whether it was removed."""
        above, _, name = folder.rpartition("/")
        caches = f"{folder}/__pycache__"
        try:
            place = self._place(folder)
            if set(place.names()) - {"__pycache__"}:
                return False
            with suppress(FileNotFoundError):
                inner = self._place(caches)
                for cached in inner.names():
                    if cached.endswith(".pyc"):
                        inner.unlink(cached)
                self._forget(caches)
                place.rmdir("__pycache__")
            self._forget(folder)
            self._place(above).rmdir(name)
        except OSError:  # something else is in it, or it is a link
            return False
        return True

    def _forget(self, folder: str) -> None:
        place = self._places.pop(folder, None)
        if place is not None:
            place.close()
