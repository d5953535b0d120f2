"""Guests, built once per test run with their bindings on the import path, and a server for them to talk to."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from witgen import Config, generate
from witgen.build.componentize import Build, build

from .relay import HERE, build_relay, serving


@pytest.fixture(scope="session")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the path of the guest; `relay_bindings` can be imported."""
    return _once("relay", build_relay, tmp_path_factory)


@pytest.fixture(scope="session")
def flows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the path of the guest with streams and futures; `flows_bindings` can be imported."""
    return _once("flows", _build_flows, tmp_path_factory)


def _build_flows(folder: Path) -> None:
    wit, app = (shutil.copy(HERE / "flows" / name, folder) for name in ("flows.wit", "app.py"))
    generate(Config(Path(wit), out=folder / "flows_bindings"))
    build(Build(str(app), Path(wit), out=folder / "flows.wasm"))


def _once(name: str, make: Callable[[Path], object], factory: pytest.TempPathFactory) -> Path:
    """Return the path of the component `name`, which `make` puts into a folder once per test run, with its bindings."""
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    folder.mkdir(exist_ok=True)
    component = folder / f"{name}.wasm"
    with FileLock(folder / "lock"):
        if not component.exists():
            make(folder)
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    return component


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """Return the URL of a WebSocket server."""
    with serving() as url:
        yield url
