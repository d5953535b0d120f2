"""Targets for what guests print: kept in memory, or line by line in Python's logging."""

from __future__ import annotations

import logging
import threading
from typing import Final

from ..errors import OutputLimitError

__all__ = ["Captured", "LogLines"]

_LONGEST: Final = 64 << 10
"""Bytes after which a line that has not ended is logged in parts."""


class Captured:
    """Keeps what guests write to a stream. It can be read at any time, on any thread.

    Several streams and stores may share one, whose content is then in the order in which they wrote.

    Args:
        limit: the number of bytes that it keeps; a guest that writes more fails with `OutputLimitError`.
    """

    def __init__(self, limit: int = 16 << 20) -> None:
        self._limit = limit
        self._kept = bytearray()
        self._lock = threading.Lock()

    def write(self, data: bytes) -> None:
        """Add bytes.

        Raises:
            OutputLimitError: they are more than the limit leaves room for.
        """
        with self._lock:
            if len(self._kept) + len(data) > self._limit:
                raise OutputLimitError(f"the guest wrote more than {self._limit} bytes to a stream that is captured")
            self._kept += data

    @property
    def data(self) -> bytes:
        """All bytes so far."""
        with self._lock:
            return bytes(self._kept)

    @property
    def text(self) -> str:
        """All bytes so far as UTF-8, with U+FFFD in place of what is not."""
        return self.data.decode("utf-8", "replace")

    @property
    def lines(self) -> list[str]:
        """The lines of `text`, without their ends."""
        return self.text.splitlines()

    def take(self) -> bytes:
        """Return all bytes so far, and forget them."""
        with self._lock:
            taken = bytes(self._kept)
            self._kept.clear()
            return taken

    def __repr__(self) -> str:
        return f"<Captured: {len(self._kept)} bytes>"


class LogLines:
    """Logs what a guest writes to a stream, a record for each line."""

    def __init__(self, logger: logging.Logger, level: int) -> None:
        self._logger, self._level = logger, level
        self._rest = b""

    def write(self, data: bytes) -> None:
        """Log the lines that end here."""
        *lines, rest = (self._rest + data).split(b"\n")
        while len(rest) > _LONGEST:
            lines.append(rest[:_LONGEST])
            rest = rest[_LONGEST:]
        self._rest = rest
        for line in lines:
            self._log(line)

    def finish(self) -> None:
        """Log the last line if it has not ended."""
        rest, self._rest = self._rest, b""
        if rest:
            self._log(rest)

    def _log(self, line: bytes) -> None:
        self._logger.log(self._level, "%s", line.decode("utf-8", "replace").rstrip("\r"))
