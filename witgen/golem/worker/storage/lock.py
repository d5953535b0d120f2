"""Lock that lets one process at a time run the workers of a state file, under whatever name."""

from __future__ import annotations

import contextlib
import os
import platform
import stat
import sys
import time
from pathlib import Path
from typing import Final

from ....base.files import is_nothing_to_read
from ..errors import StateError

__all__ = ["StateLock", "canonical", "is_locked", "make_folder", "make_private", "refuse_irregular"]

_PATIENCE: Final = 0.2
"""Seconds for which a lock is tried: `is_locked` of another process may hold it for a moment."""

_OWNER_LENGTH: Final = 1000


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

    The lock's file says which process holds it.

    Args:
        path: the file's canonical path.

    Raises:
        StateError: another process holds it; the message says which.
    """

    def __init__(self, path: Path) -> None:
        make_folder(path.parent)
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        try:
            self._descriptor: int | None = os.open(_beside(path), flags, 0o600)
        except OSError as error:
            raise StateError(f"{path}: the lock beside the state file cannot be opened: {error}") from None
        due = time.monotonic() + _PATIENCE
        while not _try_lock(self._descriptor):
            if time.monotonic() >= due:
                owner = _owner(self._descriptor)
                self.release()
                raise StateError(
                    f"{path}: the state file is locked by {owner}, which runs its workers. Wait until that ends, end "
                    "it (its workers continue later), or name another state file with --state FILE."
                )
            time.sleep(_PATIENCE / 10)
        _sign(self._descriptor)

    def release(self) -> None:
        """Release the lock; twice is fine."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def is_locked(path: Path) -> bool:
    """Return whether a process holds the lock of a state file, or may hold it: its lock cannot be opened.

    Args:
        path: the file's canonical path.
    """
    try:
        descriptor = os.open(_beside(path), os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        return not _try_lock(descriptor, shared=True)
    finally:
        os.close(descriptor)


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.lock")


def _sign(descriptor: int) -> None:
    """Write into the lock's file who holds it, after the byte that Windows locks; a full disk does not matter."""
    with contextlib.suppress(OSError):
        os.ftruncate(descriptor, 1)
        os.lseek(descriptor, 1, os.SEEK_SET)
        os.write(descriptor, f"{os.getpid()}\n{_program()}\n{platform.node()}\n".encode(errors="replace"))


def _program() -> str:
    """Return what this process runs: a command of witgen without its arguments, or the name of a program."""
    started = Path(sys.argv[0] if sys.argv else "")
    name = started.parent.name if started.name == "__main__.py" else started.name
    if name == "witgen" and len(sys.argv) > 1:
        return f"witgen {sys.argv[1]}"
    return name if name not in {"", "-c", "-m"} else Path(sys.executable).name


def _owner(descriptor: int) -> str:
    """Return who holds a lock, as the lock's file says."""
    try:
        os.lseek(descriptor, 1, os.SEEK_SET)
        number, program, machine = os.read(descriptor, _OWNER_LENGTH).decode(errors="replace").splitlines()
    except (OSError, ValueError):
        return "another process"
    place = "" if machine == platform.node() else f" on {machine}"
    return f"process {number}{place} (`{program}`)"


if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int, *, shared: bool = False) -> bool:
        """Lock a file until it is closed; return False if another process has locked it. Windows shares no locks."""
        del shared
        try:
            os.lseek(descriptor, 0, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import errno
    import fcntl

    def _try_lock(descriptor: int, *, shared: bool = False) -> bool:
        """Lock a file until it is closed; return False if another process has locked it."""
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except OSError as error:
            # Some network file systems have no locks; there, users have to coordinate themselves, and nobody can tell.
            return not shared and error.errno in {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP}
        return True
