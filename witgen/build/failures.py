"""Explains why componentize-py could not build an application."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..bindings.facts.unbuildable import Unbuildable
from .absent import absent
from .place import Place, is_wasm

__all__ = ["explain"]

_NATIVE = (".so", ".pyd", ".dylib")

# Known messages of componentize-py or the application, and their meanings.
_KNOWN = (
    (
        r"(?s)\A(?!.*Traceback \().*has no attribute '(?P<name>Guest)'",
        (
            "the application installs nothing called {name}: call `exports.serve(__name__, …)` at its end; if it has"
            " agents, write `@agent` before their classes"
        ),
    ),
    (
        # componentize-py looks for it when the application is imported; what that raises itself has a traceback.
        r"(?s)\A(?!.*Traceback \().*has no attribute '(?P<name>[A-Z]\w*)'",
        "the application installs nothing called {name}: call `exports.serve(__name__, …)` at its end",
    ),
    (
        r"(?P<name>\S+) does not export (?P<what>`.+`)",
        "{name} must implement {what}, which the world exports",
    ),
    (
        r"TypeError: (?P<name>\w+) lacks (?P<what>`.+`) of (?P<of>\S+)",
        "{name} must implement {what} of {of}, which the world exports",
    ),
    (
        r"(?P<name>\S+) must serve objects, not classes: pass (?P<what>`.+)",
        "{name} gives `exports.serve` a class in place of an object: pass {what}",
    ),
    (
        r"(?P<name>\S+) is not among the modules that componentize-py made",
        "{name} does not exist under this name: generate the bindings again, with the same options for names",
    ),
    (
        r"cannot import name 'host' from 'witgen_runtime'",
        "the application imports the bindings of hosts, and a component has none: import from the `guest` package",
    ),
    (
        r"No module named '(?P<name>[^']+)'",
        (
            "`import {name}` finds nothing: it is searched for next to the application, below --path, and among the"
            " packages that are installed here or that `requirements` in [tool.witgen.build] names"
        ),
    ),
    (
        r"re-adding package|attempting to re-add package `?(?P<name>[^`\s]+)",
        (
            "an installed package ships WIT that another one has as well, or a file with several packages in this WIT:"
            " build in an environment without one of them, or give that package a folder below deps/"
        ),
    ),
    (
        r"fixed[- ](?:size|length)|FixedSizeList|FixedLengthList|not yet implemented|map types",
        "componentize-py cannot build a world with maps, fixed-length lists or error-contexts: take them out",
    ),
)


class _Import(NamedTuple):
    """An import statement of the user's that failed."""

    file: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f"`{self.text}` in {self.file}, line {self.line}"


def explain(story: str, place: Place, entry: Path, stumbles: Sequence[Unbuildable]) -> str | None:
    """Return the meaning of a failed build and the remedy; None if it is unknown.

    Args:
        story: what componentize-py has written.
        place: the places of the build.
        entry: the folder of the entry, which may have recorded a failed import.
        stumbles: what in the world componentize-py cannot build.
    """
    if stumbles:
        return "\n".join(f"componentize-py cannot build this: {each.message}; {each.remedy}" for each in stumbles)
    failure = _failure(entry)
    if failure is not None and (advice := _failed_import(failure, place)):
        return advice
    for pattern, advice in _KNOWN:
        found = re.search(pattern, story)
        if found:
            return advice.format_map(found.groupdict())
    return None


def _failure(entry: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads((entry / "failure.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found


def _failed_import(failure: dict[str, Any], place: Place) -> str | None:
    imports = list(_imports(failure["places"], place))
    where = f": {imports[-1]}" if imports else ""
    name, message = failure["name"] or "", failure["message"]
    if is_absent := absent(name):
        public, remedy = is_absent
        return (
            f"Python inside a component has no `{public}`{where}. {remedy[0].upper()}{remedy[1:]}; if the module is"
            " optional, import it inside `try`, with `except ImportError`"
        )
    attribute = re.match(r"cannot import name '([^']+)'", message)
    names = [f"{name}.{attribute[1]}"] if attribute else [name, *(_modules(imports[-1].text) if imports else ())]
    for base in (*place.folders, *place.site_packages()):
        for each in filter(None, names):
            for library in _libraries(Path(base, *each.split("."))):
                return _native(each.partition(".")[0], library.relative_to(base), where)
    return _inside_native(imports, place, where)


def _imports(places: list[tuple[str, int, str]], place: Place) -> Iterator[_Import]:
    """Yield the places that are in files of the user's or of packages."""
    roots = [None, *map(str, place.site_packages())]
    for guest, line, text in places:
        found = (place.real(guest, root) for root in roots)
        file = next((each for each in found if each is not None and each.is_file()), None)
        if file is not None:
            yield _Import(file, line, text or "import …")


def _modules(statement: str) -> Iterator[str]:
    """Yield the modules that an import statement names, or may name."""
    try:
        (node,) = ast.parse(statement.strip()).body
    except (SyntaxError, ValueError):
        return
    if isinstance(node, ast.Import):
        yield from (each.name for each in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield node.module
        yield from (f"{node.module}.{each.name}" for each in node.names)


def _libraries(module: Path) -> Iterator[Path]:
    """Yield the native libraries that a module would be loaded from, if they are not WebAssembly."""
    try:
        found = sorted(module.parent.iterdir())
    except OSError:
        return
    for path in found:
        if path.name.startswith(f"{module.name}.") and path.suffix in _NATIVE and not is_wasm(path):
            yield path


def _inside_native(imports: Sequence[_Import], place: Place, where: str) -> str | None:
    """Explain a failure inside a package with native libraries, which may hide the first cause."""
    # A virtual environment may be in the application's folder.
    bases = [*place.site_packages(), *(folder.absolute() for folder in place.folders)]
    for file in (each.file.absolute() for each in reversed(imports)):
        for base in (each for each in bases if file.is_relative_to(each)):
            top, *below = file.relative_to(base).parts
            libraries = sorted((base / top).rglob("*")) if below else []
            for library in (each for each in libraries if each.suffix in _NATIVE and not is_wasm(each)):
                return _native(top, library.relative_to(base), where)
    return None


def _native(package: str, library: Path, where: str) -> str:
    return (
        f"the package `{package}` has a part that is compiled for this machine ({library}){where}. A component takes"
        " pure Python, or a build of the package for wasm32-wasi: use a package of pure Python in its place, or a"
        " release that does without the compiled part"
    )
