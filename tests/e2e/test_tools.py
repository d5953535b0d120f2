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

from tests.support.paths import ROOT

Run = Callable[..., subprocess.CompletedProcess[str]]

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
    for name in ("witgen", "witgen_runtime", "grammars", "templates"):
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


@pytest.mark.long
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


def documented(language: str) -> str:
    """Return the code of one language that the page shows for setuptools."""
    page = (ROOT / "docs" / "build.md").read_text()
    section = page[page.index("### setuptools") : page.index("### From Python")]
    return section.split(f"```{language}\n")[1].split("```")[0]


@pytest.mark.long
def test_setuptools(wheel: Path, project: Path) -> None:
    """The page's build step makes a wheel and an editable install of a project without bindings."""
    configuration = documented("toml").replace('"witgen"', f'"witgen @ {wheel.as_uri()}"').replace("chat", "shop")
    (project / "pyproject.toml").write_text(f'[project]\nname = "shop"\nversion = "1"\n\n{configuration}')
    (project / "setup.py").write_text(documented("python").replace("chat", "shop"))
    (project / "MANIFEST.in").write_text("graft wit\n")
    package = project / "src" / "shop"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("from .bindings.types.demo_shop_goods import Item\n")
    command = [sys.executable, "-m", "build", "--outdir", "dist", "."]
    build = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert build.returncode == 0, build.stdout + build.stderr
    archive = zipfile.ZipFile(next((project / "dist").glob("shop*.whl")))
    assert {"shop/bindings/types/demo_shop_goods.py", "shop/bindings/py.typed"} < {*archive.namelist()}
    archive.extractall(project / "installed")
    use = [sys.executable, "-c", "from shop import Item; print(Item('pen', 3))"]
    run = subprocess.run(use, cwd=project / "installed", capture_output=True, text=True)
    assert run.stdout == "Item(name='pen', price=3)\n", run.stderr
    # In the project itself there is nothing yet: the wheel was made from the sdist, in a folder of its own.
    assert not (package / "bindings").exists()
    venv.create(project / "env", with_pip=True)
    python = project / "env" / "bin" / "python"
    install = subprocess.run([python, "-m", "pip", "install", "-e", "."], cwd=project, capture_output=True, text=True)
    assert install.returncode == 0, install.stdout + install.stderr
    edited = subprocess.run([python, *use[1:]], cwd=project / "wit", capture_output=True, text=True)
    assert edited.stdout == run.stdout, edited.stderr


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
    empty = tmp_path / "empty"
    empty.mkdir()
    (project / "app.py").touch()
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", wheel], check=True)
    script = subprocess.run([tmp_path / "env" / "bin" / "witgen", "--help"], capture_output=True, text=True, check=True)
    module = subprocess.run([python, "-m", "witgen", "--help"], capture_output=True, text=True, check=True)
    assert script.stdout == module.stdout
    for command, folder, extra in (
        (["watch"], project, "watch"),
        (["watch"], empty, "watch"),
        (["run", "app.wasm", "add", "1"], empty, "golem"),
        (["workers"], empty, "golem"),
        (["build", "app.py"], project, "guest"),
    ):
        refused = subprocess.run(
            [python, "-m", "witgen", *command], cwd=folder, capture_output=True, text=True, timeout=60
        )
        assert refused.returncode == 2
        assert f"pip install 'witgen[{extra}]'" in refused.stderr
        assert "Traceback" not in refused.stderr
    assert not list(empty.iterdir())


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


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_what_other_shells_are_told(shell: str, witgen: Run) -> None:
    """The scripts ask witgen itself, in the way that click's manual describes for each shell."""
    zsh = {"COMP_WORDS": "witgen gen", "COMP_CWORD": "1"}
    fish = {"COMP_WORDS": "witgen gen", "COMP_CWORD": "gen"}
    answer = witgen(_WITGEN_COMPLETE=f"{shell}_complete", **(zsh if shell == "zsh" else fish)).stdout
    wanted = "plain\ngenerate\nWrite the bindings of" if shell == "zsh" else "plain,generate\tWrite the bindings of"
    assert answer.startswith(wanted)


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_completion_in_zsh(tmp_path: Path) -> None:
    """Zsh's own completion, at a terminal of its own, fills in the command."""
    script = """
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'autoload -U compinit && compinit -u -D; zstyle ":completion:*" list-prompt ""; PS1=ready%%'
zpty -w shell 'eval "$(witgen completion zsh)"; echo do""ne'
while zpty -r shell line; do [[ $line == *done* ]] && break; done
zpty -w -n shell $'witgen gener\t --fail\t; echo over'
sleep 5
zpty -w shell ''
for _ in {1..60}; do zpty -r -t shell line && text+=$line || sleep 0.1; done
print -r -- "$text"
"""
    shown = in_shell("zsh", script, tmp_path)
    assert "generate" in shown
    assert "--fail-on-change" in shown


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
def test_completion_in_fish(tmp_path: Path) -> None:
    script = """
witgen completion fish | source
complete -C "witgen gen"
complete -C "witgen check --di"
"""
    words = [line.partition("\t")[0] for line in in_shell("fish", script, tmp_path).splitlines()]
    assert words == ["generate", "--diff"]


def in_shell(shell: str, script: str, folder: Path) -> str:
    """Run a script where `witgen` is this one; returns what it prints."""
    (folder / "witgen").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m witgen "$@"\n')
    (folder / "witgen").chmod(0o755)
    environment = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "HOME": str(folder)}
    run = subprocess.run([shell, "-c", script], env=environment, capture_output=True, text=True, timeout=60, cwd=folder)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_versions_are_those_installed(witgen: Run) -> None:
    from importlib.metadata import version

    shown = witgen("--version").stdout.splitlines()
    assert f"wasmtime {version('wasmtime')}" in shown
    assert f"componentize-py {version('componentize-py')}" in shown
