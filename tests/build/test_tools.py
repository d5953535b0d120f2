"""witgen inside the tools that people build with: pre-commit, hatchling and pip, uvx, shells."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

ROOT = Path(__file__).parent.parent.parent
IDENTITY = {f"GIT_{who}_{what}": "test@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


def git(*arguments: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = ["git", "-c", "commit.gpgsign=false", *map(str, arguments)]
    return subprocess.run(
        command, cwd=cwd, env={**os.environ, **IDENTITY, **environment}, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def hook_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This checkout as a repository that pre-commit can clone."""
    folder = tmp_path_factory.mktemp("hooks") / "witgen"
    ignore = shutil.ignore_patterns("__pycache__", "expected", ".*cache")
    for name in ("witgen", "grammars", "templates"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignore)
    for name in ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml"):
        shutil.copy(ROOT / name, folder / name)
    git("init", "-q", cwd=folder)
    git("add", ".", cwd=folder)
    assert git("commit", "-qm", "all", cwd=folder).returncode == 0
    return folder


def test_pre_commit(hook_repository: Path, project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The first hook generates and stops the commit, the second one finds nothing more to do."""
    environment = {
        "PRE_COMMIT_HOME": str(tmp_path_factory.mktemp("pre-commit")),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    revision = git("rev-parse", "HEAD", cwd=hook_repository).stdout.strip()
    (project / ".pre-commit-config.yaml").write_text(
        f"repos:\n- repo: {hook_repository}\n  rev: {revision}\n  hooks: [{{id: witgen}}, {{id: witgen-check}}]\n"
    )
    git("init", "-q", cwd=project)
    install = [sys.executable, "-m", "pre_commit", "install"]
    subprocess.run(install, cwd=project, env={**os.environ, **environment}, check=True, capture_output=True)
    git("add", ".", cwd=project)
    first = git("commit", "-m", "first", cwd=project, **environment)
    assert first.returncode == 1, first.stderr
    assert (project / "shop_bindings" / "py.typed").is_file()
    git("add", ".", cwd=project)
    second = git("commit", "-m", "second", cwd=project, **environment)
    assert second.returncode == 0, second.stderr
    drifted = project / "shop_bindings" / "types" / "demo_shop_goods.py"
    drifted.write_text(drifted.read_text() + "MINE = 1\n")
    git("add", ".", cwd=project)
    third = git("commit", "-m", "third", cwd=project, **environment)
    assert third.returncode == 1
    assert "types/demo_shop_goods.py` was edited" in third.stderr
    assert "-MINE = 1" in third.stdout + third.stderr


PROJECT = """\
[build-system]
requires = ["hatchling", "witgen @ {wheel}"]
build-backend = "hatchling.build"

[project]
name = "shop"
version = "1"

[tool.hatch.metadata]
allow-direct-references = true

[tool.hatch.build.hooks.witgen]

[tool.hatch.build.targets.wheel]
packages = ["src/shop"]

[tool.witgen]
out = "src/shop/bindings"
"""


def test_hatchling(wheel: Path, project: Path) -> None:
    """`pip install` of a project that does not have its bindings yet generates them, though git ignores them."""
    (project / "pyproject.toml").write_text(PROJECT.format(wheel=wheel.as_uri()))
    (project / "src" / "shop").mkdir(parents=True)
    (project / "src" / "shop" / "__init__.py").write_text("")
    (project / ".gitignore").write_text("bindings/\n")
    git("init", "-q", cwd=project)
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", "dist", "."]
    build = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert build.returncode == 0, build.stdout + build.stderr
    names = zipfile.ZipFile(next((project / "dist").glob("shop*.whl"))).namelist()
    assert "shop/bindings/types/demo_shop_goods.py" in names
    assert "shop/bindings/py.typed" in names
    wit = project / "wit" / "shop.wit"
    wit.write_text(wit.read_text().replace("u32", "u31"))
    broken = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert broken.returncode != 0
    assert "wit/shop.wit:7:12" in broken.stdout + broken.stderr


def test_uvx(wheel: Path, project: Path) -> None:
    """The console script runs without anything but what the wheel asks for."""
    uvx = shutil.which("uvx", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if uvx is None:
        pytest.skip("uvx is not installed")
    command = [uvx, "--python", sys.executable, "--from", str(wheel), "witgen"]
    run = subprocess.run([*command, "generate"], cwd=project, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert (project / "shop_bindings" / "py.typed").is_file()
    shown = subprocess.run([*command, "--version"], cwd=project, capture_output=True, text=True).stdout
    assert shown.startswith("witgen ")
    assert "componentize-py (not installed)" in shown


def test_a_plain_environment(wheel: Path, project: Path, tmp_path: Path) -> None:
    """pip installs it, and `python -m witgen` and the script are the same; an extra that is missing is named."""
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", wheel], check=True)
    script = subprocess.run([tmp_path / "env" / "bin" / "witgen", "--help"], capture_output=True, text=True, check=True)
    module = subprocess.run([python, "-m", "witgen", "--help"], capture_output=True, text=True, check=True)
    assert script.stdout == module.stdout
    watch = subprocess.run([python, "-m", "witgen", "watch"], cwd=project, capture_output=True, text=True)
    assert watch.returncode == 2
    assert "pip install 'witgen[watch]'" in watch.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: str, witgen: Run) -> None:
    run = witgen("completion", shell)
    assert run.returncode == 0, run.stderr
    assert "_WITGEN_COMPLETE" in run.stdout


def test_completion_in_bash(tmp_path: Path) -> None:
    """Bash, with the script as `witgen completion bash` prints it, completes commands and options."""
    (tmp_path / "witgen").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m witgen "$@"\n')
    (tmp_path / "witgen").chmod(0o755)
    script = """
eval "$(witgen completion bash)"
COMP_WORDS=(witgen gen); COMP_CWORD=1; _witgen_completion witgen; echo "${COMPREPLY[@]}"
COMPREPLY=()
COMP_WORDS=(witgen check --di); COMP_CWORD=2; _witgen_completion witgen; echo "${COMPREPLY[@]}"
"""
    environment = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    run = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True)
    assert run.stdout.split() == ["generate", "--diff"], run.stderr


def test_versions_are_those_installed(witgen: Run) -> None:
    from importlib.metadata import version

    shown = witgen("--version").stdout.splitlines()
    assert f"wasmtime {version('wasmtime')}" in shown
    assert f"componentize-py {version('componentize-py')}" in shown
