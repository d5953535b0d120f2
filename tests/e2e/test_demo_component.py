"""The demo's guest, with nothing but the component: its conversation runs on bindings that came from the file."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from witgen.demo import layout
from witgen.wit.binary import decode_component

ENVIRONMENT = {**os.environ, "no_proxy": "127.0.0.1", "PYTHONPATH": str(ROOT)}
CONVERSATION = """\
Connected
Text: Hello, server!
Binary: 3 bytes
No message within 200 ms
Closed [1000] "bye"
"""


@pytest.fixture(scope="module")
def component(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The component that `witgen demo` builds."""
    folder = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "witgen", "demo"]
    done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return folder / "witgen-demo" / "chat.wasm"


@pytest.mark.long
def test_the_conversation_without_wit(component: Path, tmp_path: Path) -> None:
    """The demo's own host runs unchanged on bindings of the component."""
    shutil.copy(component, tmp_path / "chat.wasm")
    shutil.copy(layout.APP / "host.py", tmp_path)
    command = [sys.executable, "-m", "witgen", "generate", "chat.wasm", "--out", "chat_bindings"]
    done = subprocess.run(command, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    from witgen.demo.server import serving

    with serving() as url:
        command = [sys.executable, "host.py", url]
        done = subprocess.run(command, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, CONVERSATION), done.stderr


@pytest.mark.long
def test_the_world_is_decoded_in_half_a_second(component: Path) -> None:
    data = component.read_bytes()
    assert len(data) > 18_000_000
    took = []
    for _ in range(3):
        started = time.perf_counter()
        decode_component(data, "chat.wasm")
        took.append(time.perf_counter() - started)
    assert min(took) < 0.5
