"""The build hook for hatchling: `[tool.hatch.build.hooks.witgen]`.

Before a wheel or an sdist is built, every target of the project's pyproject.toml is generated, and the output is built
in whether the version control system ignores it or not.
"""

from __future__ import annotations

import os
import sys
from contextlib import chdir
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.plugin import hookimpl

from ..diagnostics.errors import WitgenError
from ..diagnostics.model import Diagnostic
from ..diagnostics.text import render
from ..runs import generate_all
from .discovery import FILE_NAME, Target
from .pyproject import load

__all__ = ["WitgenBuildHook"]


class WitgenBuildHook(BuildHookInterface[Any]):
    """Generates the bindings of a project that is being built."""

    PLUGIN_NAME = "witgen"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Generate all targets and add them to the artifacts of the build.

        Raises:
            SystemExit: the configuration or the WIT cannot be used, or files of the user stand in the way.
        """
        del version
        with chdir(self.root):
            try:
                targets = load(Path(FILE_NAME))
                for result in generate_all(targets):
                    _report(result.diagnostics)
            except WitgenError as error:
                _report(error.diagnostics)
                sys.exit(2)
            build_data["artifacts"] += [_pattern(target) for target in targets]


def _report(diagnostics: tuple[Diagnostic, ...]) -> None:
    if diagnostics:
        sys.stderr.write(render(diagnostics, color=False))


def _pattern(target: Target) -> str:
    """Return the output folder as hatchling's patterns want it: with slashes, relative to the project."""
    return "/" + Path(os.fspath(target.config.out or "")).as_posix() + "/"


@hookimpl
def hatch_register_build_hook() -> type[WitgenBuildHook]:
    """Register the hook with hatchling."""
    return WitgenBuildHook
