"""SQLite's errors, in the words of a state file."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ..errors import StateError

__all__ = ["Explained"]


class Explained:
    """Context that raises SQLite's errors as errors of a state file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        """Begin to use the file."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Translate the error."""
        if isinstance(error, (sqlite3.Error, UnicodeDecodeError)):
            # SQLite quotes the content of the file, which may not be text.
            raise StateError(f"{self._path}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    text = str(error)
    if "locked" in text or "busy" in text:
        return "the state file is locked: another program is writing to it. Try again when that is done."
    if "not a database" in text or "malformed" in text or "decode" in text:
        return (
            f"the state file is damaged, or is not a state file at all ({text}). Move it away; a new one will be "
            "created."
        )
    if "full" in text or "disk I/O" in text:
        return f"the state file cannot grow ({text}). What was written before is kept; free some space and try again."
    if "readonly" in text or "unable to open" in text:
        return f"the state file cannot be written to ({text})"
    return f"the state file cannot be used: {text}"
