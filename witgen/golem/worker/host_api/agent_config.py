"""The configuration that an agent reads: values given when it was made, and secrets of its environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from witgen_runtime import abi
from witgen_runtime.host.signatures import structure

from ...agents._bindings._abi import golem_agent_host as agent_abi
from ...agents._bindings.types import golem_core_types as core
from ...agents.definitions import AgentDefinition, ConfigEntry
from ...agents.types import to_type
from ...witvalue import to_wit_value
from ..agents import Agents, decoded_config, secret_path
from ..durable.calls import request_type
from ..errors import RefusedError
from ..oplog.codec import Encoded, decode, encode, no_handle
from ..oplog.policy import Kind

if TYPE_CHECKING:
    from ..roles import LoadedWorker

__all__ = ["AgentConfig"]

_FUNCTION: Final = agent_abi.GET_CONFIG_VALUE
_NAME: Final = f"{agent_abi.INTERFACE.name}#{_FUNCTION.name}"
_NONE: Final = core.WitValue([core.WitNodeOptionValue(None)])


class AgentConfig:
    """The configuration of a session's agent."""

    def __init__(self, session: LoadedWorker) -> None:
        self._session = session
        self._definition: AgentDefinition | None = None

    def value(self, path: list[str], expected: core.WitType) -> core.WitValue:
        """Return the value at a path.

        Raises:
            RefusedError: the type declares no such path, or another type; or the value is missing.
        """
        name, wanted = ".".join(path), to_type(expected)
        entry = next((each for each in self._declared().config if list(each.path) == path), None)
        if entry is None:
            if isinstance(wanted, abi.Option):
                return _NONE
            known = ", ".join(f"`{each.name}`" for each in self._declared().config) or "none"
            raise RefusedError(f"config `{name}` is not declared by `{self._declared().name}`; it declares {known}")
        if structure(entry.type) != structure(wanted):
            raise RefusedError(f"config `{name}` is declared with another type than it is read with")
        if entry.is_secret:
            return self._recorded(path, expected, entry)
        # An agent keeps the values that it was made with; only what later versions declare is not among them.
        of_type = self._session.executor.environment.config(self._declared().name)
        return self._value(entry, {**of_type, **dict(self._session.record.config)}.get(name), f"--config {name}=…")

    def _declared(self) -> AgentDefinition:
        if self._definition is None:
            self._definition = Agents(self._session.executor).definition_of(self._session.record)
        return self._definition

    def _value(self, entry: ConfigEntry, text: str | None, remedy: str) -> core.WitValue:
        if text is None:
            if entry.is_needed:
                kind = "secret" if entry.is_secret else "config"
                raise RefusedError(f"{kind} `{entry.name}` has no value: pass {remedy}")
            return _NONE
        value: core.WitValue = to_wit_value(core, entry.type, decoded_config(entry, text))
        return value

    def _recorded(self, path: list[str], expected: core.WitType, entry: ConfigEntry) -> core.WitValue:
        """Return the current value of a secret, or in replay the one that was read then."""

        def execute() -> Encoded:
            text = self._session.executor.environment.secret(secret_path(path))
            value = self._value(entry, text, f"--secret {entry.name}=…")
            return encode(_FUNCTION.result, value, no_handle)

        request = encode(request_type(_FUNCTION), [path, expected], no_handle)
        response = self._session.recorder.call(_NAME, Kind.READ_REMOTE, request, execute)
        value: core.WitValue = decode(_FUNCTION.result, response, no_handle)
        return value
