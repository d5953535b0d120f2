"""The component that all tests of the services share, and what they run it with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.golem.services.probing import Guest, Start
from tests.support.guests import once
from witgen.build.componentize import Build, build
from witgen.golem.local import Services
from witgen.golem.services.websocket.service import WebSockets

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the component, built once per test run."""

    def make(folder: Path) -> None:
        build(Build(str(HERE / "app" / "probe.py"), HERE / "wit", "probe", out=folder / "probe.wasm", golem=True))

    return once(tmp_path_factory, "probe", make) / "probe.wasm"


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    """Return services whose folder is empty."""
    with Services(tmp_path / "state", websockets=WebSockets(close_timeout=0.2)) as services:
        yield services


@pytest.fixture
def start(request: pytest.FixtureRequest, probe: Path, services: Services) -> Iterator[Start]:
    """Return a function that runs one more instance of the component.

    What the test's module calls `HELPERS` is run in each before anything else.
    """
    helpers: str = getattr(request.module, "HELPERS", "")
    guests: list[Guest] = []

    def make(other: Services | None = None, **settings: Any) -> Guest:
        guests.append(Guest(probe, other or services, **settings))
        guests[-1](helpers)
        return guests[-1]

    yield make
    for each in guests:
        each.close()


@pytest.fixture
def guest(start: Start) -> Guest:
    """Return an instance of the component."""
    return start()
