"""Random streams under both faces: seconds of it always, minutes where there is time for long tests."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.adapters.stream_stress import run_on_loop, run_plain

pytestmark = pytest.mark.skipif(
    int(version("wasmtime").split(".")[0]) < 49, reason="before wasmtime 49, plain functions cannot wait for streams"
)


def _on_loop(component: Path, seed: int, batches: int) -> None:
    asyncio.run(run_on_loop(component, seed, batches))


_FACES = pytest.mark.parametrize("run", [run_plain, _on_loop])


@_FACES
def test_random_streams(flows: Path, run: Callable[[Path, int, int], None]) -> None:
    for seed in range(4):
        run(flows, seed, 5)


@pytest.mark.long
@_FACES
def test_many_random_streams(flows: Path, run: Callable[[Path, int, int], None]) -> None:
    began, seed = time.monotonic(), 1000
    while time.monotonic() - began < 300:
        run(flows, seed, 6)
        seed += 1
