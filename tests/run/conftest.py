"""Components of golden cases, built once per test run, and their bindings on the import path."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from witgen import Config, generate
from witgen.build.componentize import Build
from witgen.build.componentize import build as componentize

GOLDEN = Path(__file__).parent.parent.parent / "golden"


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Callable[[str, str], Path]:
    """Return a function that generates a case's bindings, builds its guest and returns the component's path."""
    base = tmp_path_factory.getbasetemp()
    shared = (base if worker_id == "master" else base.parent) / "guests"
    shared.mkdir(exist_ok=True)

    def build(case: str, world: str) -> Path:
        folder = shared / case
        component = folder / f"{case}.wasm"
        with FileLock(shared / f"{case}.lock"):
            if not component.exists():
                generate(Config(GOLDEN / case / "wit", world=world, out=folder / f"{case}_bindings"))
                app = folder / f"{case}_app.py"
                app.write_text((GOLDEN / case / "guest" / "app.py").read_text())
                componentize(Build(str(app), GOLDEN / case / "wit", world=world, out=component))
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
        return component

    return build
