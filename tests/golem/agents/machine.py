"""A state file with the agents of a component, used as `witgen run` does: each call has an executor of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.guests import once
from witgen import Config, generate
from witgen.build.componentize import Build, build
from witgen.golem.worker.command import Answer, Run, run
from witgen.golem.worker.managing import Reader

__all__ = ["Machine", "built"]

_APP = Path(__file__).parent / "app"


def built(factory: pytest.TempPathFactory) -> Path:
    """Return the component with the agents of `app`, built once per test run."""
    pytest.importorskip("componentize_py", reason="needs componentize-py")

    def make(folder: Path) -> None:
        shutil.copytree(_APP, folder, dirs_exist_ok=True)
        generate(Config(folder / "wit", world="agents", golem="1.5", host=False, out=folder / "agent"))
        build(Build(str(folder / "app.py"), folder / "wit", "agents", out=folder / "agents.wasm", golem="1.5"))

    return once(factory, "golem-agents", make) / "agents.wasm"


class Machine:
    """Runs methods of agents as words of a command line."""

    def __init__(self, component: Path, folder: Path) -> None:
        self.component = component
        self.state = folder / "state.db"
        self.said: list[str] = []

    def run(self, agent: str, *words: str, **options: Any) -> Answer:
        """Call a method."""
        given = {"component": str(self.component), "function": agent, "arguments": words, "state": self.state}
        return run(Run(**given, say=self.said.append, warn=self.said.append, **options))

    def text(self, agent: str, *words: str, **options: Any) -> str:
        """Call a method and return its result as text."""
        return self.run(agent, *words, **options).text

    def killed(self, until: Callable[[], object], agent: str, *words: str) -> None:
        """Call a method in a process, and kill that as soon as something holds."""
        command = [sys.executable, "-m", "witgen", "run", str(self.component), "--state", str(self.state)]
        with subprocess.Popen([*command, agent, *words], stdout=subprocess.PIPE) as process:
            deadline = time.monotonic() + 120
            while not until():
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.01)
            process.kill()

    @property
    def names(self) -> list[str]:
        """The names of all agents."""
        with Reader(self.state) as reader:
            return [each.name for each in reader.records.workers()]

    def oplog(self, name: str) -> list[dict[str, Any]]:
        """Return the entries of an agent."""
        with Reader(self.state) as reader:
            return list(reader.oplog(reader.find(name)))

    def is_called(self, name: str) -> bool:
        """Return whether a method of an agent has been called, which need not exist yet."""
        return name in self.names and any(each["name"].endswith(".{invoke}") for each in self.oplog(name))
