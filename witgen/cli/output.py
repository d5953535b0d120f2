"""What goes to stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from ..diagnostics import Diagnostic

__all__ = ["report", "use_color"]


def use_color() -> bool:
    """Tell whether stderr takes colours (https://no-color.org)."""
    return sys.stderr.isatty() and "NO_COLOR" not in os.environ


def report(diagnostics: Sequence[Diagnostic]) -> None:
    """Write diagnostics to stderr."""
    from ..diagnostics_text import render

    click.echo(render(diagnostics, color=use_color()), err=True, nl=False)
