"""What the documentation tells people to import is public, exists, and says what it is."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.paths import ROOT

PUBLIC = (
    "witgen",
    "witgen.golem",
    "witgen.golem.sdk",
    "witgen.golem.sdk.durability",
    "witgen.golem.sdk.http",
    "witgen.golem.sdk.logs",
    "witgen.golem.sdk.mysql",
    "witgen.golem.sdk.postgres",
    "witgen.golem.sdk.promises",
    "witgen.golem.sdk.quotas",
    "witgen.golem.sdk.recording",
    "witgen.golem.sdk.remote",
    "witgen.golem.sdk.retries",
    "witgen.golem.sdk.rpc",
    "witgen.golem.sdk.spans",
    "witgen.golem.sdk.storage",
    "witgen.golem.sdk.testing",
    "witgen.golem.sdk.transactions",
    "witgen.golem.sdk.websocket",
    "witgen.proxy",
    "witgen_runtime",
    "witgen_runtime.guest",
    "witgen_runtime.host",
    "witgen_runtime.testing",
)

# `witgen.load` makes packages below this one in memory: generated ones, like those that `witgen generate` writes.
LOADED = "witgen.loaded"

SIDES = {"guest", "host", "types"}

OURS = re.compile(r"`((?:witgen|witgen_runtime)(?:\.[A-Za-z_]\w*)+)")

pages = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/**/*.md", "examples/**/*.md")
    for path in ROOT.glob(pattern)
)
programs = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("examples/**/*.py"))


def code_of(page: str) -> Iterator[str]:
    """Yield the Python of a page, block by block; a program is one block."""
    text = (ROOT / page).read_text(encoding="utf-8")
    if page.endswith(".py"):
        yield text
        return
    yield from re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def imports_of(code: str) -> Iterator[tuple[str, str | None]]:
    """Yield the module and the name of every import; no name where the module itself is imported."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias.name) for alias in node.names)


def complaint(module: str, name: str | None) -> str | None:
    """Say what is wrong with an import, if anything is."""
    parts = [*module.split("."), *([name] if name else [])]
    if any(part.startswith("_") and not part.endswith("__") for part in parts):
        return "a component begins with an underscore"
    if parts[0] not in {"witgen", "witgen_runtime"}:
        return None
    if module.startswith(f"{LOADED}."):
        generated = module.removeprefix(f"{LOADED}.").split(".")
        return None if generated[1:2] and generated[1] in SIDES else "this part of generated packages is not public"
    if module not in PUBLIC:
        return f"{module} is not one of {', '.join(PUBLIC)}"
    if name is None or f"{module}.{name}" in PUBLIC or name in import_module(module).__all__:
        return None
    return f"{name} is not in its __all__"


@pytest.mark.parametrize("page", [*pages, *programs])
def test_imports_are_of_public_names(page: str) -> None:
    private = [
        f"{module}{f':{name}' if name else ''}: {problem}"
        for code in code_of(page)
        for module, name in imports_of(code)
        if (problem := complaint(module, name))
    ]
    assert private == []


@pytest.mark.parametrize("page", [page for page in pages if not page.startswith(("docs/internals/", "CONTRIBUTING"))])
def test_names_in_prose_are_public(page: str) -> None:
    for dotted in OURS.findall((ROOT / page).read_text(encoding="utf-8")):
        if dotted in {*PUBLIC, LOADED} or dotted == "witgen.lock":
            continue
        module = next(name for name in sorted(PUBLIC, key=len, reverse=True) if dotted.startswith(f"{name}."))
        assert dotted.removeprefix(f"{module}.").partition(".")[0] in import_module(module).__all__, dotted


@pytest.mark.parametrize("module", PUBLIC)
def test_public_names_exist_and_are_documented(module: str) -> None:
    public = import_module(module)
    assert public.__doc__
    undocumented = [
        name for name in public.__all__ if name != "__version__" and not documented(module, name, getattr(public, name))
    ]
    assert undocumented == []


def documented(module: str, name: str, value: object) -> bool:
    """Tell whether something public has words; what comes from another distribution is documented there."""
    if inspect.isclass(value) or inspect.isfunction(value):
        if value.__module__.partition(".")[0] not in {"witgen", "witgen_runtime"}:
            return True
        words = value.__dict__.get("__doc__") if inspect.isclass(value) else value.__doc__
        return bool(words) and not words.startswith(f"{value.__name__}(")  # what `dataclass` says by itself
    if inspect.ismodule(value):
        return bool(value.__doc__)
    return has_text_below(module, name)


def has_text_below(module: str, name: str) -> bool:
    """Tell whether a constant or an alias has a text below its definition, wherever it comes from."""
    body = tree(module).body
    for statement, following in zip(body, [*body[1:], None], strict=True):
        if isinstance(statement, ast.ImportFrom):
            for alias in statement.names:
                if (alias.asname or alias.name) == name:
                    return has_text_below(source(module, statement), alias.name)
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            if any(isinstance(target, ast.Name) and target.id == name for target in targets):
                return isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
    raise LookupError(f"{module} does not define {name}")


def source(module: str, statement: ast.ImportFrom) -> str:
    spec = find_spec(module)
    assert spec
    package = module if spec.submodule_search_locations else module.rpartition(".")[0]
    base = package.split(".")[: len(package.split(".")) - statement.level + 1] if statement.level else []
    return ".".join([*base, *([statement.module] if statement.module else [])])


@cache
def tree(module: str) -> ast.Module:
    spec = find_spec(module)
    assert spec
    assert spec.origin
    return ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
