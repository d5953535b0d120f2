"""One run at a time in an output folder."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterable
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

__all__ = ["exclusive"]


@contextmanager
def exclusive(*folders: Path) -> Generator[None]:
    """Wait until no other run writes to `folders`, which are made if need be, and keep others out.

    The system lets go of a lock when a process dies, however it dies. Folders that were made and in which nothing was
    written are removed in the end.
    """
    with ExitStack() as held:
        # Each once, and all runs in the same order: none waits for another that waits for it.
        for folder in sorted({os.path.realpath(folder) for folder in folders}):
            held.enter_context(_exclusive(Path(folder)))
        yield


@contextmanager
def _exclusive(folder: Path) -> Generator[None]:
    while True:
        made = [each for each in (folder, *folder.parents) if not each.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = _open(folder)
        except FileNotFoundError:
            continue
        try:
            _lock(descriptor)
            if not _is_at(descriptor, folder):
                continue  # the previous holder has removed it
            try:
                yield
            finally:
                _remove_empty(made)
            return
        finally:
            os.close(descriptor)


def _remove_empty(folders: Iterable[Path]) -> None:
    with suppress(OSError):
        for folder in folders:
            folder.rmdir()


if sys.platform == "win32":
    import errno
    import hashlib
    import msvcrt
    import tempfile

    def _open(folder: Path) -> int:
        # Windows locks files only; one beside the output would be a file too many in people's folders.
        name = hashlib.sha256(str(folder.resolve()).casefold().encode("utf-8", "backslashreplace")).hexdigest()[:16]
        return os.open(Path(tempfile.gettempdir()) / f"witgen-{name}.lock", os.O_RDWR | os.O_CREAT)

    def _is_at(descriptor: int, folder: Path) -> bool:
        del descriptor
        return folder.is_dir()

    def _lock(descriptor: int) -> None:
        while True:
            try:
                msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
            except OSError as error:
                if error.errno != errno.EDEADLK:  # the error with which it gives up after ten seconds
                    raise
            else:
                return

else:
    import errno
    import fcntl

    def _open(folder: Path) -> int:
        return os.open(folder, os.O_RDONLY | os.O_DIRECTORY)

    def _is_at(descriptor: int, folder: Path) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), os.stat(folder))
        except FileNotFoundError:
            return False

    def _lock(descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError as error:
            # Some network file systems have no locks; there, people look out for each other themselves.
            if error.errno not in {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP}:
                raise
