"""Carry out a plan."""

from __future__ import annotations

from pathlib import PurePosixPath

from .inside import changing
from .lockfile import LOCK_NAME, pending_text, read_lock
from .plan import Plan

__all__ = ["apply"]


def apply(plan: Plan) -> None:
    """Write and remove files according to `plan`.

    Every file is replaced atomically. The lock is written first with the pending changes and last with the finished
    ones, so that the next run recognises every file of a run that died in between. The caller must hold the folder
    (`exclusive`) since before the plan was made.

    Raises:
        OSError: the folder cannot be written.
    """
    with changing(plan.folder) as changes:
        for folder in {path.rpartition("/")[0] for path in (LOCK_NAME, *plan.output, *plan.remove)}:
            changes.sweep(folder)
        if not plan.changes:
            return
        digests = plan.output.digests
        texts = {path: plan.output[path] for path in plan.write}
        known = read_lock(plan.folder)
        changes.replace(LOCK_NAME, pending_text(known, {path: digests[path] for path in texts}))
        # Some files may be where folders have to be.
        folders = {str(parent) for path in texts for parent in PurePosixPath(path).parents}
        for path in folders.intersection(plan.remove):
            changes.remove(path)
        for path, text in texts.items():
            changes.replace(path, text)
        for path in plan.remove:
            if path not in folders:
                changes.remove(path)
        changes.replace(LOCK_NAME, plan.lock)
