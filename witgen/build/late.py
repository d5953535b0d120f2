"""Warns of imports in the application's own modules that the component will not carry out as the author expects."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.machinery import PathFinder
from importlib.util import resolve_name
from pathlib import Path
from typing import Any, NamedTuple

from ..diagnostics.model import Diagnostic, Severity
from .absent import absent
from .application import Module, is_for_checkers, warning
from .place import Place

__all__ = ["import_warnings"]


_ALL = "stdlib"
"""What `take` calls the whole standard library."""


class _Import(NamedTuple):
    """A module that a statement imports; `is_late` where that happens after the build."""

    name: str
    node: ast.stmt
    is_late: bool


def import_warnings(
    place: Place, modules: Iterable[Module], notes: Mapping[str, Any], take: Sequence[str]
) -> list[Diagnostic]:
    """Return a warning for each import that will find nothing, or another module than the author's.

    Args:
        place: the places of the build.
        modules: the application's.
        notes: what the entry has recorded; `available` are the modules that the component has.
        take: what the component was to have besides, as `Build` has it.
    """
    available = set(notes["available"])
    hidden = {name: path for folder in reversed(place.folders) for name, path in _hidden(folder)}
    found = [_vain(name, place) for name in take if name != _ALL and name.removesuffix(".*") not in available]
    for module in modules:
        for each in _imports(module.tree.body, module.package, is_late=False):
            top = each.name.partition(".")[0]
            if top in hidden:
                message = f"`{each.name}` is the module of the standard library, not {hidden[top]}"
                found.append(warning("W0708", message, module.span(each.node), "rename your module"))
            elif each.is_late and (absent(each.name) or each.name not in available):
                message = f"the component has no module `{each.name}`, which this imports when the function runs"
                found.append(warning("W0707", message, module.span(each.node), _help(each.name, place)))
    return found


def _vain(name: str, place: Place) -> Diagnostic:
    """Return the warning for something that `take` names and that the component has not got."""
    message = f"the component has no module `{name}`, which `take` names"
    return Diagnostic("W0707", message, help=_why(name.removesuffix(".*"), place), severity=Severity.WARNING)


def _why(name: str, place: Place) -> str | None:
    """Return why no component has a module, or why this one cannot have it; None if it can."""
    if found := absent(name):
        return f"no component has it: {found.remedy}"
    top = name.partition(".")[0]
    folders = [os.fspath(each) for each in (*place.folders, *place.site_packages())]
    if top not in sys.stdlib_module_names and PathFinder.find_spec(top, folders) is None:
        return f"there is no module `{top}` where the build looks for them: is it installed, and spelt so?"
    return None


def _help(name: str, place: Place) -> str:
    if (why := _why(name, place)) is not None:
        return why
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
