"""Every golden case: the text as reviewed, and code that imports, type-checks, lints and is laid out as black would."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from witgen import Config, generate
from witgen.bindings.render.package import HEADER

GOLDEN = ROOT / "golden"
CASES = sorted(path.parent.name for path in GOLDEN.glob("*/witgen.toml"))


def config(case: str, out: Path) -> Config:
    options = tomllib.loads((GOLDEN / case / "witgen.toml").read_text())
    return Config(GOLDEN / case / "wit", out=out, **options)


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All cases, generated side by side: <root>/<case with underscores>_bindings."""
    root = tmp_path_factory.mktemp("golden")
    for case in CASES:
        generate(config(case, root / package(case)))
    return root


def package(case: str) -> str:
    return case.replace("-", "_") + "_bindings"


def texts(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    relative = {path.relative_to(folder).as_posix(): path for path in files}
    return {name: path.read_text() for name, path in sorted(relative.items())}


@pytest.mark.parametrize("case", CASES)
def test_text(case: str, packages: Path, request: pytest.FixtureRequest) -> None:
    """The output is what was reviewed; a copy of the runtime is what it is a copy of."""
    actual = texts(packages / package(case))
    # The lock lists the hashes of a copy, too, which change with every touch of the runtime.
    del actual["witgen.lock"]
    copies = {name: actual.pop(name) for name in tuple(actual) if name.startswith("runtime/")}
    source = ROOT / "witgen_runtime"
    expected = texts(source) if copies else {}
    assert copies == {f"runtime/{name}": f"{HEADER}{text}" for name, text in expected.items() if name.endswith(".py")}
    expected_folder = GOLDEN / case / "expected"
    if request.config.getoption("--update-golden"):
        for path in expected_folder.rglob("*"):
            if path.is_file():
                path.unlink()
        for name, text in actual.items():
            (expected_folder / name).parent.mkdir(parents=True, exist_ok=True)
            (expected_folder / name).write_text(text)
    assert actual == texts(expected_folder)


def test_every_module_imports(packages: Path) -> None:
    """Each module imports in an interpreter of its own that sees the output alone, without witgen."""
    script = """
import importlib, pathlib, sys
sys.path.insert(0, sys.argv[1])
sys.modules["witgen"] = None
for path in sorted(pathlib.Path(sys.argv[1]).rglob("*.py")):
    parts = path.relative_to(sys.argv[1]).with_suffix("").parts
    importlib.import_module(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
"""
    run = subprocess.run([sys.executable, "-c", script, str(packages)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize(
    "command",
    [
        ["mypy", "--strict", "--no-error-summary", "--config-file=", "."],
        ["ruff", "check", "--isolated", "--exclude", "runtime", "."],
        ["black", "--check", "--quiet", "--exclude", "/runtime/", "."],
    ],
    ids=lambda command: command[0],
)
def test_clean(command: list[str], packages: Path) -> None:
    run = subprocess.run([sys.executable, "-m", *command], cwd=packages, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.slow
def test_clean_pyright(packages: Path) -> None:
    (packages / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict", "pythonVersion": "3.11"}')
    command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable]
    run = subprocess.run(command, cwd=packages, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
