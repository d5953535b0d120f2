"""Composed components in the cache are found only by the code that would compose the same ones."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import witgen_runtime
from witgen_runtime.version import VERSION

ROOT = Path(witgen_runtime.__file__).parent
PRINT = """
from witgen_runtime.host.adapters import source_digest

print(source_digest.__file__, source_digest.source_digest())
"""


def digest(place: Path) -> str:
    """Return the digest of the runtime in a folder or archive."""
    environment = {**os.environ, "PYTHONPATH": str(place)}
    run = subprocess.run(
        [sys.executable, "-P", "-c", PRINT], capture_output=True, env=environment, text=True, check=True
    )
    file, found = run.stdout.split()
    assert file.startswith(str(place))
    return found


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT, tmp_path / "witgen_runtime", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_it_is_that_of_the_code(copy: Path) -> None:
    first = digest(copy)
    assert digest(copy) == first == digest(ROOT.parent)
    for changed, counts in (
        ("host/adapters/code/heap.py", True),
        ("abi.py", True),
        ("host/images/splitting.py", True),
        ("host/aio.py", False),
    ):
        path = copy / "witgen_runtime" / changed
        text = path.read_text()
        path.write_text(f"{text}# changed\n")
        assert (digest(copy) != first) == counts
        path.write_text(text)


def test_where_there_is_no_source_it_is_that_of_the_version(copy: Path) -> None:
    with zipfile.ZipFile(copy / "runtime.zip", "w") as archive:
        for path in sorted((copy / "witgen_runtime").rglob("*.py")):
            archive.write(path, path.relative_to(copy))
    assert digest(copy / "runtime.zip") == hashlib.sha256(VERSION.encode()).hexdigest()
