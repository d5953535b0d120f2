"""The agent of one instance of a component, as each release of Golem has it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from . import config, snapshots
from ._bindings.types import golem_agent_common as common
from ._bindings.types.golem_api_load_snapshot import LoadError
from .data_values import read_arguments
from .declaring import latest
from .definitions import AgentDefinition, Injected, MethodDefinition, Parameter
from .host_values import Data, configured, own_identity
from .principal import AnonymousPrincipal, Principal
from .trapping import trapping

__all__ = ["AgentInstance"]


def _declared(name: str) -> AgentDefinition:
    found = latest(name)
    if found is None:
        raise LookupError(name)
    return found


class AgentInstance:
    """The agent of one instance of a component, once it is made.

    Args:
        find: returns the declaration of a type by its name, or raises `LookupError`.
    """

    def __init__(self, find: Callable[[str], AgentDefinition] = _declared) -> None:
        self._find = find
        self._definition: AgentDefinition | None = None
        self._creator: Principal = AnonymousPrincipal()
        self.python: Any = None

    @property
    def definition(self) -> AgentDefinition:
        """The agent's type.

        Raises:
            AgentErrorInvalidInput: there is no agent yet.
        """
        if self._definition is None:
            raise common.AgentErrorInvalidInput("this instance has no agent yet")
        return self._definition

    def create(self, name: str, data: Data, principal: Principal) -> None:
        """Make the agent; see `golem:agent/guest`."""
        if self._definition is not None:
            raise common.AgentErrorInvalidInput(f"this instance already has an agent, a {self._definition.name}")
        try:
            definition = self._find(name)
        except LookupError:
            raise common.AgentErrorInvalidType(name) from None
        arguments = {**_arguments(definition.constructor, data), **_injected(definition.injected, principal)}
        self.python = trapping(lambda: definition.python(**arguments))
        self._definition, self._creator = definition, principal

    def call(self, name: str, data: Data, caller: Principal) -> tuple[MethodDefinition, dict[str, Any]]:
        """Return the method of a call, and its arguments."""
        method = self.definition.method(name)
        if method is None:
            raise common.AgentErrorInvalidMethod(name)
        return method, {**_arguments(method.parameters, data), **_injected(method.injected, caller)}

    def save(self) -> tuple[bytes, str]:
        """Return the agent's state in Golem's envelope, with its media type."""
        _ = self.definition
        return trapping(self._saved)

    def load(self, payload: bytes, mime_type: str) -> None:
        """Make the agent of a snapshot: in a fresh instance, by the id that Golem has given to it."""
        if self._definition is not None:
            raise LoadError(f"this instance already has an agent, a {self._definition.name}")
        try:
            principal, state = snapshots.open_envelope(payload, mime_type)
            self.create(*own_identity(), principal or AnonymousPrincipal())
            custom = getattr(self.python, "load_snapshot", None)
            if custom is None:
                snapshots.restore(self.python, state)
            else:
                custom(state)
        except Exception as error:
            self._definition = self.python = None
            raise LoadError(f"{type(error).__name__}: {error}") from error

    def _saved(self) -> tuple[bytes, str]:
        custom = getattr(self.python, "save_snapshot", None)
        state = snapshots.save_fields(self.python) if custom is None else custom()
        return snapshots.sealed(self._creator, state)


def _injected(parameters: Iterable[Injected], principal: Principal) -> dict[str, Any]:
    return {
        each.name: principal if each.config is None else config.bound(each.config, configured) for each in parameters
    }


def _arguments(parameters: tuple[Parameter, ...], data: Data) -> dict[str, Any]:
    try:
        return read_arguments(parameters, data)
    except ValueError as error:
        raise common.AgentErrorInvalidInput(str(error)) from None
