"""The code of docs/hosts.md that needs but a component that loops runs as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import wasmtime

from tests.support.paths import DOCS
from witgen import Config, generate

HOSTS = DOCS / "hosts.md"

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
import os, signal, sys, threading, time
signal.signal(signal.SIGINT, signal.default_int_handler)

def names(frame):
    while frame is not None:
        yield frame.f_code.co_name
        frame = frame.f_back

def press():
    main = threading.main_thread().ident
    while "spin" not in names(sys._current_frames()[main]):
        time.sleep(0.01)
    time.sleep(0.2)
    os.kill(os.getpid(), signal.SIGINT)

threading.Thread(target=press, daemon=True).start()
"""


def wit() -> str:
    """Return the WIT that the page shows."""
    found = re.search(r"^```wit\n(package demo:loop;.*?)^```", HOSTS.read_text(), re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


def code(section: str) -> str:
    """Return the code of a section."""
    part = re.split(rf"^## {section}\n", HOSTS.read_text(), flags=re.MULTILINE)[1]
    found = re.search(r"^```python\n(.*?)^```", part, re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork, and sends no signals like this")
@pytest.mark.parametrize(
    ("section", "before", "printed"),
    [
        ("Signals and Ctrl-C", PRESSED, "stopped\n"),
        ("Threads", "", "10045\n"),
        ("Limits", "", "the call took longer than 0.5 seconds\nDeadlineError\n"),
        ("Fork", "", "4 3\n"),
    ],
)
def test_the_code_runs(section: str, before: str, printed: str, tmp_path: Path) -> None:
    (tmp_path / "loop.wasm").write_bytes(wasmtime.wat2wasm(LOOP))
    (tmp_path / "loop.wit").write_text(wit())
    generate(Config(tmp_path / "loop.wit", out=tmp_path / "loop_bindings", guest=False))
    done = subprocess.run(
        [sys.executable, "-c", before + code(section)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.stdout, done.stderr, done.returncode) == (printed, "", 0)
