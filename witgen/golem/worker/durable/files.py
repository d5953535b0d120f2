"""The files of a worker: a folder that is rebuilt whenever the worker is loaded.

The oplog does not contain what a worker writes. Replay repeats the same operations on the same files, starting from an
empty folder or from the files of a snapshot, so files and oplog agree however the previous process ended. Replay cannot
repeat the system's file times, so file times are derived from those of the oplog's entries.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import stat
import tarfile
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Final

from ..errors import DamagedError, StateError
from ..storage.lock import make_folder

__all__ = ["Files", "prune_files", "remove_tree", "share_files", "worker_folder"]

_ENTRY_SIZE: Final = 4096
"""The most bytes that a file or folder uses in addition to its content, on common file systems."""

_TICK: Final = 1000
"""Nanoseconds. File times are multiples of this, which every archive and most file systems can store."""

_PRECISION: Final = 10**9
"""Nanoseconds. Files changed within this interval have the time of the last change."""

_PAUSE: Final = 0.5
"""Seconds between two checks of the used space."""

_OPEN_FILES: Final = Path("/proc/self/fd")


def worker_folder(folder: Path, number: int) -> Path:
    """Return the folder of a worker's files, below the folder beside the state file."""
    return folder / "files" / str(number)


class Files:
    """The files of one loaded worker.

    Args:
        place: the worker's folder; the guest sees its subfolder `root`.
        what: names the owner of the files, for messages.
        now: returns the worker's time, in nanoseconds since 1970, which is the same in replay.
        limit: the size limit of all files, in bytes; None for no limit.
    """

    def __init__(self, place: Path, what: str, now: Callable[[], int], limit: int | None) -> None:
        self.root = place / "root"
        self._archives = place / "snapshots"
        self._what = what
        self._now = now
        self._limit = limit
        self._spent = 0
        """An upper bound of the used bytes, which are counted again when it reaches the limit."""
        self._given: set[int] = set()
        """File times that were set here. A file with any other time was changed since, and has the system's."""
        self._changed_at: int | None = None
        self.is_watched = True
        """Whether all changes are reported to this object."""

    # Rebuilding

    def rebuild(self, archive: str | None) -> None:
        """Replace the folder by an empty one, or by a packed one.

        Raises:
            DamagedError: the archive is damaged.
            StateError: the folder cannot be created.
        """
        with self._explained():
            remove_tree(self.root)
            make_folder(self.root.parent.parent)
            make_folder(self.root.parent)
            self.root.mkdir(mode=0o700)
            self._spent = 0
            if archive is not None:
                self._unpack(archive)
                self._spent = self._size()
            self._give(self.root, self.time())

    def _unpack(self, name: str) -> None:
        path = self._archives / f"{name}.tar"
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            digest = ""
        if digest != name:
            raise DamagedError(
                f"{path} is gone or damaged: restore the files of the worker's last snapshot from a copy"
            )
        with tarfile.open(path) as archive:
            # The archive is our own, and no name in it leads through a link: only real folders were packed.
            archive.extractall(self.root, filter="fully_trusted")  # noqa: S202
            for member in reversed(archive.getmembers()):
                self._give(self.root / member.name, round(member.mtime * 1e6) * _TICK)

    def pack(self) -> str | None:
        """Pack the current files; return the name of the archive, None if there are no files."""
        self.settle()
        with self._explained():
            if not any(self.root.iterdir()):
                return None
            self._refuse_more(self._size())
            make_folder(self._archives)
            part = self._archives / f"{secrets.token_hex(8)}.part"
            try:
                with os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
                    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
                        for entry in _walk(self.root):
                            archive.add(entry.path, os.path.relpath(entry.path, self.root), recursive=False)
                    file.seek(0)
                    name = hashlib.file_digest(file, "sha256").hexdigest()
                part.replace(self._archives / f"{name}.tar")
            finally:
                part.unlink(missing_ok=True)
            return name

    @contextmanager
    def _explained(self) -> Generator[None]:
        try:
            yield
        except (OSError, tarfile.TarError) as error:
            reason = getattr(error, "strerror", None) or error
            raise StateError(f"the files of {self._what} cannot be kept: {reason}") from error

    # Times

    def time(self) -> int:
        """Return the time for files that change now."""
        return (self._now() if self._changed_at is None else self._changed_at) // _TICK * _TICK

    def is_given(self, modified: int) -> bool:
        """Return whether a file time was set here."""
        return modified in self._given

    def give(self, modified: int) -> None:
        """Record a time that is set on a file."""
        self._given.add(modified)

    def changed(self) -> None:
        """Record that a file changes now."""
        now = self._now()
        if self._changed_at is not None and now - self._changed_at >= _PRECISION:
            self.settle()
        self._changed_at = now

    def settle(self) -> None:
        """Replace the system's times of changed files by the worker's."""
        if self._changed_at is None and self.is_watched:
            return
        now, self._changed_at = self.time(), None
        with self._explained():
            for path in (self.root, *(Path(entry.path) for entry in _walk(self.root))):
                if not self.is_given(path.lstat().st_mtime_ns):
                    self._give(path, now)
            if not self.is_watched and self._limit is not None:
                self._refuse_more(self._size())

    def _give(self, path: Path, modified: int) -> None:
        if os.utime in os.supports_follow_symlinks or not path.is_symlink():
            os.utime(path, ns=(modified, modified), follow_symlinks=False)
        # Not every file system stores the full precision.
        self._given |= {modified, path.lstat().st_mtime_ns}

    # Space

    def grow(self, size: int = _ENTRY_SIZE) -> None:
        """Record that up to `size` more bytes are used.

        Raises:
            StateError: the files exceed the limit.
        """
        self._spent += size
        if self._limit is not None and self._spent > self._limit:
            with self._explained():
                self._spent = self._size()
            self._refuse_more(self._spent)

    def limited(self, stop: Callable[[BaseException], object]) -> AbstractContextManager[None]:
        """Check the used space regularly, if changes are not reported to this object.

        Args:
            stop: ends the current call with an exception.
        """
        return nullcontext() if self.is_watched or self._limit is None else self._watching(stop)

    @contextmanager
    def _watching(self, stop: Callable[[BaseException], object]) -> Generator[None]:
        over = threading.Event()
        thread = threading.Thread(target=self._watch, args=(over, stop), name="size of files", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _watch(self, over: threading.Event, stop: Callable[[BaseException], object]) -> None:
        while not over.wait(_PAUSE):
            # A file may be removed before it is counted.
            with suppress(OSError):
                try:
                    self._refuse_more(self._size())
                except StateError as error:
                    stop(error)
                    return

    def _refuse_more(self, size: int) -> None:
        if self._limit is not None and size > self._limit:
            raise StateError(
                f"the files of {self._what} take {size} bytes, and the limit is {self._limit}; `witgen run --disk` "
                "sets the limit"
            )

    def _size(self) -> int:
        found = [entry.stat(follow_symlinks=False) for entry in _walk(self.root)] + self._removed()
        sizes = {each.st_ino: each.st_size for each in found if stat.S_ISREG(each.st_mode)}
        return len(found) * _ENTRY_SIZE + sum(sizes.values())

    def _removed(self) -> list[os.stat_result]:
        """Return the status of removed files that are still open; only Linux lists them."""
        found: list[os.stat_result] = []
        for descriptor in _OPEN_FILES.iterdir() if _OPEN_FILES.is_dir() else ():
            with suppress(OSError):
                if descriptor.readlink().is_relative_to(self.root.resolve()):
                    state = descriptor.stat()
                    found += [state] if not state.st_nlink else []
        return found


def share_files(folder: Path, source: int, target: int) -> None:
    """Give a worker the snapshot files of another worker whose oplog it was forked from."""
    theirs, own = (worker_folder(folder, each) / "snapshots" for each in (source, target))
    for path in sorted(theirs.glob("*.tar")):
        make_folder(own.parent.parent)
        make_folder(own.parent)
        make_folder(own)
        shutil.copyfile(path, own / path.name)


def prune_files(folder: Path, needed: Mapping[int, str | None]) -> None:
    """Remove files that no worker needs: those of workers and snapshots that are not in `needed`."""
    names = {str(number): archive for number, archive in needed.items()}
    for place in (folder / "files").glob("*"):
        if place.name not in names:
            remove_tree(place)
            continue
        for path in (place / "snapshots").glob("*"):
            if path.name != f"{names[place.name]}.tar":
                path.unlink()


def remove_tree(folder: Path) -> None:
    """Remove a folder with its content.

    A guest can nest folders deeper than paths can be long or calls be nested. Such folders are moved up one level at a
    time.
    """
    if not folder.is_dir() or folder.is_symlink():
        if os.path.lexists(folder):  # not if a parent is not a folder
            folder.unlink()
        return
    count, above = 0, secrets.token_hex(8)
    while inner := [entry for entry in os.scandir(folder) if not _unlinked(entry)]:
        for each in inner:
            for entry in list(os.scandir(each.path)):
                if not _unlinked(entry):
                    count += 1
                    Path(entry.path).rename(folder / f"{above}-{count}")
            Path(each.path).rmdir()
    folder.rmdir()


def _unlinked(entry: os.DirEntry[str]) -> bool:
    """Remove an entry unless it is a folder; return whether it was removed."""
    if entry.is_dir(follow_symlinks=False):
        return False
    Path(entry.path).unlink()
    return True


def _walk(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Yield all entries below a folder, each folder before its content."""
    waiting = [str(folder)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in sorted(entries, key=lambda each: each.name):
                yield entry
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
