"""The disk space that a worker or a store may use."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

__all__ = ["Budget", "SpentError", "size_of"]


class SpentError(OSError):
    """Budget exceeded; the message says which."""


class Budget:
    """Counter of bytes that raises when its limit is exceeded. Any thread may use it.

    Args:
        what: names the user of the space in the message.
        limit: bytes; None for no limit.
        used: the bytes that are already used; or a function that counts them, for space that is also freed. It is
            called at first, and again before anything is refused.
    """

    def __init__(self, what: str, limit: int | None = None, used: int | Callable[[], int] = 0) -> None:
        self._what = what
        self._limit = limit
        self._lock = threading.Lock()
        self._count = used if callable(used) else None
        self._used = None if callable(used) else used

    def spend(self, size: int) -> None:
        """Count `size` more bytes.

        Raises:
            SpentError: they would exceed the limit.
        """
        if self._limit is None:
            return
        with self._lock:
            used = self._used
            if self._count is not None and (used is None or used + size > self._limit):
                used = self._count()
            wanted = (used or 0) + size
            if wanted > self._limit:
                raise SpentError(
                    f"{self._what} would take {wanted} bytes, and the limit is {self._limit}; "
                    "`witgen run --disk` sets the limit, and `witgen workers prune` removes what no worker needs"
                )
            self._used = wanted


def size_of(folder: Path) -> int:
    """Return the total size of the files below a folder, in bytes; 0 if the folder does not exist."""
    found = 0
    for path in folder.rglob("*") if folder.is_dir() else ():
        try:
            found += path.stat().st_size if path.is_file() else 0
        except OSError:
            # The file was removed meanwhile.
            continue
    return found
