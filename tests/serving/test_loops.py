"""Applications whose event loops end at any moment, and run in two threads at once."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.paths import ROOT


@pytest.mark.long
def test_loops_in_two_threads_that_end_at_any_moment() -> None:
    """Run as a program: what it does has crashed the interpreter."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.serving.ending_loops", "40"]
    run = subprocess.run(command, capture_output=True, cwd=ROOT, text=True, timeout=200, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
