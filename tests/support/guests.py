"""Guests and their bindings, made once per test run: its processes wait for one another and share them."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from tests.support.paths import GOLDEN
from witgen import Config, generate
from witgen.build.componentize import Build, build

__all__ = ["build_flows", "built", "flows", "importable", "once", "shared_folder"]


def shared_folder(factory: pytest.TempPathFactory) -> Path:
    """Return a folder that all processes of this run see."""
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
    folder.mkdir(exist_ok=True)
    return folder


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return the folder `name`, which `make` fills in the first process that asks for it.

    What is made stays where it was made: files may mention their own paths.
    """
    folder = shared_folder(factory) / name
    done = folder.with_name(f"{name}.done")
    with FileLock(folder.with_name(f"{name}.lock")):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            done.touch()
    return folder


def importable(folder: Path) -> Path:
    """Put a folder on the import path until the end of the file of tests; return it."""
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    return folder


@pytest.fixture(scope="session", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what runs cache out of the user's folders: the processes of a test run share an empty cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WITGEN_CACHE_DIR", str(shared_folder(tmp_path_factory) / "cache"))
        yield


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    """Return a function that generates a golden case's bindings, builds its guest and returns the component's path."""

    def prepare(case: str, world: str) -> Path:
        def make(folder: Path) -> None:
            generate(Config(GOLDEN / case / "wit", world=world, out=folder / f"{case}_bindings"))
            app = shutil.copy(GOLDEN / case / "guest" / "app.py", folder / f"{case}_app.py")
            build(Build(str(app), GOLDEN / case / "wit", world=world, out=folder / f"{case}.wasm"))

        return importable(once(tmp_path_factory, f"case-{case}", make)) / f"{case}.wasm"

    return prepare


@pytest.fixture(scope="session")
def flows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the path of the guest with streams and futures; `flows_bindings` can be imported."""
    return importable(once(tmp_path_factory, "flows", build_flows)) / "flows.wasm"


def build_flows(folder: Path) -> None:
    """Build the guest with streams and futures into a folder, with its bindings beside it."""
    wit, app = (shutil.copy(Path(__file__).parent / "flows" / name, folder) for name in ("flows.wit", "app.py"))
    generate(Config(Path(wit), out=folder / "flows_bindings"))
    build(Build(str(app), Path(wit), out=folder / "flows.wasm"))
