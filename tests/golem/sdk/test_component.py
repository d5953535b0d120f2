"""Agents inside a component, called as Golem calls them."""

from __future__ import annotations

import inspect
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import witgen
import witgen_runtime.values
from tests.golem.agents.machine import Machine
from tests.support.guests import once
from witgen import golem
from witgen.build.componentize import Build, build, settings

pytestmark = [pytest.mark.slow, pytest.mark.long]


@pytest.fixture(scope="session")
def component(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("componentize_py", reason="needs componentize-py")

    def make(folder: Path) -> None:
        app = shutil.copy(Path(__file__).parent / "app" / "agents.py", folder)
        options = settings(folder, {"golem": "1.5", "paths": [str(folder)]})
        build(Build(str(app), out=folder / "agents.wasm", **options))

    return once(tmp_path_factory, "agents", make) / "agents.wasm"


class TrappedError(Exception):
    """Raised by the host's `trap`."""


def concrete(base: Any) -> Any:
    """Implement what Golem's host has, without doing anything."""

    def member(name: str) -> Any:
        refuse = lambda *arguments: NotImplemented  # noqa: E731 - one for every function
        return classmethod(refuse) if isinstance(inspect.getattr_static(base, name), classmethod) else refuse

    made = type(base.__name__, (base,), {name: member(name) for name in base.__abstractmethods__})
    for name in vars(base).get("__annotations__", {}):
        setattr(made, name, concrete(getattr(sys.modules[base.__module__], name)))
    return made


UNUSED = {
    "golem_core_types": "Types",
    "golem_api_context": "Context",
    "golem_api_oplog": "Oplog",
    "golem_api_retry": "Retry",
    "golem_durability_durability": "Durability",
    "golem_quota_types": "Types",
}
"""What these agents do not call."""


@pytest.fixture
def opened(component: Path) -> Iterator[Any]:
    """A fresh instance."""
    with instance(component) as opened:
        yield opened


@contextmanager
def instance(component: Path) -> Iterator[Any]:
    """Open a fresh instance."""
    witgen.load(component)
    host = import_module("witgen.loaded.agents.host")
    fields = {module: concrete(getattr(getattr(host, module), name))() for module, name in UNUSED.items()}

    class Api(concrete(host.golem_api_host.Host)):  # type: ignore[misc]
        def trap(self, reason: str) -> None:
            raise TrappedError(reason)

        def mark_begin_operation(self) -> int:
            return 7

        def mark_end_operation(self, begin: int) -> None:
            assert begin == 7

        def generate_idempotency_key(self) -> Any:
            return sys.modules["witgen.loaded.agents.types.golem_core_types"].Uuid(0, 5)

    class Agents(concrete(host.golem_agent_host.Host)):  # type: ignore[misc]
        def get_config_value(self, key: list[str], expected_type: Any) -> Any:
            core = sys.modules["witgen.loaded.agents.types.golem_core_types"]
            assert (key, len(expected_type.nodes)) == (["most"], 1)
            return core.WitValue([core.WitNodePrimU32(2)])

        def parse_agent_id(self, agent_id: str) -> Any:
            core = sys.modules["witgen.loaded.agents.types.golem_core_types"]
            return "Counter", data(core.WitNodePrimString("ann"), core.WitNodeOptionValue(None)), None

    fields |= {"golem_api_host": Api(), "golem_agent_host": Agents()}
    with golem.Services() as services, services.open(component, SimpleNamespace(**fields)) as opened:
        yield opened


def data(*values: Any) -> Any:
    core = sys.modules["witgen.loaded.agents.types.golem_core_types"]
    return core.DataValueTuple([core.ElementValueComponentModel(core.WitValue([value])) for value in values])


def test_agents_run(opened: Any) -> None:
    guest = opened.golem_agent_guest
    core = import_module("witgen.loaded.agents.types.golem_core_types")
    common = import_module("witgen.loaded.agents.types.golem_agent_common")
    nobody = common.PrincipalAnonymous()
    assert [each.type_name for each in guest.discover_agent_types()] == ["ExampleAgent", "Counter", "Till", "Station"]
    guest.initialize("Counter", data(core.WitNodePrimString("ann"), core.WitNodeOptionValue(None)), nobody)
    answer = guest.invoke("add", data(core.WitNodePrimU32(3), core.WitNodeOptionValue(None)), nobody)
    [element] = answer.value
    assert element.value.nodes[1:3] == [core.WitNodePrimString("ann"), core.WitNodePrimU32(10)]
    with pytest.raises(common.AgentErrorInvalidMethod):
        guest.invoke("nope", data(), nobody)
    with pytest.raises(TrappedError, match="RuntimeError: on purpose"):
        guest.invoke("fail", data(), nobody)


def test_the_state_moves_to_another_instance(component: Path) -> None:
    core = import_module("witgen.loaded.agents.types.golem_core_types")
    common = import_module("witgen.loaded.agents.types.golem_agent_common")
    nobody, one = common.PrincipalAnonymous(), data(core.WitNodePrimU32(3), core.WitNodeOptionValue(None))
    with instance(component) as first, instance(component) as second:
        arguments = data(core.WitNodePrimString("ann"), core.WitNodeOptionValue(None))
        first.golem_agent_guest.initialize("Counter", arguments, nobody)
        first.golem_agent_guest.invoke("add", one, nobody)
        second.golem_api_load_snapshot.load(first.golem_api_save_snapshot.save())
        [element] = second.golem_agent_guest.invoke("add", one, nobody).value
    assert element.value.nodes[2] == core.WitNodePrimU32(13)


def test_errors_regions_and_configuration(opened: Any) -> None:
    core = import_module("witgen.loaded.agents.types.golem_core_types")
    common = import_module("witgen.loaded.agents.types.golem_agent_common")
    who = common.PrincipalGolemUser(common.GolemUserPrincipal(core.AccountId(core.Uuid(0, 1))))
    guest = opened.golem_agent_guest
    guest.initialize("Till", data(), who)
    [element] = guest.invoke("pay", data(core.WitNodePrimU32(1)), who).value
    assert element.value.nodes[0] == core.WitNodeResultValue(witgen_runtime.values.Ok(1))
    assert element.value.nodes[1].value == "golem-user 00000000-0000-0000-0000-000000000005 2"
    [element] = guest.invoke("pay", data(core.WitNodePrimU32(3)), who).value
    assert element.value.nodes[0] == core.WitNodeResultValue(witgen_runtime.values.Err(1))
    with pytest.raises(TrappedError, match="KeyError: 'half way'"):
        guest.invoke("break_off", data(), who)


def test_the_example(opened: Any) -> None:
    guest = opened.golem_agent_guest
    from websockets.sync.server import ServerConnection, serve

    def talk(connection: ServerConnection) -> None:
        connection.recv()
        connection.send("one")
        connection.send(b"\x01\x02")
        connection.close(1000, "bye")

    core = import_module("witgen.loaded.agents.types.golem_core_types")
    nobody = import_module("witgen.loaded.agents.types.golem_agent_common").PrincipalAnonymous()
    with serve(talk, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        guest.initialize("ExampleAgent", data(), nobody)
        [element] = guest.invoke("run", data(core.WitNodePrimString(url)), nobody).value
        server.shutdown()
    assert element.value.nodes[1:] == [core.WitNodePrimString("one"), core.WitNodePrimString("2 bytes")]


@pytest.mark.long
def test_recorded_functions_are_not_called_again(component: Path, tmp_path: Path) -> None:
    """Resume the agent for each call, as a process of its own does."""
    machine = Machine(component, tmp_path)
    first = machine.text("Station()", "measure", "Bonn", "none")
    assert machine.text("Station()", "measured") == "[]", "nothing was done but to read what is recorded"
    second = machine.text("Station()", "measure", "Rome", "some(true)")
    assert second == f"{first[:-1]}, -4.0]"
    third = machine.text("Station()", "measure", "Oslo", "none")
    assert third.startswith(second[:-1])
    names = [each["name"].partition("#")[2] for each in machine.oplog("Station()")]
    assert names.count("persist-durable-function-invocation") == 3
    assert "now" not in names[names.index("begin-durable-function") :], "what they call is not recorded apart"


@pytest.mark.long
def test_a_recorded_function_that_did_not_end_is_called_again(component: Path, tmp_path: Path) -> None:
    machine = Machine(component, tmp_path)
    machine.text("Station()", "measure", "Bonn", "none")
    resumed = machine.text("Station()", "measure", "Ys", "none")
    assert resumed.count(",") == 1
    assert "the first attempt ends in the middle" in "".join(machine.said)
    assert machine.text("Station()", "measure", "Rome", "none").startswith(resumed[:-1])


@pytest.mark.long
def test_quotas_limit_nothing_here(component: Path, tmp_path: Path) -> None:
    machine = Machine(component, tmp_path)
    assert machine.text("Station()", "reserve") == "3"
    assert machine.text("Station()", "reserve") == "3"
