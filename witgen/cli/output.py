"""Output to stderr and stdout: problems in the requested format, and one summary line."""

from __future__ import annotations

import enum
import logging
import os
import sys
import threading
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click

from ..diagnostics.model import Diagnostic

__all__ = ["Format", "Reporter", "reporter", "use_color"]


_MOMENT: Final = 1.5
"""Seconds after which a user is told what takes so long."""


class Format(enum.Enum):
    """Format of problems: for people (stderr), for GitHub (also stderr), for programs (stdout)."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"

    @property
    def is_document(self) -> bool:
        """Return whether the problems of a run form one document, which exists even without problems."""
        return self in {Format.JSON, Format.SARIF}


def use_color() -> bool:
    """Return whether stderr supports colours (https://no-color.org)."""
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR")


def _default() -> Format:
    return Format.GITHUB if os.environ.get("GITHUB_ACTIONS") == "true" else Format.TEXT


class Reporter:
    """Collects the problems of one run. `verbosity` is -1 for `-q`, 1 for `-v`."""

    def __init__(self) -> None:
        self.format = _default()
        self.verbosity = 0
        self.promised = False
        self._problems: list[Diagnostic] = []

    def add(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Keep problems until the run is over, each once: several targets may have the same."""
        self._problems = list(dict.fromkeys((*self._problems, *diagnostics)))

    def say(self, line: str, *, verbosity: int = 0) -> None:
        """Write a line for people to stderr, unless the verbosity is lower."""
        if self.verbosity >= verbosity:
            click.echo(line, err=True)

    @contextmanager
    def during(self, what: str) -> Generator[None]:
        """Say what takes so long, once it takes longer than a moment, and how long it took when it is done."""
        begun = time.monotonic()
        said = threading.Event()

        def tell() -> None:
            said.set()
            self.say(f"{what} …")

        timer = threading.Timer(_MOMENT, tell)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()
        if said.is_set():
            self.say(f"{what}: done in {time.monotonic() - begun:.1f} s")

    def tell_of_compiling(self) -> None:
        """Say when a component is compiled, from now on: that takes long, and happens only once."""
        logger = logging.getLogger("witgen_runtime.host.component.compilations")
        logger.setLevel(logging.INFO)
        logger.propagate = False
        logger.handlers = [self.log_handler()]

    def tell_of_changes(self, component: Path) -> None:
        """Warn of a component of which a source has changed since it was built."""
        from witgen_runtime.built import outdated

        if (message := outdated(component)) is not None:
            self.say(message, verbosity=-1)

    def log_handler(self) -> logging.Handler:
        """Return a handler that says what is logged."""
        return _Saying(self)

    def promise(self) -> None:
        """Output a document of problems, even if there are none."""
        self.promised = self.format.is_document

    def flush(self) -> None:
        """Write the collected problems."""
        problems, self._problems = self._problems, []
        if not problems and not self.promised:
            return
        self.promised = False
        click.echo(self._render(problems), err=not self.format.is_document, nl=False)

    def _render(self, problems: list[Diagnostic]) -> str:
        if self.format is Format.TEXT:
            from ..diagnostics.text import render

            return render(problems, color=use_color())
        from ..diagnostics import formats

        renderers = {Format.JSON: formats.render_json, Format.GITHUB: formats.render_github}
        return renderers.get(self.format, formats.render_sarif)(problems)


class _Saying(logging.Handler):
    """Says what is logged."""

    def __init__(self, reporter: Reporter) -> None:
        super().__init__(logging.INFO)
        self._reporter = reporter

    def emit(self, record: logging.LogRecord) -> None:
        """Say it."""
        self._reporter.say(record.getMessage())


reporter = Reporter()
