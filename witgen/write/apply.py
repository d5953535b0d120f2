"""Carry out a plan."""

from __future__ import annotations

import os
import re
from pathlib import Path

from .lockfile import LOCK_NAME, pending_text, read_lock
from .plan import Plan

__all__ = ["apply"]

_TEMPORARY = re.compile(r"\.witgen-[0-9a-f]{16}\.tmp")


def apply(plan: Plan) -> None:
    """Write and remove what `plan` says.

    Every file is replaced in one step. The lock first says what is about to change and last what has changed, so that
    the next run knows every file of a run that died in between as ours. Whoever calls this holds the folder
    (`exclusive`), from before the plan was made.

    Raises:
        OSError: the folder cannot be written.
    """
    _sweep(plan)
    if not plan.changes:
        return
    digests = plan.output.digests
    texts = {path: plan.output[path] for path in plan.write}
    _replace(plan.folder / LOCK_NAME, pending_text(read_lock(plan.folder), {path: digests[path] for path in texts}))
    for path, text in texts.items():
        _replace(plan.folder / path, text)
    for path in plan.remove:
        (plan.folder / path).unlink(missing_ok=True)
        _remove_empty(plan.folder, (plan.folder / path).parent)
    _replace(plan.folder / LOCK_NAME, plan.lock)


def _sweep(plan: Plan) -> None:
    """Remove the unfinished files of runs that were killed."""
    for inner in {os.path.dirname(path) for path in (LOCK_NAME, *plan.output, *plan.remove)}:
        folder = plan.folder / inner
        try:
            left = [name for name in os.listdir(folder) if _TEMPORARY.fullmatch(name)]
        except (FileNotFoundError, NotADirectoryError):
            continue
        for name in left:
            (folder / name).unlink(missing_ok=True)


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f".witgen-{os.urandom(8).hex()}.tmp"
    try:
        with open(temporary, "xb") as file:
            file.write(text.encode())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
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
