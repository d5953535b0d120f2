"""`witgen generate` and `witgen check`."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..diagnostics.errors import WitgenError
from ..project.options_table import Scope
from .options import config_options, overrides, reporting
from .output import Format, reporter

if TYPE_CHECKING:
    from ..output import Plan
    from ..project.discovery import Target

__all__ = ["check", "generate", "installed_wit", "run_all"]


@click.command()
@config_options(Scope.OUTPUT)
@click.option("--fail-on-change", is_flag=True, help="Exit with 1 if anything had to be written or removed.")
@reporting
def generate(*, fail_on_change: bool, **options: Any) -> int:
    """Write the bindings of every target in pyproject.toml, or of a world in WIT (a folder or a file) to DIR."""
    from ..project.target_selection import chosen

    reporter.promise()
    code, changed = run_all(chosen(Path.cwd(), overrides(options)))
    return code or int(changed and fail_on_change)


def installed_wit() -> list[Path]:
    """Return the folders of WIT that packages of this project's guests bring."""
    from ..build.installed_wit import wit_for_guests

    return wit_for_guests(Path.cwd())


def run_all(wanted: list[Target]) -> tuple[int, bool]:
    """Generate targets; if one of them fails, nothing is written.

    Returns the exit code, and whether anything changed.
    """
    from ..runs import generate_all

    changed, started = False, time.perf_counter()
    try:
        for result in generate_all(wanted, installed_wit):
            reporter.add(result.diagnostics)
            if result.plan is not None:
                _summarise(result.plan, time.perf_counter() - started)
                changed = changed or result.plan.changes
            started = time.perf_counter()
    except WitgenError as error:
        reporter.add(error.diagnostics)
        return 2, changed
    return 0, changed


def _summarise(plan: Plan, seconds: float) -> None:
    for path in plan.written:
        reporter.say(f"wrote {plan.folder / path}", verbosity=1)
    for path in plan.remove:
        reporter.say(f"removed {plan.folder / path}", verbosity=1)
    counts = f"{len(plan.written)} written, {len(plan.kept)} unchanged, {len(plan.remove)} removed"
    reporter.say(f"{plan.folder}: {counts} in {seconds:.2f} s")


@click.command()
@config_options(Scope.BINDINGS)
@click.option("--diff", is_flag=True, help="Write what `generate` would change to stdout, as a unified diff.")
@reporting
def check(*, diff: bool, **options: Any) -> int:
    """Write nothing; exit with 1 and name every file that `generate` would change."""
    from ..project.target_selection import chosen
    from ..runs import check_all

    if diff and reporter.format.is_document:
        msg = f"--diff and --format {reporter.format.value} both write to stdout"
        raise click.UsageError(msg)
    reporter.promise()
    code = 0
    for result in check_all(chosen(Path.cwd(), overrides(options)), installed_wit):
        reporter.add(result.diagnostics)
        if result.plan is not None and not _is_clean(result.plan, diff=diff):
            code = 1
    return code


def _is_clean(plan: Plan, *, diff: bool) -> bool:
    """Report how a folder differs from the output."""
    if not plan.drift:
        reporter.say(f"{plan.folder}: all {len(plan.kept)} files are up to date")
        return True
    if diff:
        from ..output.diff import unified

        # As bytes: line ends are part of the diff.
        sys.stdout.buffer.write("".join(unified(plan)).encode("utf-8", "surrogateescape"))
    if reporter.format is Format.TEXT:
        for line in _listed(plan):
            click.echo(line, err=True)
    else:
        from ..output.drift import diagnostics

        reporter.add(diagnostics(plan))
    return False


def _listed(plan: Plan) -> Iterator[str]:
    for path, kind in plan.drift.items():
        yield f"{kind.value}: {plan.folder / path}"
    counts = Counter(kind.value for kind in plan.drift.values())
    listed = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
    yield f"{plan.folder}: not up to date ({listed})"
    from ..output.drift import remedies

    yield from (f"  = help: {text}" for text in remedies(plan))
