"""Warns of functions of an application that are still as `witgen init --guest` has written them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..diagnostics.model import Diagnostic
from .application import Module, warning

__all__ = ["unfilled"]


def unfilled(modules: Iterable[Module], application: str) -> list[Diagnostic]:
    """Return one warning for the functions of the application's own module that only raise `NotImplementedError`."""
    for module in modules:
        if module.is_late or ".".join(filter(None, (module.package, Path(module.file.path).stem))) != application:
            continue
        found = [*_found(module.tree.body, "")]
        if found:
            listed = ", ".join(f"`{name}`" for name, _ in found)
            message = f"not written yet, so that calls of it trap: {listed}"
            help = "replace `raise NotImplementedError`, and build again"
            return [warning("W0720", message, module.span(found[0][1]), help)]
    return []


def _found(body: list[ast.stmt], of: str) -> Iterator[tuple[str, ast.stmt]]:
    """Yield the functions, with the names of their classes before theirs, and the statements that raise."""
    for each in body:
        if isinstance(each, ast.ClassDef) and not _is_abstract(each.bases):
            yield from _found(each.body, f"{of}{each.name}.")
        elif isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)):
            *documentation, last = each.body
            only_raises = all(isinstance(one, ast.Expr) for one in documentation) and _gives_up(last)
            if only_raises and not _is_abstract(each.decorator_list):
                yield f"{of}{each.name}", last


def _is_abstract(named: list[ast.expr]) -> bool:
    names = {getattr(each, "id", "") or getattr(each, "attr", "") for each in named}
    return not names.isdisjoint({"ABC", "Protocol", "abstractmethod"})


def _gives_up(statement: ast.stmt) -> bool:
    raised = statement.exc if isinstance(statement, ast.Raise) else None
    name = raised.func if isinstance(raised, ast.Call) else raised
    return isinstance(name, ast.Name) and name.id == "NotImplementedError"
