"""Reading and replacing files that others may have put anything in the place of.

Opening a FIFO waits for a writer, reading some devices never ends, and writing to a link changes a file somewhere else:
whatever witgen reads or writes in a user's folder goes through here.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from contextlib import suppress

__all__ = ["NOT_REGULAR", "check_regular", "distrust", "is_nothing_to_read", "read", "read_owned", "replace"]

NOT_REGULAR = "not a regular file"

# Not to wait, not to get a terminal, not to be inherited. Windows has none of these, and no FIFOs in its folders.
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
)
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def read(path: str | os.PathLike[str]) -> bytes:
    """Return what is in a regular file.

    Raises:
        OSError: it cannot be read, or is a folder, a FIFO, a device or a socket.
        ValueError: no file can have this path.
    """
    # Looked at before it is opened, because opening alone has an effect on some devices.
    _refuse(os.stat(path), path)
    with open(os.open(path, _FLAGS), "rb") as file:
        _refuse(os.fstat(file.fileno()), path)
        return file.read()


def read_owned(path: str) -> bytes:
    """Return what is in a regular file of this user that nobody else may write.

    Raises:
        OSError: as `read`; or it is somebody else's, or a link.
    """
    with open(os.open(path, _FLAGS | getattr(os, "O_NOFOLLOW", 0)), "rb") as file:
        status = os.fstat(file.fileno())
        _refuse(status, path)
        if _is_shared(status):
            raise PermissionError(errno.EPERM, "others may write it", path)
        return file.read()


def distrust(folder: str) -> str | None:
    """Return why a folder may hold what others put there; None where only this user can have written to it.

    The folder above it counts as well: whoever may write there can put another folder in the place of this one. A
    group may write there, as in many home folders; then the folder below still has to be this user's own.

    Raises:
        OSError: there is no such folder.
    """
    if sys.platform == "win32":  # who may do what is kept elsewhere, and the cache is below the user's own folder
        return None
    status, above = os.stat(folder), os.stat(os.path.dirname(folder))
    if not stat.S_ISDIR(status.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), folder)
    if status.st_uid != os.geteuid():
        return f"`{folder}` belongs to another user"
    if status.st_mode & _OTHERS_WRITE:
        return f"others may write to `{folder}`"
    if above.st_uid not in {0, os.geteuid()}:
        return f"`{os.path.dirname(folder)}` belongs to another user"
    if above.st_mode & stat.S_IWOTH and not above.st_mode & stat.S_ISVTX:
        return f"others may write to `{os.path.dirname(folder)}`"
    return None


def _is_shared(status: os.stat_result) -> bool:
    return sys.platform != "win32" and (status.st_uid != os.geteuid() or bool(status.st_mode & _OTHERS_WRITE))


def check_regular(path: str | os.PathLike[str]) -> None:
    """Make sure that a file can be read, or written anew, without waiting for somebody.

    Raises:
        OSError: it is a FIFO, a device or a socket.
    """
    if is_nothing_to_read(path):
        raise OSError(errno.EINVAL, NOT_REGULAR, os.fspath(path))


def is_nothing_to_read(path: str | os.PathLike[str]) -> bool:
    """Tell whether something is there that is neither a regular file nor a folder, also where a link leads."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def replace(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file in one step, in the place of one that is there; of a link, what it leads to stays as it is.

    Raises:
        OSError: it cannot be written, or something is there that is neither a regular file nor a link.
    """
    name = os.fspath(path)
    check_regular(name)
    temporary = os.path.join(os.path.dirname(name), f".witgen-{os.urandom(8).hex()}.tmp")
    try:
        with open(temporary, "xb") as file:
            file.write(content)
        os.replace(temporary, name)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def _refuse(status: os.stat_result, path: str | os.PathLike[str]) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, NOT_REGULAR, os.fspath(path))
