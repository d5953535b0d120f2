"""`witgen watch`."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import click

from ..project.options_table import Scope
from .options import config_options, overrides, reporting
from .output import reporter

__all__ = ["watch"]


@click.command()
@config_options(Scope.BINDINGS)
@reporting
def watch(**options: Any) -> int:
    """Generate now, and again whenever the WIT or pyproject.toml is saved, until interrupted. Needs `witgen[watch]`."""
    from ..project.watch import MissingWatcherError, rounds
    from .generating import run_all

    gc.enable()  # unlike other commands, this one runs for days
    wanted = overrides(options)
    try:
        for chosen, problems in rounds(Path.cwd(), wanted):
            reporter.promise()
            reporter.add(problems)
            run_all(chosen)
            reporter.flush()
    except MissingWatcherError as error:
        raise click.ClickException(str(error)) from error
    return 0
