"""The definitions of a generated module, in a form that can be compared with those of another package.

Documentation does not count, nor the place of the support code.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import NamedTuple

from .imports import COPY

__all__ = ["Definitions", "definitions"]


class Definitions(NamedTuple):
    """A module: each name that it offers or defines, with its definition; its imports, by local name; `__all__`.

    Imported things are written `module:name`, and modules of the package itself as paths: `./types/a:Item`.
    """

    items: Mapping[str, str]
    imports: Mapping[str, str]
    exported: tuple[str, ...]


def definitions(text: str, path: str, runtime: str | None) -> Definitions:
    """Read a module.

    Args:
        text: its text.
        path: where it is in its package: `host/exports/a.py`.
        runtime: the import name of its support code, None for the package's own.
    """
    body = ast.parse(text).body
    imports: dict[str, str] = {}
    for statement in body:
        if isinstance(statement, ast.ImportFrom):
            source = _source(statement, PurePosixPath(path).parent.parts, runtime)
            imports |= {each.asname or each.name: f"{source}:{each.name}" for each in statement.names}
        elif isinstance(statement, ast.Import):
            imports |= {each.asname or each.name: each.name for each in statement.names}
    named = {name: statement for statement in body for name in _names(statement)}
    listed = named.pop("__all__", None)
    exported = tuple(str(node.value) for node in ast.walk(listed) if isinstance(node, ast.Constant)) if listed else ()
    items = {name: _defined(statement, imports) for name, statement in named.items()}
    items |= {name: imports[name] for name in exported if name in imports}
    return Definitions(items, imports, exported)


def _source(statement: ast.ImportFrom, folder: tuple[str, ...], runtime: str | None) -> str:
    """Return the module that a statement imports from: as a path in the package, or unchanged."""
    module = statement.module or ""
    if statement.level:
        base = folder[: len(folder) - statement.level + 1]
        return "/".join((".", *base, *(module.split(".") if module else ())))
    if runtime is not None and f"{module}.".startswith(f"{runtime}."):
        return "/".join((".", COPY, *module.removeprefix(runtime).split(".")[1:]))
    return module


def _names(statement: ast.stmt) -> Iterator[str]:
    match statement:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            yield name
        case ast.Assign(targets=targets):
            yield from (target.id for target in targets if isinstance(target, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name)):
            yield name
        case _:
            return


def _defined(statement: ast.stmt, imports: Mapping[str, str]) -> str:
    """Return a statement without documentation, and the meanings of the imported names in it."""
    used: set[str] = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [each for each in node.body if not _is_documentation(each)]
        elif isinstance(node, ast.Name) and node.id in imports:
            used.add(f"{node.id}={imports[node.id]}")
    return "\n".join((ast.dump(statement), *sorted(used)))


def _is_documentation(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
