"""The exports of a component with agents, for Golem's main branch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from witgen.golem.sdk import agent_parts, errors, snapshots
from witgen.golem.sdk.declaring import definitions
from witgen.golem.sdk.definitions import AgentDefinition, MethodDefinition
from witgen.golem.sdk.instances import AgentInstance
from witgen.golem.sdk.reading import DeclarationError
from witgen.golem.sdk.trapping import trapping_async
from witgen_runtime.values import Err, Ok

from . import agent_types
from ._bindings.guest import exports
from ._bindings.guest.exports.golem_agent_guest import Guest
from ._bindings.guest.exports.golem_api_load_snapshot import LoadSnapshot
from ._bindings.guest.exports.golem_api_save_snapshot import SaveSnapshot
from ._bindings.types import golem_agent_common as common
from ._bindings.types import golem_core_types as core
from ._bindings.types.golem_api_load_snapshot import Snapshot
from .data_values import write_result

__all__ = ["AgentGuest", "is_served", "serve"]

# In a component, what both releases share uses these bindings, too; type checkers know it with those of Golem 1.5.
_from_golem: Callable[[Any], Any] = agent_parts.from_golem


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
        self._instance: Any = AgentInstance() if find is None else AgentInstance(find)

    def discover_agent_types(self) -> list[common.AgentType]:
        """Return the types of all agents, or the problems of their declarations."""
        try:
            return [agent_types.agent_type(each) for each in definitions()]
        except DeclarationError as error:
            raise common.AgentErrorInvalidType(str(error)) from None

    def get_definition(self) -> common.AgentType:
        """Return the type of this instance's agent."""
        return agent_types.agent_type(self._instance.definition)

    async def initialize(self, agent_type: str, input: core.SchemaValueTree, principal: common.Principal) -> None:
        """Make the agent."""
        self._instance.create(agent_type, input, _from_golem(principal))

    async def invoke(
        self, method_name: str, input: core.SchemaValueTree, principal: common.Principal
    ) -> core.SchemaValueTree | None:
        """Call a method of the agent."""
        method, arguments = self._instance.call(method_name, input, _from_golem(principal))
        return await trapping_async(self._call(method, arguments))

    async def save(self) -> Snapshot:
        """Return the agent's state."""
        return Snapshot(*self._instance.save())

    async def load(self, snapshot: Snapshot) -> None:
        """Make the agent of a snapshot: in a fresh instance, by the id that Golem has given to it."""
        self._instance.load(snapshot.payload, snapshot.mime_type)

    async def _call(self, method: MethodDefinition, arguments: Mapping[str, Any]) -> core.SchemaValueTree | None:
        try:
            value = getattr(self._instance.python, method.name)(**arguments)
            if method.is_async:
                value = await value
        except errors.ANY as error:
            if not isinstance(error, method.errors):
                raise
            return write_result(method, Err(error.value))
        return write_result(method, Ok(value) if method.errors else value)
