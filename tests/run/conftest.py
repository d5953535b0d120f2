"""Components of golden cases, built once per test run, and their bindings on the import path."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from witgen import Config, generate

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
                app = (GOLDEN / case / "guest" / "app.py").read_text()
                (folder / f"{case}_app.py").write_text(app)
                _componentize(GOLDEN / case / "wit", world, folder, f"{case}_app", component)
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
        return component

    return build


def _componentize(wit: Path, world: str, folder: Path, module: str, component: Path) -> None:
    command = [Path(sys.executable).parent / "componentize-py", "-d", wit, "-w", world]
    arguments = ["componentize", module, "-p", folder, "-o", component]
    run = subprocess.run([*command, *arguments], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
