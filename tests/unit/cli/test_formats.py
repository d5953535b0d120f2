"""Problems for programs: SARIF as its schema wants it, GitHub's workflow commands."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

BAD = """\
package demo:bad;

interface i {
  f: func(x: strng) -> u31;
  g: func(x: u32, x: u32);
}

world w {
  import i;
  import demo:gone/away@1.0.0;
}
"""


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    (tmp_path / "a, b: 100%").mkdir()
    (tmp_path / "a, b: 100%" / "bad.wit").write_text(BAD)
    (tmp_path / "pyproject.toml").write_text('[tool.witgen]\nwit = "a, b: 100%"\nworld = "w"\nout = "o"\n')
    return tmp_path


@pytest.fixture(scope="session")
def schema(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The schema of SARIF 2.1.0 as Microsoft packages it."""
    folder = tmp_path_factory.mktemp("schema")
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm, which the schema comes from, is not installed")
    pack = subprocess.run(
        [npm, "pack", "--silent", "@microsoft/jest-sarif@1.0.0-beta.0"], cwd=folder, capture_output=True, text=True
    )
    if pack.returncode:
        pytest.skip("the schema cannot be fetched")
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        member = archive.extractfile("package/lib/schemas/sarif-2.1.0-rtm.5.json")
        assert member is not None
        document: dict[str, Any] = json.loads(member.read())
    return document


def test_sarif_of_bad_wit(broken: Path, witgen: Run, schema: dict[str, Any]) -> None:
    run = witgen("generate", "--format", "sarif")
    assert run.returncode == 2
    log = json.loads(run.stdout)
    jsonschema.validate(log, schema)
    places = [result["locations"][0]["physicalLocation"] for result in log["runs"][0]["results"]]
    assert {place["artifactLocation"]["uri"] for place in places} == {"a%2C%20b:%20100%25/bad.wit"}
    assert (4, 14) in {(place["region"]["startLine"], place["region"]["startColumn"]) for place in places}


def test_sarif_of_drift_and_of_nothing(project: Path, witgen: Run, schema: dict[str, Any]) -> None:
    drift = witgen("check", "--format", "sarif")
    assert drift.returncode == 1
    jsonschema.validate(json.loads(drift.stdout), schema)
    assert len(json.loads(drift.stdout)["runs"][0]["results"]) > 10
    fine = witgen("generate", "--format", "sarif")
    assert fine.returncode == 0
    jsonschema.validate(json.loads(fine.stdout), schema)


# Of GitHub's documentation of workflow commands: properties and data are escaped, each command is one line.
COMMAND = re.compile(r"::(error|warning) ((?:\w+=[^,:\n]*,?)+)::(.+)")


def test_github(broken: Path, witgen: Run) -> None:
    run = witgen("generate", GITHUB_ACTIONS="true")
    assert run.returncode == 2
    found = [COMMAND.fullmatch(line) for line in run.stderr.splitlines()]
    assert found
    assert all(found)
    properties = [dict(pair.split("=", 1) for pair in match[2].split(",")) for match in found if match]
    assert {each["file"] for each in properties} == {"a%2C b%3A 100%25/bad.wit"}
    assert ("4", "14") in {(each["line"], each["col"]) for each in properties}


def test_text_has_no_colour_in_a_pipe(broken: Path, witgen: Run) -> None:
    assert "\x1b" not in witgen("generate", "--format", "text").stderr


@pytest.mark.parametrize(("variable", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colour_on_a_terminal(variable: dict[str, str], coloured: bool, broken: Path) -> None:
    import os
    import pty
    import sys

    child, terminal = pty.fork()
    if child == 0:
        os.chdir(broken)
        os.environ.pop("NO_COLOR", None)
        os.environ.pop("GITHUB_ACTIONS", None)
        os.execve(sys.executable, [sys.executable, "-m", "witgen", "generate"], {**os.environ, **variable})
    shown = b""
    try:
        while block := os.read(terminal, 4096):
            shown += block
    except OSError:
        pass
    os.waitpid(child, 0)
    os.close(terminal)
    assert (b"\x1b[" in shown) is coloured
    assert b"bad.wit:4:14" in shown
