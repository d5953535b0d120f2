"""One run at a time in an output folder."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["exclusive"]


@contextmanager
def exclusive(folder: Path) -> Generator[None]:
    """Wait until no other run writes to `folder`, which is made if need be, and keep others out.

    The system lets go of the lock when a process dies, however it dies.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = _open(folder)
    try:
        _lock(descriptor)
        yield
    finally:
        os.close(descriptor)


if sys.platform == "win32":
    import errno
    import hashlib
    import msvcrt
    import tempfile

    def _open(folder: Path) -> int:
        # Windows locks files only; one beside the output would be a file too many in people's folders.
        name = hashlib.sha256(str(folder.resolve()).casefold().encode()).hexdigest()[:16]
        return os.open(Path(tempfile.gettempdir()) / f"witgen-{name}.lock", os.O_RDWR | os.O_CREAT)

    def _lock(descriptor: int) -> None:
        while True:
            try:
                msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
            except OSError as error:
                if error.errno != errno.EDEADLK:  # what it says when it gives up after ten seconds
                    raise
            else:
                return

else:
    import errno
    import fcntl

    def _open(folder: Path) -> int:
        return os.open(folder, os.O_RDONLY)

    def _lock(descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError as error:
            # Some network file systems have no locks; there, people look out for each other themselves.
            if error.errno not in {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP}:
                raise
