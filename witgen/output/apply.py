"""Carry out a plan."""

from __future__ import annotations

from pathlib import PurePosixPath

from .inside import changing
from .lockfile import LOCK_NAME, pending_text, read_lock
from .plan import Plan

__all__ = ["apply"]


def apply(plan: Plan) -> None:
    """Write and remove what `plan` says.

    Every file is replaced in one step. The lock first says what is about to change and last what has changed, so that
    the next run knows every file of a run that died in between as ours. Whoever calls this holds the folder
    (`exclusive`), from before the plan was made.

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
