"""`witgen.lock`: which tool made the output from which WIT, and which files it owns."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from keyword import iskeyword
from pathlib import Path
from typing import Any, cast

from ..base.files import read
from ..base.frozen import fields, frozen

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


@frozen
class Shared:
    """An interface of an output, for packages that reuse it.

    `module` is the name of its modules, `wit` the fingerprint of its WIT. `exceptions` are the error types of
    functions, `resources` those that are part of some value: both decide which classes exist, and depend on more than
    the interface. `names` are the classes that a user named: of types, and of functions' errors.
    """

    module: str
    wit: str
    exceptions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    names: Mapping[str, str] = {}


_LISTS = ("exceptions", "resources")


@frozen
class Contents:
    """An output's description for packages that reuse it: its generator, its interfaces, the place of its runtime."""

    version: str
    interfaces: Mapping[str, Shared]
    runtime: str | None = None
    reuse: tuple[str, ...] = ()


@frozen
class Lock:
    """The files that an earlier run wrote: path relative to the output → SHA-256 of the content.

    `pending` are the files that unfinished runs were about to write: several digests if several runs died. `readable`
    is False if there is a lock that cannot be read, as after a merge with conflicts.
    """

    files: Mapping[str, str] = {}
    pending: Mapping[str, tuple[str, ...]] = {}
    readable: bool = True

    def knows(self, path: str) -> bool:
        """Return whether witgen had written a file when the lock was written."""
        return path in self.files or path in self.pending

    def owns(self, path: str, content: bytes) -> bool:
        """Return whether a file is unchanged since witgen wrote it."""
        return digest(content) in {self.files.get(path), *self.pending.get(path, ())}


def digest(content: bytes) -> str:
    """Return the SHA-256 of a file's content; CRLF counts as LF, so that other line ends are not an edit."""
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


def read_contents(folder: Path, text: str | None = None) -> Contents | None:
    """Return the description in an output's lock; None if there is no lock of a finished run.

    `text` is the text of the lock, if known.
    """
    try:
        data = _parsed(folder, text)
        interfaces = {_plain_text(name): _shared(each) for name, each in data["interfaces"].items()}
        runtime = data.get("runtime")
        # Only names of packages: packages that reuse this one find their folders themselves.
        reuse = tuple(_name(each) for each in _texts(data.get("reuse", ())))
        return Contents(_plain_text(data["witgen"]), interfaces, None if runtime is None else _name(runtime), reuse)
    except _DAMAGE:
        return None


def _shared(interface: Mapping[str, Any]) -> Shared:
    exceptions, resources = (_texts(interface.get(key, ())) for key in _LISTS)
    names = {_plain_text(key): _name(value) for key, value in interface.get("names", {}).items()}
    return Shared(_name(interface["module"]), _plain_text(interface["wit"]), exceptions, resources, names)


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        msg = "expected a list of strings"
        raise TypeError(msg)
    return tuple(_plain_text(each) for each in value)


def _plain_text(value: Any) -> str:
    """Return a string unchanged, and refuse one that no file, message or module can have."""
    if not isinstance(value, str) or not value.isprintable():
        msg = f"{value!r} is not plain text"
        raise ValueError(msg)
    return value


def _name(value: Any) -> str:
    """Return what can stand in an import statement, and refuse anything else."""
    text = _plain_text(value)
    if not all(part.isidentifier() and not iskeyword(part) for part in text.split(".")):
        msg = f"{text!r} is not the name of a module"
        raise ValueError(msg)
    return text


def pending_text(lock: Lock, digests: Mapping[str, str]) -> str:
    """Return the lock that stands while files with these digests are being written over those of `lock`."""
    pending = {path: list(before) for path, before in lock.pending.items()}
    for path, value in digests.items():
        pending[path] = list(dict.fromkeys((*pending.get(path, ()), value)))
    import json  # noqa: PLC0415 - likewise

    # On one line, which is several times as fast to make: the lock is not meant to be read.
    return json.dumps({"files": dict(lock.files), "pending": dict(sorted(pending.items()))}) + "\n"


def read_lock(folder: Path) -> Lock:
    """Read the lock of an output folder; without a lock, or with a damaged one, no file counts as witgen's."""
    try:
        data = _parsed(folder)
        files, pending = data["files"], data.get("pending", {})
        return Lock(
            {path: str(value) for path, value in files.items() if _is_inside(path)},
            {path: tuple(map(str, values)) for path, values in pending.items() if _is_inside(path)},
        )
    except FileNotFoundError:
        return Lock()
    except _DAMAGE:
        return Lock(readable=False)


# All exceptions of reading a changed lock: it was merged, edited or forged, or the disk failed.
_DAMAGE = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError)


def _parsed(folder: Path, text: str | None = None) -> dict[str, Any]:
    import json  # noqa: PLC0415 - likewise

    data = json.loads(read(folder / LOCK_NAME).decode() if text is None else text)
    if not isinstance(data, dict):
        msg = "a lock is an object"
        raise TypeError(msg)
    return cast("dict[str, Any]", data)


def _is_inside(path: str) -> bool:
    """Return whether a path is in witgen's form, which stays in the folder on every system."""
    parts = path.split("/")
    return path.isprintable() and not {"", ".", ".."}.intersection(parts) and not {"\\", ":"}.intersection(path)
