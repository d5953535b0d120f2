"""The wheel holds all that the tool needs: it generates in an environment that has nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.support.components import ADDER
from tests.support.paths import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "build", "--wheel", "--outdir", out, ROOT], check=True, capture_output=True)
    return next(out.glob("*.whl"))


def test_contents(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "witgen/_data/grammars/wit.lark" in names
    assert "witgen/_data/templates/types.py.jinja" in names
    assert "witgen/golem/wit/workers/deps/golem-websocket/websocket.wit" in names
    assert "witgen/golem/wit/1.5/deps/golem-agent/guest.wit" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert {"witgen/py.typed", "witgen_runtime/py.typed"} <= names
    assert not any(name.startswith(("tests/", "golden/")) for name in names)


def test_generates_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", wheel], check=True)
    command = [tmp_path / "env" / "bin" / "witgen", "generate", ROOT / "golden/websocket/wit", "-w", "chat"]
    run = subprocess.run([*command, "-o", tmp_path / "chat_bindings"], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    code = "from chat_bindings.host import Chat, ChatImports; print(Chat.run.__doc__.splitlines()[0])"
    loaded = subprocess.run([python, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert loaded.stdout.startswith("Greets the server at `url`")


def test_a_host_needs_the_runtime_and_wasmtime_alone(wheel: Path, tmp_path: Path) -> None:
    """The runtime lies in witgen's wheel; nothing that the generator needs is there, and a guest needs no wasmtime."""
    generate = [sys.executable, "-m", "witgen", "generate", ADDER, "-o", "add_bindings"]
    subprocess.run(generate, cwd=tmp_path, check=True, capture_output=True)
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet"]

    def said(code: str) -> str:
        run = subprocess.run([python, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
        return run.stdout or run.stderr.strip().splitlines()[-1]

    subprocess.run([*install, "--no-deps", wheel], check=True)
    assert said("import witgen_runtime.guest; print('guest')") == "guest\n"
    assert said("import witgen_runtime.host") == "ModuleNotFoundError: No module named 'wasmtime'"
    subprocess.run([*install, "wasmtime"], check=True)
    assert said("import lark") == "ModuleNotFoundError: No module named 'lark'"
    code = f"""
import sys
import witgen_runtime.host
from add_bindings.host import Add

with Add.open({str(ADDER)!r}) as component:
    print(component.docs_adder_add.add(1, 2), "witgen" in sys.modules)
"""
    assert said(code) == "3 False\n"


def test_installing_a_clone_gives_both_packages(tmp_path: Path) -> None:
    """Without what they depend on, which this environment has already."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--target", tmp_path / "site", ROOT], check=True)
    code = "import witgen, witgen_runtime; print(witgen.__file__, witgen.__version__, witgen_runtime.__file__)"
    settings = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=settings, capture_output=True, text=True, check=True
    )
    found, version, runtime = run.stdout.split()
    assert Path(found).is_relative_to(tmp_path)
    assert Path(runtime).is_relative_to(tmp_path)
    assert version in (ROOT / "witgen_runtime" / "version.py").read_text()


def test_pytest_finds_the_fixtures(wheel: Path, tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", tmp_path / "site", wheel],
        check=True,
    )
    project = shutil.copytree(ROOT / "examples" / "unit-tests", tmp_path / "project")
    settings = {**os.environ, "PYTHONPATH": str(tmp_path / "site"), "PYTEST_ADDOPTS": ""}
    for module, said in (["witgen", "generate"], "written"), (["pytest"], "7 passed"):
        run = subprocess.run(
            [sys.executable, "-m", *module], cwd=project, env=settings, capture_output=True, text=True, check=True
        )
        assert said in run.stdout + run.stderr
