"""Components of this folder's guests, built once per test run, however many processes it has."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from filelock import FileLock

from witgen import Config, generate
from witgen.build.componentize import Build, build

__all__ = ["built", "streamed"]

_HERE = Path(__file__).parent


def streamed(factory: pytest.TempPathFactory) -> Path:
    """Return the component of the guest that uses Golem's asynchronous interfaces."""
    app = factory.mktemp("streamed") / "app"
    shutil.copytree(_HERE / "streamed", app)
    shutil.copy(_HERE / "coverage" / "counting.py", app)
    shutil.copytree(_HERE.parent / "lanes" / "wit" / "deps" / "golem-websocket", app / "wit" / "deps" / "websocket")
    return built(app, "streamed", factory)


def built(app: Path, world: str, factory: pytest.TempPathFactory) -> Path:
    """Return the component of the guest in folder `app`, called like its world; its bindings are in `agent` beside it.

    Args:
        app: has `app.py`, what that imports, and `wit`.
        world: the world.
        factory: knows where this run keeps its files.
    """
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "golem-guests" / world
    component = folder / f"{world}.wasm"
    folder.parent.mkdir(exist_ok=True)
    with FileLock(folder.parent / f"{world}.lock"):
        if not component.exists():
            shutil.copytree(app, folder)
            generate(Config(folder / "wit", world=world, golem=True, host=False, out=folder / "agent"))
            build(Build(str(folder / "app.py"), folder / "wit", world, out=component, golem=True))
    return component
