from __future__ import annotations

from pathlib import Path

import pytest

from tests.golem.agents.machine import Machine, built


@pytest.fixture(scope="session")
def agents_component(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory)


@pytest.fixture
def machine(agents_component: Path, tmp_path: Path) -> Machine:
    return Machine(agents_component, tmp_path)
