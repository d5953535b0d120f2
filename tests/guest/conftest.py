"""An asyncio guest: its bindings, and the component that `witgen build` makes of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.guests import importable, once
from witgen import Config, generate
from witgen.build.componentize import Build, build
from witgen.golem import WIT

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def duo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the guest, its component and the package duo_bindings; both modules can be imported."""
    return importable(once(tmp_path_factory, "duo", _build))


def _build(folder: Path) -> None:
    shutil.copytree(HERE / "wit", folder / "wit")
    shutil.copy(HERE / "app" / "app.py", folder / "duo_app.py")
    for package in ("golem-websocket", "io", "clocks"):
        shutil.copytree(WIT / "deps" / package, folder / "wit" / "deps" / package)
    generate(Config(folder / "wit", world="duo", out=folder / "duo_bindings"))
    build(Build(str(folder / "duo_app.py"), folder / "wit", "duo", out=folder / "duo.wasm"))


@pytest.fixture(scope="session")
def component(duo: Path) -> Path:
    """Return the component."""
    return duo / "duo.wasm"
