"""Compiled components on disk: the user's own folder of them, which may vanish at any time."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Final

import wasmtime
from wasmtime.component import Component

from .capi.memory import Image
from .errors import CacheWarning
from .images.files import content_of, images_of, note_images, read_images

__all__ = ["cache_folder", "find", "is_own", "keep", "mark_used", "write"]

_ANY_HASH: Final = "?" * 40
_ENDS: Final = (_ANY_HASH, f"{_ANY_HASH}-{_ANY_HASH}")
"""How names of files end: with the hash of the code, and of the images of its memories, which are in another file."""
_KEEP_SECONDS: Final = 90 * 24 * 3600
"""Compiled components that were not loaded for this long are removed."""


def cache_folder() -> Path | None:
    """Return where compiled components are kept; None where the user switched the cache off, or others may write there.

    `WITGEN_CACHE_DIR` names another folder; empty, it switches the cache off.
    """
    folder = _chosen_folder()
    try:
        reason = _distrust(folder) if folder is not None else None
    except OSError:  # it is not there yet
        return folder
    if reason is not None:
        remedy = "delete it, or let WITGEN_CACHE_DIR name a folder that is yours alone"
        warnings.warn(f"compiled components are not kept: {reason}; {remedy}", CacheWarning, stacklevel=2)
    return folder if reason is None else None


def _chosen_folder() -> Path | None:
    chosen = os.environ.get("WITGEN_CACHE_DIR")
    if chosen is not None:
        return Path(chosen) / "components" if chosen else None
    try:
        home = Path.home()
    except RuntimeError:
        return None
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    return base / "witgen" / "components"


def _distrust(folder: Path) -> str | None:
    """Return why a folder may hold other users' code; None if only this user can have written to it.

    Raises:
        OSError: the folder does not exist.
    """
    if sys.platform == "win32":  # there, it is below the user's own folder
        return None
    status, above = folder.stat(), folder.parent.stat()
    if status.st_uid != os.geteuid():
        return f"`{folder}` belongs to another user"
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"others may write to `{folder}`"
    if above.st_uid not in {0, os.geteuid()} or (above.st_mode & stat.S_IWOTH and not above.st_mode & stat.S_ISVTX):
        return f"others may replace what is in `{folder.parent}`"
    return None


def is_own(entry: Path) -> bool:
    """Return whether an entry is a regular file that only this user can have written."""
    status = entry.lstat()
    shared = sys.platform != "win32" and (
        status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    )
    return stat.S_ISREG(status.st_mode) and not shared


def find(engine: wasmtime.Engine, folder: Path, key: str) -> Component | None:
    """Return a cached component, with the first content of its memories where that is in a file of its own.

    The files' names have the hashes of their contents, so damaged ones are not used.
    """
    try:
        found = next((each for end in _ENDS for each in folder.glob(f"{key}-{end}.cwasm")), None)
        if found is None or not is_own(found):
            return None
        digest, image = found.stem.removeprefix(f"{key}-").partition("-")[::2]
        with found.open("rb") as file:
            intact = hashlib.file_digest(file, "sha256").hexdigest()[:40] == digest
        images = _read(folder / f"{image}.image") if image and intact else ()
        if intact and images is not None:
            component = Component.deserialize_file(engine, str(found))
            note_images(component, images)
            mark_used(found)
            return component
    except (OSError, wasmtime.WasmtimeError):
        return None
    with contextlib.suppress(OSError):
        found.unlink()
    return None


def _read(path: Path) -> tuple[Image, ...] | None:
    """Return the images in a file of the cache; None if it cannot be used."""
    try:
        images = read_images(path, path.stem) if is_own(path) else None
    except (OSError, ValueError):
        return None
    mark_used(path)
    return images


def keep(folder: Path, key: str, component: Component) -> None:
    """Put a compiled component into the cache."""
    artifact, images = bytes(component.serialize()), content_of(images_of(component))
    name = f"{key}-{hashlib.sha256(artifact).hexdigest()[:40]}"
    if images:
        digest = hashlib.sha256(images).hexdigest()[:40]
        write(folder / f"{digest}.image", images)
        name += f"-{digest}"
    write(folder / f"{name}.cwasm", artifact)


def write(target: Path, content: bytes) -> None:
    """Put a file into the cache, whole or not at all; where that cannot be, the cache goes without it."""
    with contextlib.suppress(OSError):
        for folder in (target.parent.parent, target.parent):  # `parents` would leave the first one to the umask
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, suffix=".tmp", delete=False) as file:
            file.write(content)
        Path(file.name).replace(target)
        _tidy(target.parent)


def mark_used(entry: Path) -> None:
    """Let an entry stay; one in a folder that others write stays anyway."""
    with contextlib.suppress(OSError):
        os.utime(entry)


def _tidy(folder: Path) -> None:
    oldest = time.time() - _KEEP_SECONDS
    for entry in folder.iterdir():
        with contextlib.suppress(OSError):
            if entry.stat().st_mtime < oldest:
                entry.unlink()
