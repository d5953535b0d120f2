"""Shows the changes of a run as a unified diff."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path

from ..base.files import read
from .lockfile import LOCK_NAME
from .plan import Drift, Plan

__all__ = ["unified"]

_NO_NEWLINE = "\n\\ No newline at end of file\n"


def unified(plan: Plan) -> Iterator[str]:
    """Yield the lines of a diff from the files on disk to the output, as `git apply` accepts them.

    Foreign files that are in the way are not part of it.
    """
    for path, kind in plan.drift.items():
        if kind is Drift.FOREIGN:
            continue
        shown = _shown(plan.folder / path)
        present = None if kind is Drift.MISSING else _read(plan.folder / path)
        wanted = plan.lock if path == LOCK_NAME else plan.output.get(path)
        source = "/dev/null" if present is None else f"a/{shown}"
        target = "/dev/null" if wanted is None else f"b/{shown}"
        yield f"diff --git a/{shown} b/{shown}\n"
        if present is None or wanted is None:
            # Without this, an empty file would leave no trace in the diff.
            yield f"{'new' if present is None else 'deleted'} file mode 100644\n"
        for line in unified_diff(_lines(present), _lines(wanted), source, target):
            yield line if line.endswith("\n") else line + _NO_NEWLINE


def _read(path: Path) -> str:
    return read(path).decode("utf-8", "replace")


def _lines(text: str | None) -> list[str]:
    """Split at line feeds alone: text may hold other characters that Python calls line ends."""
    return [] if text is None else re.findall(r"[^\n]*\n|[^\n]+", text)


def _shown(path: Path) -> str:
    """Return a path as seen from here, where that leads down."""
    relative = os.path.relpath(path)
    return Path(path if relative.startswith("..") else relative).as_posix().lstrip("/")
