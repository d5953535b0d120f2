"""What the documentation and the tutorial tell people to do, done."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import wasmtime

from tests.support.components import ADDER, CALCULATOR
from tests.support.paths import BIN, ROOT

TUTORIAL = ROOT / "examples" / "tutorial"
EXPORTS = ROOT / "examples" / "exports"
QUICKSTART = ROOT / "docs" / "quickstart.md"
FENCE = re.compile(r"^```(python|console)\n(.*?)^```$", re.DOTALL | re.MULTILINE)

MIGRATION = """\
1 + 2 = 3
total 3
cannot: division by zero
6
42
"""
COMPONENTS = """\
3
3
3
total 3
report: the host does not implement it
"""


def witgen(folder: Path, arguments: str) -> None:
    command = [sys.executable, "-m", "witgen", *arguments.split()]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("page", "printed"), [("migration.md", MIGRATION), ("components.md", COMPONENTS)])
def test_the_code_of_a_page(page: str, printed: str, tmp_path: Path) -> None:
    """Commands are carried out, and all Python of a page runs as one program."""
    for text in (ADDER, CALCULATOR):
        (tmp_path / f"{text.stem}.wasm").write_bytes(wasmtime.wat2wasm(text.read_text()))
    shutil.copy(tmp_path / "add.wasm", tmp_path / "app.wasm")
    program = ""
    for kind, text in FENCE.findall((ROOT / "docs" / page).read_text()):
        if kind == "python":
            program += text + "\n"
        else:
            for line in text.splitlines():
                witgen(tmp_path, line.removeprefix("$ witgen ").partition("#")[0])
    assert program
    (tmp_path / "program.py").write_text(program)
    done = subprocess.run([sys.executable, "program.py"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, printed), done.stderr


@pytest.mark.long
def test_the_tutorial(tmp_path: Path) -> None:
    """The steps of docs/quickstart.md: build an `add` component, generate bindings from it alone, call it."""
    shutil.copytree(TUTORIAL, tmp_path, dirs_exist_ok=True)
    command = [BIN / "componentize-py", "-d", "wit", "-w", "adder", "componentize", "app", "-o", "add.wasm"]
    built = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    shutil.rmtree(tmp_path / "wit")
    witgen(tmp_path, "generate add.wasm --out add_bindings")
    done = subprocess.run([sys.executable, "host.py"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "1 + 2 = 3\n"), done.stderr
    typed = [sys.executable, "-m", "mypy", "--strict", "host.py", "add_bindings"]
    checked = subprocess.run(typed, cwd=tmp_path, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout


def test_the_quick_start_shows_the_tutorial() -> None:
    page = QUICKSTART.read_text()
    assert "componentize-py -d wit -w adder componentize app -o add.wasm" in page
    assert "witgen generate add.wasm --out add_bindings" in page
    host = (TUTORIAL / "host.py").read_text().partition('"""\n\n')[2]
    assert host in page


@pytest.mark.long
def test_the_example_of_exports(tmp_path: Path) -> None:
    """Its commands are carried out in the order of the page, except that app.py is already filled in."""
    shutil.copytree(EXPORTS, tmp_path, dirs_exist_ok=True)
    (tmp_path / "app.py").unlink()
    witgen(tmp_path, "init --guest")
    shutil.copy(EXPORTS / "app.py", tmp_path)
    witgen(tmp_path, "generate")
    witgen(tmp_path, "build app.py")
    done = subprocess.run([sys.executable, "host.py"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "only 10\n6 ['Ann']\n"), done.stderr
    typed = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "app.py", "host.py"]
    checked = subprocess.run(typed, cwd=tmp_path, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout


def test_the_pages_show_the_example_of_exports() -> None:
    app, host = ((EXPORTS / name).read_text().partition('"""\n\n')[2] for name in ("app.py", "host.py"))
    page, quick = (ROOT / "docs" / "how-to" / "exported-interfaces.md").read_text(), QUICKSTART.read_text()
    assert [part for part in (app, host, (EXPORTS / "wit" / "ledger.wit").read_text()) if part not in page] == []
    assert app in quick
