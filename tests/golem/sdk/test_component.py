"""Agents inside a component, called as Golem calls them."""

from __future__ import annotations

import inspect
import shutil
import sys
import threading
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import witgen
from tests.support.guests import once
from tests.support.paths import ROOT
from witgen import golem
from witgen.build.componentize import Build, build
from witgen.golem import sdk

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def component(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("componentize_py", reason="needs componentize-py")

    def make(folder: Path) -> None:
        app = shutil.copy(Path(__file__).parent / "app" / "agents.py", folder)
        places = [str(folder), str(ROOT)]  # the second has the SDK, which an editable installation only refers to
        build(Build(str(app), sdk.WIT, "agents", golem="1.5", paths=places, out=folder / "agents.wasm"))

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


@pytest.fixture
def guest(component: Path) -> Iterator[Any]:
    """The exports of a fresh instance."""
    witgen.load(component)
    host = import_module("witgen.loaded.agents.host")
    fields = {
        "golem_agent_host": concrete(host.golem_agent_host.Host)(),
        "golem_core_types": concrete(host.golem_core_types.Types)(),
    }

    class Host(concrete(host.golem_api_host.Host)):  # type: ignore[misc]
        def trap(self, reason: str) -> None:
            raise TrappedError(reason)

    fields["golem_api_host"] = Host()
    with golem.Services() as services, services.open(component, SimpleNamespace(**fields)) as opened:
        yield opened.golem_agent_guest


def data(*values: Any) -> Any:
    core = sys.modules["witgen.loaded.agents.types.golem_core_types"]
    return core.DataValueTuple([core.ElementValueComponentModel(core.WitValue([value])) for value in values])


def test_agents_run(guest: Any) -> None:
    core = import_module("witgen.loaded.agents.types.golem_core_types")
    common = import_module("witgen.loaded.agents.types.golem_agent_common")
    nobody = common.PrincipalAnonymous()
    assert [each.type_name for each in guest.discover_agent_types()] == ["ExampleAgent", "Counter"]
    guest.initialize("Counter", data(core.WitNodePrimString("ann"), core.WitNodeOptionValue(None)), nobody)
    answer = guest.invoke("add", data(core.WitNodePrimU32(3), core.WitNodeOptionValue(None)), nobody)
    [element] = answer.value
    assert element.value.nodes[1:3] == [core.WitNodePrimString("ann"), core.WitNodePrimU32(10)]
    with pytest.raises(common.AgentErrorInvalidMethod):
        guest.invoke("nope", data(), nobody)
    with pytest.raises(TrappedError, match="RuntimeError: on purpose"):
        guest.invoke("fail", data(), nobody)


def test_the_example(guest: Any) -> None:
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
