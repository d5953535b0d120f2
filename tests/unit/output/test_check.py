"""`witgen check`: it writes nothing, names everything, and its diff is what `generate` does."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def generated(project: Path, witgen: Run) -> Path:
    run = witgen("generate")
    assert run.returncode == 0, run.stderr
    return project / "shop_bindings"


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def disturb(generated: Path) -> dict[str, str]:
    """Put a folder out of order in every way there is; return what check has to say of which file."""
    (generated / "py.typed").unlink()
    edited = generated / "types" / "demo_shop_goods.py"
    edited.write_text(edited.read_text() + "MINE = 1\n")
    crlf = generated / "host" / "demo_shop_log.py"
    crlf.write_bytes(crlf.read_bytes().replace(b"\n", b"\r\n"))
    wit = generated.parent / "wit" / "shop.wit"
    wit.write_text(wit.read_text().replace("import log;", "").replace("find: func", "/// Look.\n  find: func"))
    return {
        "py.typed": "missing",
        "types/demo_shop_goods.py": "edited",
        "host/demo_shop_log.py": "orphaned",
        "guest/demo_shop_log.py": "orphaned",
        "host/demo_shop_goods.py": "stale",
        "witgen.lock": "stale",
    }


def test_it_names_every_difference_and_touches_nothing(generated: Path, witgen: Run) -> None:
    expected = disturb(generated)
    before = contents(generated)
    run = witgen("check")
    assert run.returncode == 1
    for path, kind in expected.items():
        assert f"{kind}: shop_bindings/{path}" in run.stderr.splitlines()
    assert run.stdout == ""
    assert contents(generated) == before


def test_it_counts_as_generate_does(project: Path, witgen: Run) -> None:
    missing = re.search(r"not up to date \((\d+) missing\)", witgen("check").stderr)
    written = re.search(r": (\d+) written, 0 unchanged", witgen("generate").stderr)
    clean = re.search(r"all (\d+) files are up to date", witgen("check").stderr)
    unchanged = re.search(r": 0 written, (\d+) unchanged", witgen("generate").stderr)
    counts = {each[1] if each else None for each in (missing, written, clean, unchanged)}
    assert counts == {str(sum(path.is_file() for path in (project / "shop_bindings").rglob("*")))}


def test_a_fresh_folder_is_clean_and_an_absent_one_is_missing(generated: Path, witgen: Run) -> None:
    run = witgen("check")
    assert (run.returncode, run.stdout) == (0, "")
    missing = witgen("check", "--out", "elsewhere", "-q")
    assert missing.returncode == 1
    assert "missing: elsewhere/py.typed" in missing.stderr
    assert not (generated.parent / "elsewhere").exists()


def test_line_ends_are_called_that(generated: Path, witgen: Run) -> None:
    path = generated / "types" / "demo_shop_goods.py"
    clean = path.read_bytes()
    path.write_bytes(clean.replace(b"\n", b"\r\n"))
    run = witgen("check")
    assert run.returncode == 1
    assert "line ends: shop_bindings/types/demo_shop_goods.py" in run.stderr
    assert "eol=lf" in run.stderr
    assert witgen("generate").returncode == 0
    assert path.read_bytes() == clean


def test_the_diff_does_what_generate_does(generated: Path, witgen: Run) -> None:
    (generated / "py.typed").write_text("partial\n")
    disturb(generated)
    edited = generated / "types" / "demo_shop_goods.py"
    edited.write_text(edited.read_text() + "no newline")
    root = generated.parent
    run = subprocess.run([sys.executable, "-m", "witgen", "check", "--diff"], cwd=root, capture_output=True)
    assert run.returncode == 1
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    apply = subprocess.run(["git", "apply", "-"], input=run.stdout, cwd=root, capture_output=True)
    assert apply.returncode == 0, apply.stderr
    after = witgen("check")
    assert after.returncode == 0, after.stderr


def test_formats(generated: Path, witgen: Run) -> None:
    expected = disturb(generated)
    as_json = witgen("check", "--format", "json")
    assert as_json.returncode == 1
    found = {entry["file"].removeprefix("shop_bindings/"): entry["code"] for entry in json.loads(as_json.stdout)}
    assert expected.keys() <= found.keys()
    on_github = witgen("check", GITHUB_ACTIONS="true")
    assert on_github.returncode == 1
    assert "::error file=shop_bindings/py.typed,title=W0711::" in on_github.stderr
    assert "::error" not in witgen("check", "--format", "text", GITHUB_ACTIONS="true").stderr
    assert witgen("check", "--diff", "--format", "sarif").returncode == 2


def test_a_clean_run_leaves_an_empty_document(generated: Path, witgen: Run) -> None:
    assert json.loads(witgen("check", "--format", "json").stdout) == []
    assert json.loads(witgen("check", "--format", "sarif").stdout)["runs"][0]["results"] == []


def test_bad_wit_is_not_drift(generated: Path, witgen: Run) -> None:
    wit = generated.parent / "wit" / "shop.wit"
    wit.write_text(wit.read_text().replace("u32", "u31"))
    run = witgen("check", "--format", "json")
    assert run.returncode == 2
    problems = json.loads(run.stdout)
    assert {problem["file"] for problem in problems} == {"wit/shop.wit"}
    assert all(problem["line"] for problem in problems)
