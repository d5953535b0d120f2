"""Whether the bindings that an application imports are those of the WIT that it is built for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ..diagnostics.errors import WitgenError
from ..diagnostics.model import Diagnostic, Severity
from ..output.plan import Drift
from ..project.discovery import Target, find
from ..project.pyproject import load
from ..runs import Installed, check_all

__all__ = ["out_of_date"]

_OLD = frozenset({Drift.MISSING, Drift.STALE, Drift.ORPHANED})
"""How bindings differ that have to be generated again."""


def out_of_date(start: Path, wit: str | os.PathLike[str], world: str | None, installed: Installed) -> list[Diagnostic]:
    """Warn of guests' bindings of a world that are not those of its WIT.

    Args:
        start: the folder in which, or above which, pyproject.toml says where the bindings are.
        wit: the WIT that the application is built for; bindings of another one are not looked at.
        world: the world's name; None for the only one.
        installed: where to look for packages that are missing in the WIT.

    Raises:
        OSError: the bindings or their WIT cannot be read.
    """
    return [
        Diagnostic(
            "W0719", message, path=str(target.config.out), help="run `witgen generate`", severity=Severity.WARNING
        )
        for target in _about(start, wit, world)
        if (message := _difference(target, installed))
    ]


def _about(start: Path, wit: str | os.PathLike[str], world: str | None) -> Iterator[Target]:
    file = find(start)
    for target in load(file) if file is not None else ():
        config = target.config
        same = os.path.realpath(config.wit) == os.path.realpath(wit)
        if config.guest and config.out is not None and same and world in {None, config.world}:
            yield target


def _difference(target: Target, installed: Installed) -> str:
    try:
        plans = [result.plan for result in check_all([target], installed)]
    except WitgenError:
        return ""  # it is said by the build, or by `witgen generate`
    if not any(kind in _OLD for plan in plans if plan is not None for kind in plan.drift.values()):
        return ""
    if not Path(target.config.out or "").is_dir():
        return f"the bindings in `{target.config.out}` were not generated"
    return f"the bindings in `{target.config.out}` do not match the WIT: the component may not be what they say"
