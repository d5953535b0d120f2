"""Agents that were made by an earlier version of their component, and what they answer to calls of a later one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.golem.agents.machine import Machine
from tests.support.guests import once
from witgen.build.componentize import Build, build, settings
from witgen.golem import Executor
from witgen.golem.agents.http.requests import Request
from witgen.golem.worker.agent_site import AgentSite
from witgen.golem.worker.errors import WorkerError

pytestmark = pytest.mark.slow

APP = """
from witgen.golem.sdk import agent, endpoint

@agent(mount="/tally/{name}")
class Tally:
    def __init__(self, name: str) -> None:
        self.counted = 0

    def add(self, number: int) -> int:
        self.counted += number
        return self.counted

    @endpoint.get("/counted")
    def total(self) -> int:
        return self.counted
"""


@pytest.fixture(scope="session")
def versions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return two versions of a component: the second has `sum_up` in the place of `total`."""
    pytest.importorskip("componentize_py", reason="needs componentize-py")

    def make(folder: Path) -> None:
        for name, source in (("old", APP), ("new", APP.replace("total", "sum_up"))):
            app = folder / name / "tally.py"
            app.parent.mkdir()
            app.write_text(source)
            options = settings(app.parent, {"golem": "1.5", "paths": [str(app.parent)]})
            build(Build(str(app), out=app.with_suffix(".wasm"), **options))

    folder = once(tmp_path_factory, "tally", make)
    return folder / "old" / "tally.wasm", folder / "new" / "tally.wasm"


def test_methods_of_another_version(versions: tuple[Path, Path], tmp_path: Path) -> None:
    machine = Machine(versions[0], tmp_path)
    assert machine.text('Tally("ann")', "add", "3") == "3"
    machine.component = versions[1]
    with pytest.raises(WorkerError) as caught:
        machine.run('Tally("ann")', "sum_up")
    assert str(caught.value).startswith("`Tally` has no method `sum_up`; it has\n")
    stays = (
        'worker `Tally("ann")` stays at version 0 of `tally`; this file is version 1 (update it with --update automatic'
        " or --update snapshot-based)"
    )
    assert str(caught.value).endswith(f"\n{stays}")
    assert machine.said == []
    assert machine.text('Tally("ann")', "total") == "3", "what the agent still has can be called"
    assert machine.said == [stays]
    machine.component = versions[0]
    assert machine.text('Tally("bob")', "add", "4") == "4"
    machine.component = versions[1]
    assert machine.text('Tally("bob")', "sum_up", update="automatic") == "4"
    with pytest.raises(WorkerError, match="`Tally` has no method `total`; it has\n") as caught:
        machine.run('Tally("bob")', "total")
    assert "version" not in str(caught.value)


def test_requests_for_an_older_agent(versions: tuple[Path, Path], tmp_path: Path) -> None:
    """It does not learn of a call that it cannot understand, and stays as it was."""
    machine = Machine(versions[0], tmp_path)
    machine.run('Tally("ann")', "add", "3")
    with Executor(machine.state, say=machine.said.append) as executor:
        site = AgentSite(executor, executor.add_component(versions[1]))
        refused, fine = (site.answer("GET", f"/tally/{name}/counted", Request([], [], b"")) for name in ("ann", "bob"))
        site.close()
    assert (refused.status, fine.status, fine.body) == (500, 200, b"0")
    error = json.loads(refused.body)["error"]
    assert error.startswith("`Tally` has no method `sum_up`; it has\n")
    assert error.endswith(
        '\nagent Tally("ann") stays at version 0 of `tally`, of which version 1 is there; `witgen run` with --update '
        "automatic or --update snapshot-based updates it"
    )
    assert machine.text('Tally("ann")', "add", "1") == "4"
