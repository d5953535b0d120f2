"""Lock that lets one process at a time run the workers of a state file, under whatever name."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from ....base.files import is_nothing_to_read
from ..errors import StateError

__all__ = ["StateLock", "canonical", "make_folder", "make_private", "refuse_irregular"]


def canonical(path: Path) -> Path:
    """Return the path of a file with symbolic links resolved, so that all names share the files beside it.

    Raises:
        StateError: it is not a file, or its path, which the file stores, is not UTF-8.
    """
    try:
        found = path.resolve()
        str(found).encode()
        mode = found.stat().st_mode
    except FileNotFoundError:
        return path.resolve()
    except UnicodeEncodeError:
        raise StateError(f"{path}: the path of a state file must be UTF-8; name another one with --state") from None
    except (OSError, RuntimeError, ValueError) as error:
        raise StateError(f"{path}: the state file cannot be used: {error}") from None
    if not stat.S_ISREG(mode):
        raise StateError(f"{path}: this is not a file; name another one with --state")
    return found


def refuse_irregular(*paths: Path) -> None:
    """Raise if one of these paths exists and is not a file.

    Raises:
        StateError: one is a folder, a pipe, a device or a socket.
    """
    for path in paths:
        if is_nothing_to_read(path) or path.is_dir():
            raise StateError(f"{path}: this is not a file, and it is in the way; move it away")


def make_folder(path: Path) -> None:
    """Create a folder that only this user can access; leave an existing one unchanged."""
    if not path.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)


def make_private(path: Path) -> None:
    """Create a file that only this user can read, if missing. SQLite gives the files beside it the same mode."""
    make_folder(path.parent)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600))


class StateLock:
    """Lock of a state file for this process. The system releases it when the process ends, however it ends.

    Args:
        path: the file's canonical path.
    """

    def __init__(self, path: Path) -> None:
        make_folder(path.parent)
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        try:
            self._descriptor: int | None = os.open(path.with_name(f"{path.name}.lock"), flags, 0o600)
        except OSError as error:
            raise StateError(f"{path}: the lock beside the state file cannot be opened: {error}") from None
        try:
            _lock(self._descriptor)
        except OSError:
            self.release()
            raise StateError(
                f"{path}: the state file is locked: another process runs its workers. Wait for it, end its calls with "
                "`witgen workers interrupt`, or use another file."
            ) from None

    def release(self) -> None:
        """Release the lock; twice is fine."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import errno
    import fcntl

    def _lock(descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            # Some network file systems have no locks; there, users have to coordinate themselves.
            if error.errno not in {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP}:
                raise
