"""Carry out a plan."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from .lockfile import LOCK_NAME, pending_text, read_lock
from .plan import Plan

__all__ = ["apply"]


def apply(plan: Plan) -> None:
    """Write and remove what `plan` says.

    Every file is replaced in one step. The lock first says what is about to change and last what has changed, so that
    the next run knows every file of a run that died in between as ours.

    Raises:
        OSError: the folder cannot be written.
    """
    if not plan.changes:
        return
    _replace(plan.folder / LOCK_NAME, pending_text(read_lock(plan.folder), plan.write))
    for path, text in plan.write.items():
        _replace(plan.folder / path, text)
    for path in plan.remove:
        (plan.folder / path).unlink(missing_ok=True)
        _remove_empty(plan.folder, (plan.folder / path).parent)
    _replace(plan.folder / LOCK_NAME, plan.lock)


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".witgen-", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _remove_empty(root: Path, folder: Path) -> None:
    """Remove folders that hold nothing any more, or nothing but Python's own caches of what was removed."""
    while folder != root and folder.is_dir():
        left = [entry for entry in folder.iterdir() if entry.name != "__pycache__"]
        if left:
            return
        for cached in folder.glob("__pycache__/*.pyc"):
            cached.unlink()
        for cache in folder.glob("__pycache__"):
            cache.rmdir()
        folder.rmdir()
        folder = folder.parent
