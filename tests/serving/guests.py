"""The components that the tests of serving use."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.support.paths import ROOT
from witgen import Config, generate
from witgen.build.componentize import Build, build

__all__ = ["build_async_web", "build_web"]

HERE = Path(__file__).parent / "guest"


def build_web(folder: Path) -> None:
    """Build the guest into a folder, with its bindings beside it."""
    wit, app = (Path(shutil.copy(HERE / name, folder)) for name in ("web.wit", "app.py"))
    generate(Config(wit, golem=True, out=folder / "web_bindings"))
    build(Build(str(app), wit, golem=True, out=folder / "web.wasm"))


def build_async_web(folder: Path) -> None:
    """Build the guest with an async handler into a folder. It uses componentize-py's own modules."""
    app = shutil.copy(HERE.with_name("async_guest") / "app.py", folder)
    wit = ROOT / "witgen" / "proxy" / "service.wit"
    build(Build(str(app), wit, golem="main", out=folder / "web.wasm"))
