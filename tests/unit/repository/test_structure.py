"""The structure of the source: the runtime stands alone, stages import one way, and no imports run in a circle.

Every import counts: those inside functions and those for type checkers alone, too.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from tests.support.paths import ROOT

# From left to right: a stage imports only from stages to the left of it. A name with a dot is part of a package.
STAGES = (
    ("version", "base"),
    ("config",),
    ("diagnostics", "cache.store", "wit.model"),
    ("wit.tree", "wit.syntax", "wit.binary"),
    ("wit.resolve",),
    ("wit.json_schema", "wit.outline", "testing"),
    ("wit.picture",),
    ("bindings.facts", "bindings.plugins"),
    ("bindings.render", "bindings.runtime_copy"),
    ("output",),
    ("result",),
    ("project.toml_spans", "project.discovery", "project.installed", "project.options_table"),
    ("project.pyproject",),
    ("bindings.reuse", "project.target_selection"),
    ("cache.outputs", "golem.plugins", "wasi.plugins"),
    ("pipeline",),
    ("runs",),
    ("api",),
    ("loading", "loaded"),
    ("wave",),
    ("golem", "tools"),
    ("proxy", "wasi"),
    ("build", "project.hatch", "project.init", "project.watch"),
    ("demo",),
    ("cli",),
    ("__main__",),
)
ORDER = {name: index for index, stage in enumerate(STAGES) for name in stage}
GENERATOR = {name for stage in STAGES[: [*STAGES].index(("api",)) + 1] for name in stage}

# The generator copies the runtime and states its revision; what runs components uses it as any program does.
KNOWS_THE_RUNTIME = {"version", "bindings.render.package", "bindings.runtime_copy"}


@cache
def modules() -> Mapping[str, Path]:
    """Return import name → file, of everything in both packages."""
    found: dict[str, Path] = {}
    for package in "witgen", "witgen_runtime":
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(name: str) -> Iterator[str]:
    """Yield the full name of everything that a module imports, whoever it belongs to."""
    path = modules()[name]
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            source = [*base, *(node.module.split(".") if node.module else ())]
            for alias in node.names:
                inside = ".".join([*source, alias.name])
                yield inside if inside in modules() else ".".join(source)


@cache
def graph() -> Mapping[str, frozenset[str]]:
    """Return module → the modules of both packages that it imports."""
    return {name: frozenset({*imported(name)} & {*modules()} - {name}) for name in modules()}


def circles() -> list[set[str]]:
    """Return the sets of modules that reach each other through imports."""
    reached = {name: _reachable(name) for name in graph()}
    found: list[set[str]] = []
    for name, targets in reached.items():
        circle = {other for other in targets if name in reached[other]}
        if circle and circle not in found:
            found.append(circle)
    return found


def _reachable(start: str) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        new = graph()[waiting.pop()] - found
        found |= new
        waiting += new
    return found


def stage(name: str) -> str:
    """Return the stage of a module of witgen: its first two names, or only the first where the rest is one stage."""
    _, first, *rest = [*name.split("."), ""]
    part = f"{first}.{rest[0]}"
    return part if part in ORDER or first not in ORDER else first


def staged() -> list[str]:
    """Return the modules that belong to a stage: not those that only hold a folder together."""
    packages = {"witgen", *(f"witgen.{name.partition('.')[0]}" for name in ORDER if "." in name)}
    return [name for name in modules() if name.startswith("witgen.") and name not in packages]


def test_every_module_has_a_stage() -> None:
    assert {stage(name) for name in staged()} - set(ORDER) == set()


def test_imports_run_from_right_to_left() -> None:
    backwards = [
        f"{name} imports {target}"
        for name in staged()
        for target in graph()[name] & {*staged()}
        if ORDER[stage(target)] > ORDER[stage(name)]
    ]
    assert backwards == []


def test_runtime_imports_nothing_of_witgen() -> None:
    strangers = [
        f"{name} imports {target}"
        for name in modules()
        if name.partition(".")[0] == "witgen_runtime"
        for target in imported(name)
        if target.partition(".")[0] == "witgen"
    ]
    assert strangers == []


def test_the_generator_does_not_run_components() -> None:
    users = {
        name.removeprefix("witgen.")
        for name in staged()
        if stage(name) in GENERATOR and any(target.startswith("witgen_runtime") for target in graph()[name])
    }
    assert users == KNOWS_THE_RUNTIME


def test_the_digest_of_adapters_covers_the_code_that_composes() -> None:
    from witgen_runtime.host.adapters import source_digest

    digested = {path.resolve() for path in source_digest._sources()}
    composing = {f"witgen_runtime.host.adapters.compose.{name}" for name in ("composer", "waits")}
    composing |= {other for name in composing for other in _reachable(name)}
    assert {modules()[name] for name in composing} <= digested
    assert sum(len(path.read_text(encoding="utf-8")) for path in digested) < 500_000  # read when a component is opened


def test_keys_of_the_cache_cover_the_code_that_makes_entries() -> None:
    from witgen.cache import outputs, store

    def uncovered(start: str, folders: tuple[str, ...], trees: tuple[str, ...]) -> set[str]:
        found = {start, *_reachable(start)} - {"witgen.version", "witgen_runtime.version"}  # it is in every key
        paths = {name: os.path.relpath(modules()[name], ROOT / "witgen") for name in found}
        return {
            name
            for name, path in paths.items()
            if os.path.dirname(path) not in folders and not path.startswith(tuple(f"{tree}/" for tree in trees))
        }

    assert uncovered("witgen.wit.resolve.run", (), store._TREES) == set()
    assert uncovered("witgen.pipeline", outputs._FOLDERS, (*store._TREES, *outputs._TREES)) == set()


def test_no_imports_run_in_a_circle() -> None:
    assert [sorted(circle) for circle in circles()] == []
