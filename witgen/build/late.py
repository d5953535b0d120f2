"""Warns of imports in the application's own modules that the component will not carry out as the author expects."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import resolve_name
from pathlib import Path
from typing import Any, NamedTuple

from ..base.source import SourceFile, Span
from ..diagnostics.model import Diagnostic, Severity
from .place import Place

__all__ = ["import_warnings"]


class _Import(NamedTuple):
    """A module that a statement imports; `is_late` where that happens after the build."""

    name: str
    node: ast.stmt
    is_late: bool


def import_warnings(place: Place, notes: Mapping[str, Any]) -> list[Diagnostic]:
    """Return a warning for each import that will find nothing, or another module than the author's.

    Args:
        place: the places of the build.
        notes: what the entry has recorded; `available` are the modules that the component has.
    """
    available = set(notes["available"])
    hidden = {name: path for folder in reversed(place.folders) for name, path in _hidden(folder)}
    found: list[Diagnostic] = []
    for folder, path in _application(place, notes["opened"]):
        text = path.read_bytes().decode("utf-8", "replace")
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError):  # newer than this Python; the component's Python took it
            continue
        file = SourceFile(str(path), text)
        package = ".".join(path.relative_to(folder).parts[:-1])
        for each in _imports(tree.body, package, is_late=False):
            top = each.name.partition(".")[0]
            if top in hidden:
                message = f"`{each.name}` is the module of the standard library, not {hidden[top]}"
                found.append(_warning("W0708", message, _span(file, each.node), "rename your module"))
            elif each.is_late and each.name not in available:
                message = f"the component has no module `{each.name}`, which this imports when the function runs"
                help = f'import it at the top of a module, or add `take = ["{each.name}"]` to [tool.witgen.build]'
                found.append(_warning("W0707", message, _span(file, each.node), help))
    return found


def _warning(code: str, message: str, span: Span, help: str) -> Diagnostic:
    return Diagnostic(code, message, span, help=help, severity=Severity.WARNING)


def _hidden(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the modules of a folder that have names of modules of the standard library."""
    for path in sorted(folder.glob("*")):
        is_module = path.suffix == ".py" or (path / "__init__.py").is_file()
        if is_module and path.stem in sys.stdlib_module_names:
            yield path.stem, path


def _application(place: Place, opened: Sequence[str]) -> Iterator[tuple[Path, Path]]:
    """Yield the application's modules that were imported, each after its folder."""
    for guest in opened:
        path = place.real(guest, None)
        if path is not None and path.suffix == ".py" and path.is_file():
            yield next((folder, path) for folder in place.folders if path.is_relative_to(folder))


def _imports(body: Sequence[ast.AST], package: str, *, is_late: bool) -> Iterator[_Import]:
    """Yield what statements import, but for what is optional or for type checkers."""
    for node in body:
        if isinstance(node, ast.Import):
            yield from (_Import(each.name, node, is_late) for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            name = _absolute(node, package)
            if name:
                yield _Import(name, node, is_late)
        elif isinstance(node, ast.If) and _is_for_checkers(node.test):
            yield from _imports(node.orelse, package, is_late=is_late)
        elif isinstance(node, ast.Try) and any(map(_catches_import_errors, node.handlers)):
            yield from _imports([*node.orelse, *node.finalbody], package, is_late=is_late)
        else:
            inner = is_late or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _imports([*ast.iter_child_nodes(node)], package, is_late=inner)


def _absolute(node: ast.ImportFrom, package: str) -> str:
    try:
        return resolve_name("." * node.level + (node.module or ""), package) if node.level else node.module or ""
    except ImportError:
        return ""


def _is_for_checkers(test: ast.expr) -> bool:
    return "TYPE_CHECKING" in {getattr(test, "id", ""), getattr(test, "attr", "")}


def _catches_import_errors(handler: ast.ExceptHandler) -> bool:
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {getattr(each, "id", None) for each in types}
    return bool(names & {None, "ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


def _span(file: SourceFile, node: ast.stmt) -> Span:
    """Return the place of a statement; `ast` counts columns in bytes of UTF-8."""
    lines = file.text.splitlines(keepends=True)

    def offset(line: int, column: int) -> int:
        return sum(map(len, lines[: line - 1])) + len(lines[line - 1].encode()[:column].decode("utf-8", "ignore"))

    end = offset(node.end_lineno or node.lineno, node.end_col_offset or 0)
    return Span(file, offset(node.lineno, node.col_offset), end)
