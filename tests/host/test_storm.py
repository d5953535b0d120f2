"""Interrupts at random moments: seconds of them always, a hundred thousand where there is time for long tests."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.support.paths import ROOT


def storm(kind: str, seed: int, rounds: int, *flows: str) -> Any:
    """Run `storm` in a process of its own; return what it counted."""
    command = [sys.executable, "-m", "tests.host.storm", kind, str(seed), str(rounds), *flows]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, f"seed {seed}: exit status {done.returncode}\n{done.stderr}"
    counted = json.loads(done.stdout.splitlines()[-1])
    assert counted["lost"] == {}, f"seed {seed}: {counted}"
    return counted


@pytest.mark.parametrize("kind", ["signal", "thread"])
def test_interrupts_leave_nothing_behind(kind: str) -> None:
    counts = storm(kind, 7, 120)["counts"]
    assert sum(count for name, count in counts.items() if "Interrupt" in name) > 40, counts


@pytest.mark.long
@pytest.mark.parametrize("kind", ["signal", "thread"])
def test_a_storm_of_interrupts(kind: str, flows: Path) -> None:
    came: Counter[str] = Counter()
    seed = 1000
    while sum(count for name, count in came.items() if "not interrupted" not in name) < 50_000:
        came.update(storm(kind, seed, 2000, str(flows))["counts"])
        seed += 1
    print(came)
