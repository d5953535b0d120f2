"""Components of this folder's guests, built once per test run, however many processes it has."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.guests import once
from witgen import Config, generate
from witgen.build.componentize import Build, build

__all__ = ["built", "streamed"]

_HERE = Path(__file__).parent


def streamed(factory: pytest.TempPathFactory) -> Path:
    """Return the component of the guest that uses Golem's asynchronous interfaces."""
    app = factory.mktemp("streamed") / "app"
    shutil.copytree(_HERE / "streamed", app)
    shutil.copy(_HERE / "coverage" / "counting.py", app)
    shutil.copytree(_HERE.parent / "adapters" / "wit" / "deps" / "golem-websocket", app / "wit" / "deps" / "websocket")
    return built(app, "streamed", factory)


def built(app: Path, world: str, factory: pytest.TempPathFactory) -> Path:
    """Return the component of the guest in folder `app`, called like its world; its bindings are in `agent` beside it.

    Args:
        app: has `app.py`, what that imports, and `wit`.
        world: the world.
        factory: knows where this run keeps its files.
    """

    def make(folder: Path) -> None:
        shutil.copytree(app, folder, dirs_exist_ok=True)
        generate(Config(folder / "wit", world=world, golem=True, host=False, out=folder / "agent"))
        build(Build(str(folder / "app.py"), folder / "wit", world, out=folder / f"{world}.wasm", golem=True))

    return once(factory, f"golem-{world}", make) / f"{world}.wasm"
