"""The record of the last run: which steps need not run again, and which files the user has edited since."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from .errors import DemoError

__all__ = ["Record", "digest"]

NAME: Final = ".witgen-demo.json"
"""The file in the demo's folder; it also marks the folder as the demo's."""


def digest(parts: Iterable[str | bytes | Path]) -> str:
    """Return the SHA-256 over texts, files, and folders with the names of their entries."""
    total = hashlib.sha256()
    for part in parts:
        match part:
            case Path():
                for path in sorted(part.rglob("*")) if part.is_dir() else [part]:
                    if path.is_file() and path.suffix != ".pyc":
                        total.update(path.relative_to(part).as_posix().encode())
                        total.update(hashlib.sha256(path.read_bytes()).digest())
            case str():
                total.update(hashlib.sha256(part.encode()).digest())
            case bytes():
                total.update(hashlib.sha256(part).digest())
    return total.hexdigest()


class Record:
    """The digests of steps and files, kept in the demo's folder.

    Every change is written at once, so that the record of an interrupted run is correct.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / NAME
        self._digests: dict[str, str] = {}
        if self._file.exists():
            self._digests = json.loads(self._file.read_text(encoding="utf-8"))
        elif folder.exists() and any(folder.iterdir()):
            raise DemoError(f"{folder} was not made by `witgen demo`: move it away, or run in another folder")

    def same(self, name: str, value: str) -> bool:
        """Return whether `value` was recorded for `name`."""
        return self._digests.get(name) == value

    def note(self, name: str, value: str) -> None:
        """Record `value` for `name`."""
        if not self.same(name, value):
            self._digests[name] = value
            text = json.dumps(self._digests, indent=2, sort_keys=True) + "\n"
            self._file.write_text(text, encoding="utf-8", newline="\n")
