"""An asyncio guest: its bindings, and the component that `witgen build` makes of it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from witgen import Config, generate
from witgen.build.componentize import Build, build
from witgen.golem import WIT

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def duo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a folder with the guest's app.py and the package duo_bindings, both importable."""
    folder = tmp_path_factory.mktemp("duo")
    shutil.copytree(HERE / "wit", folder / "wit")
    shutil.copy(HERE / "app" / "app.py", folder / "duo_app.py")
    for package in ("golem-websocket", "io", "clocks"):
        shutil.copytree(WIT / "deps" / package, folder / "wit" / "deps" / package)
    generate(Config(folder / "wit", world="duo", out=folder / "duo_bindings"))
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))


@pytest.fixture(scope="session")
def component(duo: Path) -> Path:
    """Return the component."""
    return build(Build(str(duo / "duo_app.py"), duo / "wit", "duo", out=duo / "duo.wasm")).path
