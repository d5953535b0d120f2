"""The results of a run: for users, and for the stages that write and keep them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from .base.frozen import frozen
from .diagnostics.model import Diagnostic
from .output import Output, Plan

__all__ = ["Produced", "Result"]


class Result(NamedTuple):
    """A generated output: text by path relative to the output, warnings, and the plan of changes."""

    files: Mapping[str, str]
    diagnostics: tuple[Diagnostic, ...]
    plan: Plan | None = None


@frozen
class Produced:
    """The output, the text of the lock that goes with it, and warnings."""

    output: Output
    lock: str
    diagnostics: tuple[Diagnostic, ...]
