from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from guests import built

from witgen.golem.worker.executor import Executor
from witgen.golem.worker.instance import Surroundings


@pytest.fixture(scope="session")
def component(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("componentize_py", reason="needs componentize-py")
    return built(Path(__file__).parent / "app", "worker", tmp_path_factory)


class Machine:
    """A state file, used by one process after the other: every call has an executor of its own."""

    def __init__(self, state: Path, component: Path) -> None:
        self.state = state
        self.component = component
        self.output = b""
        self.errors = ""
        self.said: list[str] = []

    def _write(self, stream: str, data: bytes) -> None:
        if stream == "stdout":
            self.output += data
        else:
            self.errors += data.decode()

    def executor(self, **surroundings: Any) -> Executor:
        # Always with a deadline: code that can be stopped is compiled apart from other code.
        seen = Surroundings(output=self._write, **{"deadline": 300, **surroundings})
        return Executor(self.state, surroundings=seen, say=self.said.append)

    def call(self, worker: str, function: str, *arguments: object, key: str = "", **surroundings: Any) -> Any:
        """Call a function of a worker that is loaded for this."""
        with self.executor(**surroundings) as executor:
            component = executor.add_component(self.component)
            made = executor.find_or_create(component.id, worker)
            export = executor.program(component.id, made.record.version).find(function)
            self.count = getattr(self, "count", 0) + 1
            response = executor.invoke(made, export.name, export.request(arguments), key or f"key {self.count}")
            executor.settle()
            return export.result(response)


@pytest.fixture
def machine(tmp_path: Path, component: Path) -> Machine:
    return Machine(tmp_path / "state.db", component)
