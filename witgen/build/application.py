"""The application's own modules, as syntax trees, for warnings about what they do."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..base.source import SourceFile, Span
from ..diagnostics.model import Diagnostic, Severity
from .place import Place

__all__ = ["Module", "is_for_checkers", "modules", "warning"]


class Module(NamedTuple):
    """A module of the application's that is in the component.

    Attributes:
        file: its source.
        tree: the same, parsed.
        package: the name of the package that relative imports start from.
        is_late: whether the component imports it only at run time.
    """

    file: SourceFile
    tree: ast.Module
    package: str
    is_late: bool

    def span(self, node: ast.stmt | ast.expr) -> Span:
        """Return the place of a node; `ast` counts columns in bytes of UTF-8."""
        lines = self.file.text.splitlines(keepends=True)

        def offset(line: int, column: int) -> int:
            return sum(map(len, lines[: line - 1])) + len(lines[line - 1].encode()[:column].decode("utf-8", "ignore"))

        end = offset(node.end_lineno or node.lineno, node.end_col_offset or 0)
        return Span(self.file, offset(node.lineno, node.col_offset), end)


def modules(place: Place, notes: Mapping[str, Any]) -> Iterator[Module]:
    """Yield the modules that come from the application's folders.

    Args:
        place: the places of the build.
        notes: what the entry has recorded.
    """
    loaded = {file for _, file, _, is_late in notes["modules"] if not is_late}
    for guest in notes["opened"]:
        path = place.real(guest, None)
        if path is None or path.suffix != ".py" or not path.is_file():
            continue
        text = path.read_bytes().decode("utf-8", "replace")
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError):  # newer than this Python; the component's Python took it
            continue
        folder = next(folder for folder in place.folders if path.is_relative_to(folder))
        package = ".".join(path.relative_to(folder).parts[:-1])
        yield Module(SourceFile(str(path), text), tree, package, guest not in loaded)


def warning(code: str, message: str, span: Span, help: str) -> Diagnostic:
    """Return a warning."""
    return Diagnostic(code, message, span, help=help, severity=Severity.WARNING)


def is_for_checkers(test: ast.expr) -> bool:
    """Return whether the condition of an `if` holds for type checkers alone."""
    return "TYPE_CHECKING" in {getattr(test, "id", ""), getattr(test, "attr", "")}
