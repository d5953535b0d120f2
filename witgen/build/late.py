"""Warns of imports in the application's own modules that the component will not carry out as the author expects."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.util import resolve_name
from pathlib import Path
from typing import Any, NamedTuple

from ..diagnostics.model import Diagnostic
from .absent import absent
from .application import Module, is_for_checkers, warning
from .place import Place

__all__ = ["import_warnings"]


class _Import(NamedTuple):
    """A module that a statement imports; `is_late` where that happens after the build."""

    name: str
    node: ast.stmt
    is_late: bool


def import_warnings(place: Place, modules: Iterable[Module], notes: Mapping[str, Any]) -> list[Diagnostic]:
    """Return a warning for each import that will find nothing, or another module than the author's.

    Args:
        place: the places of the build.
        modules: the application's.
        notes: what the entry has recorded; `available` are the modules that the component has.
    """
    available = set(notes["available"])
    hidden = {name: path for folder in reversed(place.folders) for name, path in _hidden(folder)}
    found: list[Diagnostic] = []
    for module in modules:
        for each in _imports(module.tree.body, module.package, is_late=False):
            top = each.name.partition(".")[0]
            if top in hidden:
                message = f"`{each.name}` is the module of the standard library, not {hidden[top]}"
                found.append(warning("W0708", message, module.span(each.node), "rename your module"))
            elif each.is_late and (absent(each.name) or each.name not in available):
                message = f"the component has no module `{each.name}`, which this imports when the function runs"
                found.append(warning("W0707", message, module.span(each.node), _help(each.name)))
    return found


def _help(name: str) -> str:
    if found := absent(name):
        return f"no component has it: {found.remedy}"
    return f'import it at the top of a module, or add `take = ["{name}"]` to [tool.witgen.build]'


def _hidden(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the modules of a folder that have names of modules of the standard library."""
    for path in sorted(folder.glob("*")):
        is_module = path.suffix == ".py" or (path / "__init__.py").is_file()
        if is_module and path.stem in sys.stdlib_module_names:
            yield path.stem, path


def _imports(body: Sequence[ast.AST], package: str, *, is_late: bool) -> Iterator[_Import]:
    """Yield what statements import, but for what is optional or for type checkers."""
    for node in body:
        if isinstance(node, ast.Import):
            yield from (_Import(each.name, node, is_late) for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            name = _absolute(node, package)
            if name:
                yield _Import(name, node, is_late)
        elif isinstance(node, ast.If) and is_for_checkers(node.test):
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


def _catches_import_errors(handler: ast.ExceptHandler) -> bool:
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {getattr(each, "id", None) for each in types}
    return bool(names & {None, "ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
