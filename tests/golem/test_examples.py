"""Each of Golem's examples runs with one command, and says what it is meant to say."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

# What these show is shown by the tests of conveniences, of coverage and of agents that chat, too; each builds a
# component of its own.
pytestmark = pytest.mark.long

EXAMPLES = ROOT / "examples" / "golem"
UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"

SAID = {
    "blobs": r"""
        some("tea")
        none
        ["shopping"]
    """,
    "chat": r"""
        ok
        ok("HELLO")
        ok("ARE YOU STILL THERE?")
        ["> hello", "< HELLO", "> are you still there?", "< ARE YOU STILL THERE?"]
    """,
    "idempotency": '"<uuid>"',
    "idle": r"""
        "hello from shop-1"
        "hello from shop-2"
        "hello from till-1"
        ["shop-1", "shop-2"]
    """,
    "keyvalue": r"""
        1
        2
        [("Ada", "Good morning"), ("Alan", "Hello")]
    """,
    "metadata": r"""
        {name: "ada", status: "running", args: [], env: [("MOOD", "good")], component-version: 0, retry-count: 0}
        some({name: "ada", status: "idle", args: [], env: [("MOOD", "good")], component-version: 0, retry-count: 0})
        none
    """,
    "update": '["* buy tea"]',
}


@pytest.mark.parametrize("name", sorted(SAID))
def test_an_example(name: str, tmp_path: Path) -> None:
    pytest.importorskip("componentize_py", reason="needs componentize-py")
    shutil.copytree(EXAMPLES / name, tmp_path / name)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    run = subprocess.run(
        ["sh", tmp_path / name / "run.sh"],
        env={**os.environ, "PATH": path, "PORT": str(port)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    said = re.sub(UUID, "<uuid>", run.stdout)
    assert said.split("\n")[:-1] == [line.strip() for line in SAID[name].strip().split("\n")]


def test_every_example_is_tested_and_listed() -> None:
    folders = {path.parent.name for path in EXAMPLES.glob("*/app.py")}
    assert folders == set(SAID)
    listed = (EXAMPLES / "README.md").read_text()
    assert all(f"`{name}/run.sh`" in listed for name in folders)
