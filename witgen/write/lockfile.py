"""`witgen.lock`: which tool made the output from which WIT, and which files it owns."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["LOCK_NAME", "Lock", "digest", "lock_text", "pending_text", "read_lock"]

LOCK_NAME = "witgen.lock"


@dataclass(frozen=True, slots=True)
class Lock:
    """The files that an earlier run wrote: path relative to the output → SHA-256 of the content.

    `pending` is what a run that did not finish was about to write.
    """

    files: Mapping[str, str] = field(default_factory=dict[str, str])
    pending: Mapping[str, str] = field(default_factory=dict[str, str])

    def owns(self, path: str, content: bytes) -> bool:
        """Tell whether a file is as we left it."""
        return digest(content) in {self.files.get(path), self.pending.get(path)}


def digest(content: bytes) -> str:
    """Return the SHA-256 of a file's content; CRLF counts as LF, so that a checkout with other line ends is no edit."""
    return hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest()


def lock_text(*, version: str, world: str, wit: str, files: Mapping[str, str]) -> str:
    """Return the text of the lock for `files` (path → text)."""
    owned = {path: digest(text.encode()) for path, text in sorted(files.items())}
    return json.dumps({"witgen": version, "world": world, "wit": wit, "files": owned}, indent=2) + "\n"


def pending_text(lock: Lock, files: Mapping[str, str]) -> str:
    """Return the lock that stands while `files` (path → text) are being written over those of `lock`."""
    pending = {path: digest(text.encode()) for path, text in sorted(files.items())}
    return json.dumps({"files": dict(lock.files), "pending": pending}, indent=2) + "\n"


def read_lock(folder: Path) -> Lock:
    """Read the lock of an output folder; without one, or with one that is damaged, nothing is known to be ours."""
    try:
        data = json.loads((folder / LOCK_NAME).read_text(encoding="utf-8"))
        files, pending = data["files"], data.get("pending", {})
        return Lock(
            {str(path): str(value) for path, value in files.items()},
            {str(path): str(value) for path, value in pending.items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Lock()
