"""Reads and replaces files in folders where other programs may have put anything.

Opening a FIFO waits for a writer, reading some devices never ends, and writing to a link changes a file somewhere else:
so all reads and writes in a user's folder use this module.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from contextlib import suppress

__all__ = ["NOT_REGULAR", "check_regular", "distrust", "is_nothing_to_read", "read", "read_owned", "replace"]

NOT_REGULAR = "not a regular file"

# Do not wait, do not acquire a terminal, do not inherit. Windows has none of these flags, and no FIFOs in folders.
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
)
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def read(path: str | os.PathLike[str]) -> bytes:
    """Return the content of a regular file.

    Raises:
        OSError: the file cannot be read, or is a folder, a FIFO, a device or a socket.
        ValueError: no file can have this path.
    """
    # Looked at before it is opened, because opening alone has an effect on some devices.
    _refuse(os.stat(path), path)
    with open(os.open(path, _FLAGS), "rb") as file:
        _refuse(os.fstat(file.fileno()), path)
        return file.read()


def read_owned(path: str) -> bytes:
    """Return the content of a regular file that belongs to this user and that no other user may write.

    Raises:
        OSError: as `read`; or the file belongs to another user, or is a link.
    """
    with open(os.open(path, _FLAGS | getattr(os, "O_NOFOLLOW", 0)), "rb") as file:
        status = os.fstat(file.fileno())
        _refuse(status, path)
        if _is_shared(status):
            raise PermissionError(errno.EPERM, "others may write to it", path)
        return file.read()


def distrust(folder: str) -> str | None:
    """Return why a folder may hold other users' files; None if only this user can have written to it.

    The parent folder counts as well: a user who may write there can replace this folder. A group may write there, as in
    many home folders; then this folder must still belong to the user.

    Raises:
        OSError: the folder does not exist.
    """
    if sys.platform == "win32":  # access rights are kept elsewhere, and the cache is below the user's own folder
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
    """Check that a file can be read, or created, without blocking.

    Raises:
        OSError: the path is a FIFO, a device or a socket.
    """
    if is_nothing_to_read(path):
        raise OSError(errno.EINVAL, NOT_REGULAR, os.fspath(path))


def is_nothing_to_read(path: str | os.PathLike[str]) -> bool:
    """Return whether a path, or the target of a link, is neither a regular file nor a folder."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def replace(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file atomically, replacing an existing one. A link is replaced itself; its target is unchanged.

    Raises:
        OSError: the file cannot be written, or the path is neither a regular file nor a link.
    """
    name = os.fspath(path)
    if os.path.isdir(name) and not os.path.islink(name):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), name)
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
