"""Problems as values: the message, its place, and the remedy."""

from __future__ import annotations

import enum

from ..base.frozen import frozen
from ..base.source import Span

__all__ = ["Diagnostic", "Label", "Severity"]


class Severity(enum.Enum):
    """How bad a problem is; only errors stop a run."""

    ERROR = "error"
    WARNING = "warning"


@frozen
class Label:
    """A second place that explains the first."""

    span: Span
    message: str


@frozen
class Diagnostic:
    """One problem. `span` is None if it has no place in a file; `path` then names the file or folder."""

    code: str
    message: str
    span: Span | None = None
    labels: tuple[Label, ...] = ()
    help: str | None = None
    note: str | None = None
    severity: Severity = Severity.ERROR
    path: str | None = None
