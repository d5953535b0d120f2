"""The exports of a component with agents, for Golem 1.5."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from witgen_runtime.values import Err, Ok

from . import agent_types, errors, snapshots
from ._bindings.guest import aio, exports
from ._bindings.guest.exports.golem_agent_guest import Guest
from ._bindings.guest.exports.golem_api_load_snapshot import LoadSnapshot
from ._bindings.guest.exports.golem_api_save_snapshot import SaveSnapshot
from ._bindings.types import golem_agent_common as common
from ._bindings.types import golem_core_types as core
from ._bindings.types.golem_api_host import Snapshot
from .agent_parts import from_golem
from .data_values import write_result
from .declaring import definitions
from .definitions import AgentDefinition, MethodDefinition
from .instances import AgentInstance
from .reading import DeclarationError
from .trapping import trapping

__all__ = ["AgentGuest", "is_served", "serve"]


_served: list[str] = []


def is_served() -> bool:
    """Return whether an application exports agents."""
    return bool(_served)


def serve(module: str) -> None:
    """Export the agents that the program declares from an application's module: pass `__name__`.

    An application that `witgen build` finds without exports is served so by itself.

    Raises:
        DeclarationError: some agents are declared in a way that has no form in Golem.
    """
    for each in definitions():
        snapshots.prepare(each.python)
    guest = AgentGuest()
    _served.append(module)
    exports.serve(module, golem_agent_guest=guest, golem_api_load_snapshot=guest, golem_api_save_snapshot=guest)


class AgentGuest(Guest, LoadSnapshot, SaveSnapshot):
    """What Golem calls of one instance of a component.

    Args:
        find: returns the declaration of a type by its name, or raises `LookupError`.
    """

    def __init__(self, find: Callable[[str], AgentDefinition] | None = None) -> None:
        self._instance = AgentInstance() if find is None else AgentInstance(find)

    def discover_agent_types(self) -> list[common.AgentType]:
        """Return the types of all agents, or the problems of their declarations."""
        try:
            return [agent_types.agent_type(each) for each in definitions()]
        except DeclarationError as error:
            raise common.AgentErrorInvalidType(str(error)) from None

    def get_definition(self) -> common.AgentType:
        """Return the type of this instance's agent."""
        return agent_types.agent_type(self._instance.definition)

    def initialize(self, agent_type: str, input: core.DataValue, principal: common.Principal) -> None:
        """Make the agent."""
        self._instance.create(agent_type, input, from_golem(principal))

    def invoke(self, method_name: str, input: core.DataValue, principal: common.Principal) -> core.DataValue:
        """Call a method of the agent."""
        method, arguments = self._instance.call(method_name, input, from_golem(principal))
        return trapping(lambda: self._call(method, arguments))

    def save(self) -> Snapshot:
        """Return the agent's state."""
        return Snapshot(*self._instance.save())

    def load(self, snapshot: Snapshot) -> None:
        """Make the agent of a snapshot: in a fresh instance, by the id that Golem has given to it."""
        self._instance.load(snapshot.payload, snapshot.mime_type)

    def _call(self, method: MethodDefinition, arguments: Mapping[str, Any]) -> core.DataValue:
        try:
            value = getattr(self._instance.python, method.name)(**arguments)
            if method.is_async:
                value = aio.run(value)
        except errors.ANY as error:
            if not isinstance(error, method.errors):
                raise
            return write_result(method, Err(error.value))
        return write_result(method, Ok(value) if method.errors else value)
