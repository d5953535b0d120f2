"""Same WIT, same bytes: whatever the order of a directory, the hash seed, the version of Python, the place on disk."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
TREES = ROOT.parent / "shared" / "wit"
CASES = {
    "resources": (ROOT / "golden" / "resources" / "wit", "resources"),
    "versions": (ROOT / "golden" / "versions" / "wit", "versions"),
    "golem": (TREES / "golem-2026-07", "golem"),
}
VERSIONS = sorted((Path.home() / ".pyenv" / "versions").glob("3.1[1-9]*/bin/python"))

# Directories are listed in a random order; the result is a digest of every byte that is written.
PROGRAM = """
import hashlib, os, pathlib, random, sys
order = random.Random(int(sys.argv[1]))
def shuffled(list_):
    def listed(*arguments):
        found = list(list_(*arguments))
        order.shuffle(found)
        return found
    return listed
os.listdir = shuffled(os.listdir)
from witgen import Config, generate
generate(Config(sys.argv[2], sys.argv[3], sys.argv[4]))
digest = hashlib.sha256()
for path in sorted(pathlib.Path(sys.argv[4]).rglob("*")):
    if path.is_file():
        digest.update(str(path.relative_to(sys.argv[4])).encode() + path.read_bytes())
print(digest.hexdigest())
"""


def digest(case: str, out: Path, *, python: str = sys.executable, order: int = 0, seed: int = 0) -> str:
    wit, world = CASES[case]
    if not wit.is_dir():
        pytest.skip("Golem's WIT trees are not beside this checkout")
    environment = {**os.environ, "PYTHONHASHSEED": str(seed), "WITGEN_CACHE_DIR": ""}
    command = [python, "-c", PROGRAM, str(order), str(wit), world, str(out)]
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.mark.parametrize("case", CASES)
def test_orders_seeds_and_places(case: str, tmp_path: Path) -> None:
    first = digest(case, tmp_path / "a")
    assert digest(case, tmp_path / "b", order=1, seed=1) == first
    assert digest(case, tmp_path / "elsewhere" / "c", order=2) == first


@pytest.mark.parametrize("python", VERSIONS, ids=lambda path: path.parent.parent.name)
def test_versions_of_python(python: Path, tmp_path: Path) -> None:
    """Other Pythons borrow the libraries of this one: all that generating needs is written in Python alone."""
    borrowed = tmp_path / "libraries"
    site = Path(sys.prefix) / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    borrowed.mkdir()
    for name in (
        "lark",
        "jinja2",
        "markupsafe",
        "platformdirs",
        "click",
        "pathspec",
        "packaging",
        "mypy_extensions.py",
        "black",
        "_black_version.py",
        "blib2to3",
        "pytokens",
    ):
        found = site / name
        if found.is_dir():
            shutil.copytree(found, borrowed / name, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
        elif found.is_file():
            shutil.copy(found, borrowed / name)
    (borrowed / "witgen").symlink_to(ROOT / "witgen")
    wrapper = tmp_path / "python"
    wrapper.write_text(f'#!/bin/sh\nPYTHONDONTWRITEBYTECODE=1 PYTHONPATH="{borrowed}" exec "{python}" "$@"\n')
    wrapper.chmod(0o755)
    for case in ("resources", "versions"):
        assert digest(case, tmp_path / case, python=str(wrapper)) == digest(case, tmp_path / f"{case}-here")


def test_a_second_run_finds_nothing_to_do(tmp_path: Path) -> None:
    before = digest("resources", tmp_path / "a")
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "a").rglob("*.py")}
    assert digest("resources", tmp_path / "a", order=3, seed=1) == before
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "a").rglob("*.py")} == stamps
