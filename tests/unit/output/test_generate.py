"""`witgen generate`: what it writes, what it refuses, and that a refusal leaves everything as it was."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

CHAT = ROOT / "golden" / "websocket" / "wit"


def witgen(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "witgen", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True)


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def generated(tmp_path: Path) -> Path:
    run = witgen("generate", CHAT, "--world", "chat", "--out", "chat_bindings", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    return tmp_path / "chat_bindings"


def test_both_sides_by_default(generated: Path) -> None:
    assert (generated / "host" / "chat.py").is_file()
    assert (generated / "guest" / "exports" / "__init__.py").is_file()
    assert (generated / "py.typed").is_file()


@pytest.mark.parametrize(("option", "present", "absent"), [("--host", "host", "guest"), ("--guest", "guest", "host")])
def test_one_side(option: str, present: str, absent: str, tmp_path: Path) -> None:
    run = witgen("generate", CHAT, "-w", "chat", "-o", "b", option, "--runtime", "copy", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    for folder in (tmp_path / "b", tmp_path / "b" / "runtime"):
        assert (folder / present).is_dir()
        assert not (folder / absent).exists()


def test_second_run_writes_nothing(generated: Path) -> None:
    before = snapshot(generated)
    run = witgen("generate", CHAT, "-w", "chat", "-o", generated, cwd=generated.parent)
    assert run.returncode == 0
    assert "0 written" in run.stderr
    assert snapshot(generated) == before


def test_what_no_longer_belongs_is_removed(generated: Path) -> None:
    run = witgen("generate", CHAT, "-w", "chat", "-o", generated, "--host", cwd=generated.parent)
    assert run.returncode == 0, run.stderr
    assert not (generated / "guest").exists()


def test_an_edited_file_stands_in_the_way(generated: Path) -> None:
    target = generated / "types" / "chat.py"
    target.write_text(target.read_text() + "\nMINE = 1\n")
    (generated / "host" / "chat.py").unlink()
    before = snapshot(generated)
    run = witgen("generate", CHAT, "-w", "chat", "-o", generated, cwd=generated.parent)
    assert run.returncode == 2
    assert "types/chat.py` was edited" in run.stderr
    assert snapshot(generated) == before
    assert witgen("generate", CHAT, "-w", "chat", "-o", generated, "--force", cwd=generated.parent).returncode == 0
    assert "MINE" not in target.read_text()


def test_a_foreign_file_stands_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "b" / "host").mkdir(parents=True)
    (tmp_path / "b" / "host" / "chat.py").write_text("print('mine')\n")
    run = witgen("generate", CHAT, "-w", "chat", "-o", "b", cwd=tmp_path)
    assert run.returncode == 2
    assert "host/chat.py` was not written by witgen" in run.stderr
    assert list(snapshot(tmp_path / "b")) == ["host/chat.py"]


BAD = {
    "syntax": ("package a:b;\nworld w {\n  import x: fnc();\n}\n", "a.wit:3:"),
    "type": ("package a:b;\ninterface i {\n  f: func(x: strng);\n}\nworld w { import i; }\n", "a.wit:3:14"),
    "package": ("package a:b;\nworld w {\n  import c:d/e@1.0.0;\n}\n", "a.wit:3:"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_wit_is_refused_with_its_place(case: str, generated: Path) -> None:
    text, place = BAD[case]
    (generated.parent / "bad").mkdir()
    (generated.parent / "bad" / "a.wit").write_text(text)
    before = snapshot(generated)
    run = witgen("generate", "bad", "-w", "w", "-o", generated, cwd=generated.parent)
    assert run.returncode == 2
    assert f"bad/{place}" in run.stderr
    line = text.splitlines()[int(place.split(":")[1]) - 1]
    assert line.strip() in run.stderr
    assert "Traceback" not in run.stderr
    assert snapshot(generated) == before


@pytest.mark.parametrize("name", ["chat-bindings", "class"])
def test_an_output_that_cannot_be_imported_is_told(name: str, tmp_path: Path) -> None:
    run = witgen("generate", CHAT, "-w", "chat", "-o", name, cwd=tmp_path)
    assert run.returncode == 0
    assert f"warning[W0704]: the output is called `{name}`" in run.stderr


def test_a_traceback_shows_the_place_and_the_remedy(tmp_path: Path) -> None:
    """As in a build script or a notebook, which catch nothing."""
    (tmp_path / "wit").mkdir()
    (tmp_path / "wit" / "shop.wit").write_text("package demo:shop;\nworld shop { import absent:money/cash; }\n")
    program = "import witgen; witgen.generate(witgen.Config('wit', out='bindings'))"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert "WitgenError: package `absent:money` is not found\nerror[W0107]" in done.stderr
    assert " --> wit/shop.wit:2:21\n" in done.stderr
    assert "  = help: expected in wit/deps/money/" in done.stderr


def test_unknown_world_names_the_worlds(generated: Path) -> None:
    before = snapshot(generated)
    run = witgen("generate", CHAT, "-w", "chta", "-o", generated, cwd=generated.parent)
    assert run.returncode == 2
    assert "chta" in run.stderr
    assert "chat" in run.stderr.replace("chta", "")
    assert snapshot(generated) == before


def test_missing_folder(generated: Path) -> None:
    before = snapshot(generated)
    run = witgen("generate", "nowhere", "-w", "chat", "-o", generated, cwd=generated.parent)
    assert run.returncode == 2
    assert "nowhere" in run.stderr
    assert "Traceback" not in run.stderr
    assert snapshot(generated) == before


def test_what_a_runtime_cannot_carry_is_left_out_with_a_warning(tmp_path: Path) -> None:
    (tmp_path / "a.wit").write_text(
        "package a:b;\ninterface i {\n  fixed: func(x: list<u8, 4>);\n  plain: func(x: u8);\n}\nworld w { import i; }\n"
    )
    run = witgen("generate", "a.wit", "-w", "w", "-o", "b", "--host", cwd=tmp_path)
    assert run.returncode == 0
    assert "warning[W0701]: `fixed` is left out as a host import: it uses a fixed-length list" in run.stderr
    assert "--> a.wit:3:3" in run.stderr
    text = (tmp_path / "b" / "host" / "a_b_i.py").read_text()
    assert "def plain" in text
    assert "def fixed" not in text
