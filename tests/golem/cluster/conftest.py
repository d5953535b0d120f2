from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.golem.cluster.shop import SHOP
from tests.support.golem_cluster import ACCOUNT, TOKEN, FakeCluster, golem_cluster
from witgen.cli import main
from witgen.golem.agents.rest_json import agent_type_json


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeCluster]:
    """A cluster that the environment names."""
    with golem_cluster() as found:
        for name, value in {"URL": found.url, "TOKEN": TOKEN, "ACCOUNT": ACCOUNT}.items():
            monkeypatch.setenv(f"WITGEN_GOLEM_{name}", value)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield found


class Said(NamedTuple):
    code: int
    out: str
    err: str


class Command:
    """Runs `witgen golem` as a terminal does."""

    def __init__(self, types: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
        self._types, self._monkeypatch, self._capsys = types, monkeypatch, capsys

    def __call__(self, *words: str) -> Said:
        self._monkeypatch.setattr(sys, "argv", ["witgen", "golem", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        said = self._capsys.readouterr()
        assert "Traceback" not in said.err
        return Said(int(ended.value.code or 0), said.out, said.err)

    def invoke(self, *words: str) -> Said:
        """Call a method of an agent of the shop."""
        return self("invoke", str(self._types), *words, "--app", "shop")


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    types = tmp_path / "types.json"
    types.write_text(json.dumps([agent_type_json(each) for each in SHOP]))
    return Command(types, monkeypatch, capsys)
