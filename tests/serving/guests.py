"""The component that the tests of serving use."""

from __future__ import annotations

import shutil
from pathlib import Path

from witgen import Config, generate
from witgen.build.componentize import Build, build

__all__ = ["build_web"]

HERE = Path(__file__).parent / "guest"


def build_web(folder: Path) -> None:
    """Build the guest into a folder, with its bindings beside it."""
    wit, app = (Path(shutil.copy(HERE / name, folder)) for name in ("web.wit", "app.py"))
    generate(Config(wit, golem=True, out=folder / "web_bindings"))
    build(Build(str(app), wit, golem=True, out=folder / "web.wasm"))
