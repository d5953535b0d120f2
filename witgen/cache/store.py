"""Results of parsing, kept between runs in the platform's cache folder.

The key of an entry is derived from its inputs, so none is ever out of date: a changed input, or another witgen, makes
another key. The folder can be deleted at any time. An entry is written to a temporary file and moved into place, so
parallel runs cannot see half of one; a damaged entry does not match its checksum and is made again. Failures of the
cache only cost time.

Entries are code or equivalent to code: compiled templates, modules to import. They are used only if no other user can
have written them; a folder that others may write to is not used, with a warning.

`WITGEN_CACHE_DIR` names another folder; empty, it turns the cache off.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
import warnings
from collections.abc import Iterable
from contextlib import suppress
from functools import cache

from ..base.files import distrust, read_owned
from ..base.resources import DATA
from ..version import VERSION

__all__ = ["CacheWarning", "code_digest", "folder", "key", "load", "store"]


class CacheWarning(RuntimeWarning):
    """The cache is not used, because others may have written to it."""


_VARIABLE = "WITGEN_CACHE_DIR"
_DIGEST_SIZE = 32
# Entries that were not written for this long are removed now and then.
_KEEP_SECONDS = 60 * 60 * 24 * 60
_SWEEP_ABOVE = 256
# Where the code and the data are that entries are made with.
_TREES = (
    "base",
    "cache",
    "diagnostics",
    "wit",
    f"{DATA}/grammars",
)


def folder() -> str | None:
    """Return the cache folder, which need not exist; None if there is none to use."""
    root = os.environ.get(_VARIABLE)
    if root is None:
        root = _user_folder()
    if not root:
        return None
    path = os.path.join(root, "wit")
    try:
        reason = distrust(path)
    except (OSError, ValueError):
        return path
    if reason is not None:
        _warn(reason)
    return path if reason is None else None


@cache
def _warn(reason: str) -> None:
    remedy = f"delete it, or let {_VARIABLE} name a folder that is yours alone"
    warnings.warn(f"the cache is not used: {reason}; {remedy}", CacheWarning, stacklevel=2)


def _user_folder() -> str:
    if sys.platform == "linux":
        # The result of platformdirs, without the time to load it.
        base = os.environ.get("XDG_CACHE_HOME", "")
        return os.path.join(base if os.path.isabs(base) else os.path.expanduser("~/.cache"), "witgen")
    from platformdirs import user_cache_dir  # noqa: PLC0415 - slow to load, and not needed with the variable set

    return user_cache_dir("witgen", appauthor=False)


def key(kind: str, parts: Iterable[bytes]) -> str:
    """Return the name of the entry that `parts` and this witgen make."""
    digest = hashlib.sha256()
    for part in (kind.encode(), _tool(), *parts):
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return f"{kind}-{digest.hexdigest()}"


@cache
def _tool() -> bytes:
    """Identify this witgen: its version, and its code."""
    return VERSION.encode() + b"\n" + code_digest((), _TREES)


@cache
def code_digest(folders: tuple[str, ...], trees: tuple[str, ...] = ()) -> bytes:
    """Identify the code and the data in some of witgen's own folders, and in `trees` also those in the folders below.

    It is made of contents, because installers may give all files the same time, and once per process, because that runs
    the code that it has loaded. Files in an archive do not count; the version does, in every key.
    """
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    files: list[tuple[str, str]] = []
    pending = [*((name, False) for name in folders), *((name, True) for name in trees)]
    while pending:
        name, deep = pending.pop()
        try:
            with os.scandir(os.path.join(here, name)) as entries:
                for entry in entries:
                    if entry.is_file():
                        files.append((f"{name}/{entry.name}", entry.path))
                    elif deep and entry.name != "__pycache__":
                        pending.append((f"{name}/{entry.name}", True))
        except OSError:
            continue
    digest = hashlib.sha256()
    for name, path in sorted(files):
        with suppress(OSError), open(path, "rb", buffering=0) as file:
            digest.update(name.encode() + b"\0" + hashlib.sha256(file.read()).digest())
    return digest.digest()


def load(name: str) -> bytes | None:
    """Return the entry called `name`; None if there is none that is whole."""
    root = folder()
    if root is None:
        return None
    try:
        entry = read_owned(os.path.join(root, name))
    except (OSError, ValueError):
        return None
    content = entry[_DIGEST_SIZE:]
    return content if hashlib.sha256(content).digest() == entry[:_DIGEST_SIZE] else None


def store(name: str, content: bytes) -> None:
    """Keep an entry; without success if the folder cannot be written."""
    root = folder()
    if root is None:
        return
    temporary = os.path.join(root, f"{name}.{os.getpid()}.{os.urandom(4).hex()}.tmp")
    try:
        os.makedirs(os.path.dirname(root), mode=0o700, exist_ok=True)
        os.makedirs(root, mode=0o700, exist_ok=True)
        if folder() is None:
            return
        try:
            with open(temporary, "xb", opener=_private) as file:
                file.write(hashlib.sha256(content).digest() + content)
            os.replace(temporary, os.path.join(root, name))
        except OSError:
            os.unlink(temporary)
            raise
        _sweep(root)
    except (OSError, ValueError):
        return


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sweep(root: str) -> None:
    """Remove old entries once the cache is large."""
    with os.scandir(root) as entries:
        files = [entry for entry in entries if entry.is_file(follow_symlinks=False)]
    if len(files) <= _SWEEP_ABOVE:
        return
    oldest = time.time() - _KEEP_SECONDS
    by_age = sorted(files, key=lambda entry: entry.stat().st_mtime)
    for number, entry in enumerate(by_age):
        if entry.stat().st_mtime < oldest or number < len(files) - _SWEEP_ABOVE:
            os.unlink(entry.path)
