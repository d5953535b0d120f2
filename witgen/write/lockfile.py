"""`witgen.lock`: which tool made the output from which WIT, and which files it owns."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..records import fields, record

__all__ = [
    "LOCK_NAME",
    "Contents",
    "Lock",
    "Shared",
    "digest",
    "lock_text",
    "pending_text",
    "read_contents",
    "read_lock",
]

LOCK_NAME = "witgen.lock"


@record
class Shared:
    """An interface of an output, for packages that reuse it.

    `module` is what its modules are called, `wit` the fingerprint of its WIT. `exceptions` are the types that some
    function fails with, `resources` those that are a part of some value: both decide which classes there are, and
    depend on more than the interface.
    """

    module: str
    wit: str
    exceptions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()


_LISTS = ("exceptions", "resources")


@record
class Contents:
    """What an output says of itself to packages that reuse it: who wrote it, its interfaces, where its runtime is."""

    version: str
    interfaces: Mapping[str, Shared]
    runtime: str | None = None
    reuse: tuple[str, ...] = ()


@record
class Lock:
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


def lock_text(contents: Contents, *, world: str, wit: str, digests: Mapping[str, str]) -> str:
    """Return the text of the lock for files with these digests."""
    document: dict[str, Any] = {"witgen": contents.version, "world": world, "wit": wit}
    if contents.runtime is not None:
        document["runtime"] = contents.runtime
    if contents.reuse:
        document["reuse"] = list(contents.reuse)
    document["interfaces"] = {name: _plain(interface) for name, interface in contents.interfaces.items()}
    import json  # noqa: PLC0415 - a run without changes is over before this would be loaded

    return json.dumps({**document, "files": dict(sorted(digests.items()))}, indent=2) + "\n"


def _plain(interface: Shared) -> dict[str, Any]:
    """Return an interface as the lock has it, without the lists that are empty."""
    return {name: value for name in fields(Shared) or () if (value := getattr(interface, name))}


def read_contents(folder: Path) -> Contents | None:
    """Return what the lock of an output says to those who reuse it; None where there is none that is finished."""
    import json  # noqa: PLC0415 - likewise

    try:
        data = json.loads((folder / LOCK_NAME).read_text(encoding="utf-8"))
        interfaces = {
            str(name): Shared(str(each["module"]), str(each["wit"]), *(tuple(each.get(key, ())) for key in _LISTS))
            for name, each in data["interfaces"].items()
        }
        return Contents(data["witgen"], interfaces, data.get("runtime"), tuple(data.get("reuse", ())))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def pending_text(lock: Lock, digests: Mapping[str, str]) -> str:
    """Return the lock that stands while files with these digests are being written over those of `lock`."""
    pending = {path: list(before) for path, before in lock.pending.items()}
    for path, value in digests.items():
        pending[path] = list(dict.fromkeys((*pending.get(path, ()), value)))
    import json  # noqa: PLC0415 - likewise

    # On one line, which is made several times as fast: nobody is to read it.
    return json.dumps({"files": dict(lock.files), "pending": dict(sorted(pending.items()))}) + "\n"


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
