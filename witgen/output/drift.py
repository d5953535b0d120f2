"""Reports differences between an output folder and its expected content as diagnostics."""

from __future__ import annotations

from collections.abc import Iterator

from ..diagnostics.model import Diagnostic
from .plan import Drift, Plan

__all__ = ["diagnostics", "remedies"]

_GENERATE = "run `witgen generate`"
_KINDS = {
    Drift.MISSING: ("W0711", "is missing", _GENERATE),
    Drift.STALE: ("W0712", "does not match the WIT", _GENERATE),
    Drift.ORPHANED: ("W0713", "no longer belongs to the output", _GENERATE),
    Drift.LINE_ENDS: (
        "W0714",
        "differs only in its line endings (CRLF instead of LF)",
        "give the folder `text eol=lf` in .gitattributes",
    ),
    Drift.EDITED: ("W0715", "was edited since witgen wrote it", "undo the edit, or run `witgen generate --force`"),
    Drift.FOREIGN: ("W0716", "was not written by witgen", "move it away, or run `witgen generate --force`"),
}


def diagnostics(plan: Plan) -> Iterator[Diagnostic]:
    """Yield a problem for every file that differs from the output."""
    for path, kind in plan.drift.items():
        code, message, remedy = _KINDS[kind]
        yield Diagnostic(code, f"`{path}` {message}", path=(plan.folder / path).as_posix(), help=remedy)


def remedies(plan: Plan) -> list[str]:
    """Return the remedies, each once."""
    return list(dict.fromkeys(_KINDS[kind][2] for kind in plan.drift.values()))
