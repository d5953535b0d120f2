"""`witgen.lock`: which tool made the output from which WIT, and which files it owns."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["LOCK_NAME", "Lock", "digest", "lock_text", "pending_text", "read_lock"]

LOCK_NAME = "witgen.lock"


class Lock(NamedTuple):
    """The files that an earlier run wrote: path relative to the output → SHA-256 of the content.

    `pending` is what runs that did not finish were about to write: several digests where several runs died.
    `readable` is False where there is a lock that says nothing, as after a merge with conflicts.
    """

    files: Mapping[str, str] = {}
    pending: Mapping[str, tuple[str, ...]] = {}
    readable: bool = True

    def knows(self, path: str) -> bool:
        """Tell whether a file was ours when the lock was written."""
        return path in self.files or path in self.pending

    def owns(self, path: str, content: bytes) -> bool:
        """Tell whether a file is as we left it."""
        return digest(content) in {self.files.get(path), *self.pending.get(path, ())}


def digest(content: bytes) -> str:
    """Return the SHA-256 of a file's content; CRLF counts as LF, so that a checkout with other line ends is no edit."""
    return hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest()


def lock_text(*, version: str, world: str, wit: str, digests: Mapping[str, str]) -> str:
    """Return the text of the lock for files with these digests."""
    return _dump({"witgen": version, "world": world, "wit": wit, "files": dict(sorted(digests.items()))})


def pending_text(lock: Lock, digests: Mapping[str, str]) -> str:
    """Return the lock that stands while files with these digests are being written over those of `lock`."""
    pending = {path: list(before) for path, before in lock.pending.items()}
    for path, value in digests.items():
        pending[path] = list(dict.fromkeys((*pending.get(path, ()), value)))
    return _dump({"files": dict(lock.files), "pending": dict(sorted(pending.items()))})


def _dump(document: dict[str, Any]) -> str:
    import json  # noqa: PLC0415 - a run without changes is over before this would be loaded

    return json.dumps(document, indent=2) + "\n"


def read_lock(folder: Path) -> Lock:
    """Read the lock of an output folder; without one, or with one that is damaged, nothing is known to be ours."""
    import json  # noqa: PLC0415 - likewise

    try:
        data = json.loads((folder / LOCK_NAME).read_text(encoding="utf-8"))
        files, pending = data["files"], data.get("pending", {})
        return Lock(
            {str(path): str(value) for path, value in files.items()},
            {str(path): tuple(str(value) for value in values) for path, values in pending.items()},
        )
    except FileNotFoundError:
        return Lock()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Lock(readable=False)
