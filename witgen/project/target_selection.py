"""Selects the targets of a run: those of pyproject.toml, changed by the command line."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from ..base.frozen import replace
from ..config import Config
from ..diagnostics.errors import OptionError, WitgenError
from ..diagnostics.model import Diagnostic
from .discovery import Target, default_wit, find

__all__ = ["chosen", "placed"]

_T = TypeVar("_T")


def chosen(start: Path, overrides: dict[str, Any]) -> list[Target]:
    """Return the targets of the pyproject.toml in `start` or above it, changed by `overrides` (fields of `Config`).

    An `out` that belongs to no target makes a new target, which takes nothing from the file. A `world` selects among
    several targets those for that world.

    Raises:
        WitgenError: the file is invalid, or no output folder is given.
    """
    path = find(start)
    targets: list[Target] = []
    if path is not None:
        from .pyproject import load  # noqa: PLC0415 - only where there is something to load

        targets = load(path)
    out, world = overrides.get("out"), overrides.get("world")
    if out is not None:
        known = [target for target in targets if _same(target.config.out, out)]
        targets = known or [Target(Config(default_wit(Path(), golem=overrides.get("golem", False)), out=out), {})]
    elif not targets:
        remedy = "pass --out DIR, or write a [tool.witgen] with `witgen init`"
        raise WitgenError(
            [Diagnostic("W0921", "it is not clear what to generate: there is no [tool.witgen]", help=remedy)]
        )
    elif world is not None and len(targets) > 1:
        targets = _of_world(targets, world)
    return [Target(replace(target.config, **overrides), target.places) for target in targets]


def _same(first: str | os.PathLike[str] | None, second: str | os.PathLike[str]) -> bool:
    return first is not None and os.path.realpath(first) == os.path.realpath(second)


def _of_world(targets: Iterable[Target], world: str) -> list[Target]:
    found = [target for target in targets if target.config.world == world]
    if not found:
        known = ", ".join(sorted(f"`{target.config.world}`" for target in targets if target.config.world))
        message = f"no target in pyproject.toml is for world `{world}`"
        raise WitgenError([Diagnostic("W0922", message, help=f"there are targets for {known}; or pass --out DIR")])
    return found


def placed(target: Target, action: Callable[[Config], _T]) -> _T:
    """Run an action with a target's options; problems with an option get the place of that option.

    Raises:
        WitgenError: as `action`.
    """
    try:
        return action(target.config)
    except OptionError as error:
        problems = zip(error.options, error.diagnostics, strict=True)
        raise WitgenError([_at(target, option, diagnostic) for option, diagnostic in problems]) from error


def _at(target: Target, option: tuple[str, ...], diagnostic: Diagnostic) -> Diagnostic:
    keys = [int(part) if part.isdigit() else part for part in option]
    return replace(diagnostic, span=target.locate(*keys))
