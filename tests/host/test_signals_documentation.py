"""The code of the sections on signals and on forks in docs/hosts.md runs as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import wasmtime

from witgen import Config, generate

HOSTS = Path(__file__).parents[2] / "docs" / "hosts.md"

LOOP = """(component
  (import "tick" (func $tick (param "n" u32) (result u32)))
  (core func $t (canon lower (func $tick)))
  (core module $m
    (import "h" "tick" (func $tick (param i32) (result i32)))
    (func (export "spin") (loop $l (br $l)))
    (func (export "run") (param i32 i32) (result i32)
      (loop $l
        (local.set 0 (call $tick (local.get 0)))
        (local.set 1 (i32.sub (local.get 1) (i32.const 1)))
        (br_if $l (local.get 1)))
      (local.get 0)))
  (core instance $i (instantiate $m (with "h" (instance (export "tick" (func $t))))))
  (func (export "spin") (canon lift (core func $i "spin")))
  (func (export "run") (param "n" u32) (param "times" u32) (result u32) (canon lift (core func $i "run"))))"""

PRESSED = """
import os, signal, threading, time
signal.signal(signal.SIGINT, signal.default_int_handler)

def press():
    time.sleep(1)
    os.kill(os.getpid(), signal.SIGINT)

threading.Thread(target=press, daemon=True).start()
"""


def code(section: str) -> str:
    """Return the code of a section."""
    part = re.split(rf"^## {section}\n", HOSTS.read_text(), flags=re.MULTILINE)[1]
    found = re.search(r"^```python\n(.*?)^```", part, re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork, and sends no signals like this")
@pytest.mark.parametrize(
    ("section", "before", "printed"), [("Signals and Ctrl-C", PRESSED, "stopped\n"), ("Fork", "", "4 3\n")]
)
def test_the_code_runs(section: str, before: str, printed: str, tmp_path: Path) -> None:
    (tmp_path / "loop.wasm").write_bytes(wasmtime.wat2wasm(LOOP))
    generate(Config(tmp_path / "loop.wasm", out=tmp_path / "loop_bindings", guest=False))
    done = subprocess.run(
        [sys.executable, "-c", before + code(section)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.stdout, done.stderr, done.returncode) == (printed, "", 0)
