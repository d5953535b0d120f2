"""What to say about things that depend on themselves."""

from __future__ import annotations

from collections.abc import Sequence

from ..diagnostics import Label
from ..model.ir import PackageName
from ..source import Span
from .context import Context

__all__ = ["report_cycle", "report_package_cycle"]

_HELP = {
    "type": "a type cannot contain itself, not even in a list or option: use a resource, or an index",
    "interface": "move what both sides need to an interface of its own",
}


def report_cycle(
    context: Context, what: str, steps: Sequence[tuple[str, str, Span]], start: int, place: Span | None = None
) -> None:
    """Report a walk into a cycle: `steps` are (who, whom it needs, where it says so); the cycle begins at step `start`.

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
    context: Context, root: PackageName, needed: PackageName, span: Span, path: dict[PackageName, Span]
) -> None:
    """Report that following `path` from package `root` one comes to `needed` again, at `span`."""
    steps = [*path.items(), (needed, span)]
    if needed != root:
        steps = steps[list(path).index(needed) + 1 :]
    (name, place), *others = steps
    context.error(
        "W0108",
        f"package `{name}` depends on itself" if not others else f"package `{name}` is part of a dependency cycle",
        place,
        labels=[Label(where, f"which needs `{which}`") for which, where in others],
        help="packages cannot need each other: move what both need to a package of its own"
        if others
        else "name items of the same package without the package",
    )
