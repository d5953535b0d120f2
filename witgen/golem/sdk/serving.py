"""The exports of a component with agents, for Golem 1.5."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from witgen_runtime.values import Err, Ok

from . import agent_types, config, errors, snapshots
from ._bindings.guest import aio, exports, golem_agent_host
from ._bindings.guest.exports.golem_agent_guest import Guest
from ._bindings.guest.exports.golem_api_load_snapshot import LoadSnapshot
from ._bindings.guest.exports.golem_api_save_snapshot import SaveSnapshot
from ._bindings.types import golem_agent_common as common
from ._bindings.types import golem_core_types as core
from ._bindings.types.golem_api_host import Snapshot
from ._bindings.types.golem_api_load_snapshot import LoadError
from .core_values import from_wit_value, to_wit_type
from .data_values import read_arguments, write_result
from .declaring import definitions, latest
from .definitions import AgentDefinition, Injected, MethodDefinition, Parameter
from .principal import AnonymousPrincipal, Principal
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


def _declared(name: str) -> AgentDefinition:
    found = latest(name)
    if found is None:
        raise LookupError(name)
    return found


class AgentGuest(Guest, LoadSnapshot, SaveSnapshot):
    """The agent of one instance of a component.

    Args:
        find: returns the declaration of a type by its name, or raises `LookupError`.
    """

    def __init__(self, find: Callable[[str], AgentDefinition] = _declared) -> None:
        self._find = find
        self._definition: AgentDefinition | None = None
        self._agent: Any = None
        self._creator: Principal = AnonymousPrincipal()

    def discover_agent_types(self) -> list[common.AgentType]:
        """Return the types of all agents, or the problems of their declarations."""
        try:
            return [agent_types.agent_type(each) for each in definitions()]
        except DeclarationError as error:
            raise common.AgentErrorInvalidType(str(error)) from None

    def get_definition(self) -> common.AgentType:
        """Return the type of this instance's agent."""
        return agent_types.agent_type(self._initialised())

    def initialize(self, agent_type: str, input: core.DataValue, principal: common.Principal) -> None:
        """Make the agent."""
        self._create(agent_type, input, agent_types.from_golem(principal))

    def invoke(self, method_name: str, input: core.DataValue, principal: common.Principal) -> core.DataValue:
        """Call a method of the agent."""
        method = self._initialised().method(method_name)
        if method is None:
            raise common.AgentErrorInvalidMethod(method_name)
        caller = agent_types.from_golem(principal)
        arguments = {**_arguments(method.parameters, input), **_injected(method.injected, caller)}
        return trapping(lambda: self._call(method, arguments))

    def save(self) -> Snapshot:
        """Return the agent's state."""
        self._initialised()
        return Snapshot(*trapping(self._saved))

    def load(self, snapshot: Snapshot) -> None:
        """Make the agent of a snapshot: in a fresh instance, by the id that Golem has given to it."""
        if self._definition is not None:
            raise LoadError(f"this instance already has an agent, a {self._definition.name}")
        try:
            principal, state = snapshots.open_envelope(snapshot.payload, snapshot.mime_type)
            name, data, _ = golem_agent_host.parse_agent_id(os.environ.get("GOLEM_AGENT_ID", ""))
            self._create(name, data, principal or AnonymousPrincipal())
            custom = getattr(self._agent, "load_snapshot", None)
            if custom is None:
                snapshots.restore(self._agent, state)
            else:
                custom(state)
        except Exception as error:
            self._definition = self._agent = None
            raise LoadError(f"{type(error).__name__}: {error}") from error

    def _saved(self) -> tuple[bytes, str]:
        custom = getattr(self._agent, "save_snapshot", None)
        state = snapshots.save_fields(self._agent) if custom is None else custom()
        return snapshots.sealed(self._creator, state)

    def _create(self, name: str, data: core.DataValue, principal: Principal) -> None:
        if self._definition is not None:
            raise common.AgentErrorInvalidInput(f"this instance already has an agent, a {self._definition.name}")
        try:
            definition = self._find(name)
        except LookupError:
            raise common.AgentErrorInvalidType(name) from None
        arguments = {**_arguments(definition.constructor, data), **_injected(definition.injected, principal)}
        self._agent = trapping(lambda: definition.python(**arguments))
        self._definition, self._creator = definition, principal

    def _call(self, method: MethodDefinition, arguments: Mapping[str, Any]) -> core.DataValue:
        try:
            value = getattr(self._agent, method.name)(**arguments)
            if method.is_async:
                value = aio.run(value)
        except errors.ANY as error:
            if not isinstance(error, method.errors):
                raise
            return write_result(method, Err(error.value))
        return write_result(method, Ok(value) if method.errors else value)

    def _initialised(self) -> AgentDefinition:
        if self._definition is None:
            raise common.AgentErrorInvalidInput("this instance has no agent yet")
        return self._definition


def _injected(parameters: Iterable[Injected], principal: Principal) -> dict[str, Any]:
    return {
        each.name: principal if each.config is None else config.bound(each.config, _configured) for each in parameters
    }


def _configured(leaf: config.ConfigLeaf) -> Any:
    value = golem_agent_host.get_config_value(leaf.path, to_wit_type(leaf.schema))
    return from_wit_value(leaf.schema, value)


def _arguments(parameters: tuple[Parameter, ...], data: core.DataValue) -> dict[str, Any]:
    try:
        return read_arguments(parameters, data)
    except ValueError as error:
        raise common.AgentErrorInvalidInput(str(error)) from None
