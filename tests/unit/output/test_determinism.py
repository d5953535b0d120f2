"""Same WIT, same bytes: whatever the order of a directory, the hash seed, the version of Python, the place on disk."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.golden_trees import CASES, options
from tests.support.paths import ROOT

VERSIONS = sorted((Path.home() / ".pyenv" / "versions").glob("3.1[1-9]*/bin/python"))

# Directories are listed in a random order; the result is a digest of every byte that is written.
PROGRAM = """
import hashlib, json, os, pathlib, random, sys
order = random.Random(int(sys.argv[1]))
def shuffled(list_):
    def listed(*arguments):
        found = list(list_(*arguments))
        order.shuffle(found)
        return found
    return listed
os.listdir = shuffled(os.listdir)
from witgen import Config, generate
found = {}
for case, options in json.loads(sys.argv[2]).items():
    out = pathlib.Path(sys.argv[3]) / case
    generate(Config(**options, out=out))
    digest = hashlib.sha256()
    for path in sorted(out.rglob("*")):
        if path.is_file():
            digest.update(str(path.relative_to(out)).encode() + path.read_bytes())
    found[case] = digest.hexdigest()
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    scratch = tmp_path_factory.mktemp("reused")
    return {case: options(case, scratch) for case in CASES}


def digests(
    cases: dict[str, dict[str, Any]], out: Path, *, python: str = sys.executable, order: int = 0, seed: int = 0
) -> dict[str, str]:
    environment = {**os.environ, "PYTHONHASHSEED": str(seed), "WITGEN_CACHE_DIR": ""}
    command = [python, "-c", PROGRAM, str(order), json.dumps(cases), str(out)]
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    found: dict[str, str] = json.loads(run.stdout)
    return found


@pytest.fixture(scope="module")
def expected(cases: dict[str, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return digests(cases, tmp_path_factory.mktemp("expected"))


@pytest.mark.slow
@pytest.mark.parametrize(("order", "seed"), [(1, 1), (2, 0)])
def test_orders_seeds_and_places(
    order: int, seed: int, cases: dict[str, dict[str, Any]], expected: dict[str, str], tmp_path: Path
) -> None:
    assert digests(cases, tmp_path / "elsewhere", order=order, seed=seed) == expected


@pytest.mark.slow
@pytest.mark.parametrize("python", VERSIONS, ids=lambda path: path.parent.parent.name)
def test_versions_of_python(
    python: Path, cases: dict[str, dict[str, Any]], expected: dict[str, str], tmp_path: Path
) -> None:
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
    assert digests(cases, tmp_path / "out", python=str(wrapper), order=4) == expected


def test_a_second_run_finds_nothing_to_do(cases: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    before = digests(cases, tmp_path)
    stamps = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.py")}
    assert digests(cases, tmp_path, order=3, seed=1) == before
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.py")} == stamps
