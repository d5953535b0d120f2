"""Reports items that depend on themselves."""

from __future__ import annotations

from collections.abc import Sequence

from ...base.source import Span
from ...diagnostics.model import Label
from ..model.ir import PackageName
from .context import Context

__all__ = ["report_cycle", "report_package_cycle"]

_HELP = {
    "type": "a type cannot contain itself, not even in a list or option: use a resource, or an index",
    "interface": "move what both sides need to a separate interface",
}


def report_cycle(
    context: Context, what: str, steps: Sequence[tuple[str, str, Span]], start: int, place: Span | None = None
) -> None:
    """Report a walk into a cycle: `steps` are (item, item it needs, place); the cycle begins at step `start`.

    The message points at `place`, or at the first step.
    """
    _, name, span = steps[0]
    depends = "itself" if start <= 1 else "something that depends on itself"
    context.error(
        "W0206",
        f"{what} `{name}` depends on {depends}",
        place or span,
        labels=[Label(where, f"`{owner}` needs `{needed}`") for owner, needed, where in steps[0 if place else 1 :]],
        help=_HELP.get(what),
    )


def report_package_cycle(
    context: Context,
    root: PackageName,
    needed: PackageName,
    span: Span | None,
    path: dict[PackageName, Span | None],
) -> None:
    """Report that following `path` from package `root` one comes to `needed` again, at `span`.

    Places are unknown where a binary package needs another one.
    """
    steps = [*path.items(), (needed, span)]
    if needed != root:
        # The step that closes the cycle comes first: the others are where they were when it was found.
        steps = [steps[-1], *steps[list(path).index(needed) + 1 : -1]]
    (name, _), *others = steps
    place = next((where for _, where in steps if where is not None), None)
    context.error(
        "W0108",
        f"package `{name}` is part of a dependency cycle" if others else f"package `{name}` depends on itself",
        place,
        labels=[
            Label(where, f"`{which}` is needed here") for which, where in others if where is not None and where != place
        ],
        help="packages cannot need each other: move what both need to a separate package"
        if others
        else "in a package's own files, refer to its items without the package name",
    )
