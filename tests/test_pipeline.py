"""The pipeline runs one way: a module imports only from its own stage and from stages to the left."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent / "witgen"

# Left to right. `data` and `version` know nothing of WIT; `runtime` and `golem` stand beside the pipeline.
STAGES = (
    ("version", "data", "files", "source", "diagnostics", "diagnostics_text", "errors", "cache", "records"),
    ("diagnostics_json", "diagnostics_formats", "toml_places"),
    ("tree",),
    ("syntax",),
    ("model",),
    ("binary",),
    ("resolver",),
    ("facts",),
    ("inspect", "testing"),
    ("render",),
    ("write", "runtime_files"),
    ("options",),
    ("packages",),
    ("projects",),
    ("config",),
    ("targets",),
    ("produce", "earlier"),
    ("runs",),
    ("api",),
    ("build_entry",),
    ("build_inputs",),
    ("hatch", "initialise", "watch", "build", "loading", "loaded", "pytest_plugin"),
    ("demo",),
    ("cli",),
    ("__main__",),
)
ORDER = {name: index for index, stage in enumerate(STAGES) for name in stage}
BESIDE = {"runtime", "golem"}

# What runs components is a user of the generator: it needs the host's runtime, and the embedded WIT.
RUNNERS = {"demo", "cli", "loading"}


def imports(path: Path) -> Iterator[str]:
    """Yield the top-level witgen module or package behind each import of a file."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            parts = (*base, *(node.module.split(".") if node.module else ()))
            yield from [parts[0]] if parts else [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] == "witgen":
            yield [*node.module.split("."), "__init__"][1]
        elif isinstance(node, ast.Import):
            yield from (alias.name.split(".")[1] for alias in node.names if alias.name.startswith("witgen."))


def stage(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").parts[0]


def modules() -> list[Path]:
    paths = (path for path in ROOT.rglob("*.py") if "app" not in path.parts)
    return sorted(path for path in paths if path != ROOT / "__init__.py")


def test_every_module_has_a_stage() -> None:
    assert {stage(path) for path in modules()} - set(ORDER) - BESIDE == set()


def test_imports_run_from_right_to_left() -> None:
    backwards = [
        f"{path.relative_to(ROOT)} imports {target}"
        for path in modules()
        for target in imports(path)
        if stage(path) in ORDER
        and (target in BESIDE or ORDER.get(target, -1) > ORDER[stage(path)])
        and not (target in BESIDE and stage(path) in RUNNERS)
    ]
    assert backwards == []


def test_runtime_imports_nothing_of_witgen() -> None:
    strangers = [
        f"{path.relative_to(ROOT)} imports {target}"
        for path in (ROOT / "runtime").rglob("*.py")
        for target in imports(path)
        if target != "runtime"
    ]
    assert strangers == []
