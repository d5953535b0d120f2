"""How much space on disk a worker, or a store, may take."""

from __future__ import annotations

import threading
from pathlib import Path

__all__ = ["Budget", "SpentError", "size_of"]


class SpentError(OSError):
    """There is no room left; the message says of what."""


class Budget:
    """Counts bytes, and raises when there are more than allowed. Any thread may use it.

    Args:
        what: what takes the space, for the message.
        limit: bytes; None for no limit.
        used: bytes that are taken already.
    """

    def __init__(self, what: str, limit: int | None = None, used: int = 0) -> None:
        self._what = what
        self._limit = limit
        self._lock = threading.Lock()
        self.used = used

    def spend(self, size: int) -> None:
        """Take some bytes, if they are there.

        Raises:
            SpentError: they are not.
        """
        with self._lock:
            if self._limit is not None and self.used + size > self._limit:
                raise SpentError(
                    f"{self._what} would take {self.used + size} bytes, and {self._limit} are allowed; "
                    "`witgen run --disk` sets the limit, and `witgen workers prune` removes what no worker needs"
                )
            self.used += size


def size_of(folder: Path) -> int:
    """Return how many bytes the files below a folder have; 0 where there is none."""
    found = 0
    for path in folder.rglob("*") if folder.is_dir() else ():
        try:
            found += path.stat().st_size if path.is_file() else 0
        except OSError:
            # It went meanwhile.
            continue
    return found
