"""A build for Golem 1.5 that names no WIT makes a component with agents."""

from __future__ import annotations

from pathlib import Path

import pytest

from witgen.build.componentize import settings
from witgen.golem import sdk, wit_of


def test_the_world_of_agents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = settings(Path(), {"golem": "1.5"})
    assert (found["wit"], found["world"]) == (sdk.WIT, "agents")


def test_what_is_named_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert settings(Path(), {"golem": "1.5", "world": "imports"})["wit"] == wit_of("1.5")
    assert settings(Path(), {"golem": "workers"})["wit"] == wit_of("workers")
    (tmp_path / "wit").mkdir()
    found = settings(Path(), {"golem": "1.5"})
    assert (found["wit"], found.get("world")) == (Path("wit"), None)
