"""Agents as workers: an agent's id is the name of its worker, and `initialize` its first call."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, cast
from uuid import UUID

from witgen_runtime import abi
from witgen_runtime.values import Err

from ..agents._bindings._abi import golem_agent_guest as guest
from ..agents._bindings.types import golem_agent_common as common
from ..agents._bindings.types import golem_core_types as core
from ..agents.definitions import AgentDefinition, ConfigEntry
from ..agents.discovery import agent_error_text
from ..agents.errors import AgentError
from ..agents.ids import AgentId, type_name_of
from ..agents.json_form import from_json, to_json
from ..agents.words import value_of_word
from .durable.calls import request_type
from .errors import WorkerError
from .exports import Export
from .oplog.codec import Encoded, decode, encode, no_handle
from .storage.tables import WorkerRecord

if TYPE_CHECKING:
    from .roles import CallableWorker, WorkerExecutor

__all__ = [
    "INVOKE", "LOCAL_USER", "Agents", "agent_environment", "calls_method", "decoded_config", "failure_of",
    "initialization_key", "invocation", "is_agent_call", "json_of_word", "outcome_of", "refuse_unfit", "secret_path",
    "snapshot_is_due",
]  # fmt: skip

INITIALIZE: Final = "golem:agent/guest.{initialize}"
INVOKE: Final = "golem:agent/guest.{invoke}"
"""The functions that an executor calls, without a version, which is that of the component."""

_GUEST: Final = "golem:agent/guest@"

LOCAL_USER: Final = common.PrincipalGolemUser(
    common.GolemUserPrincipal(core.AccountId(core.Uuid(0x7769_7467_656E_4000, 0x8000_0000_0000_0001)))
)
"""The only user of this machine."""


def initialization_key(record: WorkerRecord) -> str:
    """Return the key of the call that makes an agent."""
    return f"init-{record.component}/{record.name}"


def is_agent_call(interface: str) -> bool:
    """Return whether a function's interface is that of agents."""
    return interface.startswith(_GUEST)


def calls_method(export: Export) -> bool:
    """Return whether a function is the one that calls the methods of agents."""
    return is_agent_call(export.interface) and export.function.name == guest.INVOKE.name


def agent_environment(record: WorkerRecord, version: int) -> tuple[tuple[str, str], ...]:
    """Return the environment variables that tell an agent who it is."""
    return (
        ("GOLEM_AGENT_ID", record.name),
        ("GOLEM_WORKER_NAME", record.name),
        ("GOLEM_COMPONENT_ID", str(record.component)),
        ("GOLEM_COMPONENT_REVISION", str(version)),
        ("GOLEM_AGENT_TYPE", record.name.partition("(")[0]),
    )


# Calls


def _request(function: abi.Function, *arguments: object) -> Encoded:
    return encode(request_type(function), arguments, no_handle)


def invocation(method: str, data: core.DataValue, principal: common.Principal) -> Encoded:
    """Return the request of a call of a method."""
    return _request(guest.INVOKE, method, data, principal)


def outcome_of(response: Encoded) -> core.DataValue:
    """Return the result of a call of a method.

    Raises:
        WorkerError: the agent ended the call with an error.
    """
    found: Any = decode(guest.INVOKE.result, response, no_handle)
    if isinstance(found, Err):
        raise WorkerError(agent_error_text(cast("Any", found).value))
    data: core.DataValue = found.value
    return data


def failure_of(response: Encoded) -> str | None:
    """Return the reason why an agent ended a call with an error, None if it did not."""
    plain = json.loads(response.text)
    if not isinstance(plain, Mapping) or "err" not in plain:
        return None
    error_type = guest.INVOKE.result.err if isinstance(guest.INVOKE.result, abi.Result) else None
    return agent_error_text(decode(error_type, Encoded(json.dumps(plain["err"]), response.data), no_handle))


# Configuration


def json_of_word(option: str, entry: ConfigEntry, word: str) -> str:
    """Return the JSON of a value of the configuration, or of a secret, that a user has written.

    Raises:
        WorkerError: it is of another type.
    """
    try:
        return json.dumps(to_json(entry.type, value_of_word(entry.type, word)))
    except ValueError as error:
        raise WorkerError(f"{option} {entry.name}: {error}") from None


def decoded_config(entry: ConfigEntry, text: str) -> Any:
    """Return a value of the configuration, or a secret, of its declared type.

    Raises:
        WorkerError: it is of another type.
    """
    try:
        return from_json(entry.type, json.loads(text))
    except ValueError as error:
        raise WorkerError(f"`{entry.name}`: {error}") from None


def secret_path(path: Sequence[str]) -> str:
    """Return the name of a secret: its path with each part in lowerCamelCase."""
    return ".".join(map(_camel_case, path))


def _camel_case(part: str) -> str:
    words = [word for word in part.replace("-", "_").split("_") if word]
    if not words:
        return part
    first, *rest = words
    return first[:1].lower() + first[1:] + "".join(word[:1].upper() + word[1:] for word in rest)


def snapshot_is_due(executor: WorkerExecutor, record: WorkerRecord) -> bool:
    """Return whether an idle agent is to have a snapshot now, as its type asks for."""
    if not executor.program(record.component, record.version).has_snapshots:
        return False
    wanted = Agents(executor).definition_of(record).declared.snapshotting
    match wanted.value if isinstance(wanted, common.SnapshottingEnabled) else None:
        case common.SnapshottingConfigEveryNInvocation(count):
            # The call that makes the agent does not count.
            snapshot = executor.state.last_snapshot(record.number)
            return 0 < count <= executor.records.calls_since_snapshot(record.number) - (snapshot is None)
        case common.SnapshottingConfigPeriodic(nanoseconds):
            snapshot = executor.state.last_snapshot(record.number)
            last = record.created * 1_000_000 if snapshot is None else snapshot.at
            return time.time_ns() - last >= nanoseconds
        case _:
            return False


def refuse_unfit(executor: WorkerExecutor, record: WorkerRecord, request: Encoded) -> None:
    """Refuse a call that does not fit the version of its component that an agent runs, if that is an older one.

    Callers check calls by the newest version. Golem refuses them, too, before the agent learns of them, which would
    fail.

    Raises:
        WorkerError: the message says which version the agent runs, and how to update it.
    """
    newest = executor.version_for_new(record.component)
    if record.version == newest:
        return
    method, data, _ = decode(request_type(guest.INVOKE), request, no_handle)
    try:
        Agents(executor).definition_of(record).method(method).takes.from_data(data)
    except (AgentError, WorkerError) as error:
        name = executor.records.versions(record.component)[record.version].name
        raise WorkerError(
            f"{error}\nagent {record.name} stays at version {record.version} of `{name}`, of which version {newest} is "
            "there; `witgen run` with --update automatic or --update snapshot-based updates it"
        ) from None


class Agents:
    """The agents of an executor."""

    def __init__(self, executor: WorkerExecutor) -> None:
        self._executor = executor

    def types(self) -> Iterator[tuple[UUID, AgentDefinition]]:
        """Yield the agent types of all components, each with the id of its component."""
        for component in self._executor.records.components():
            program = self._executor.program(component, self._executor.version_for_new(component))
            if program.guest is not None:
                for definition in program.agents:
                    yield component, definition

    def find_type(self, name: str) -> tuple[UUID, AgentDefinition] | None:
        """Return an agent type by name with the id of its component, None if there is none."""
        return next((each for each in self.types() if each[1].name == name), None)

    def definition_of(self, record: WorkerRecord) -> AgentDefinition:
        """Return the type of an existing agent, in the version that it runs.

        Raises:
            WorkerError: its component has no such type.
        """
        try:
            types = self._executor.program(record.component, record.version).agents
            return types.find(type_name_of(record.name))
        except AgentError as error:
            raise WorkerError(str(error)) from None

    def find_or_create(
        self,
        component: UUID,
        definition: AgentDefinition,
        agent: AgentId,
        principal: common.Principal,
        *,
        config: tuple[tuple[str, str], ...] = (),
        env: tuple[tuple[str, str], ...] = (),
    ) -> CallableWorker:
        """Return the worker of an agent; a new one is initialised by its first call at the latest.

        Raises:
            WorkerError: the agent would lack a value of its configuration.
        """
        name = agent.text
        found = self._executor.find(component, name)
        if found is not None:
            return found
        kept = self._config_for(definition, name, dict(config))
        data = definition.constructor.to_data(agent.parameters)
        request = _request(guest.INITIALIZE, definition.name, data, principal)
        first = (f"init-{component}/{name}", INITIALIZE, request)
        is_once = definition.is_ephemeral
        return self._executor.find_or_create(component, name, env=env, once=is_once, config=kept, first=first)

    def _config_for(
        self, definition: AgentDefinition, name: str, given: Mapping[str, str]
    ) -> tuple[tuple[str, str], ...]:
        """Return the configuration that a new agent keeps: what it reads is not recorded, and must not change."""
        known = {**self._executor.environment.config(definition.name), **given}
        local = [each for each in definition.config if not each.is_secret]
        missing = [each.name for each in local if each.is_needed and each.name not in known]
        if missing:
            options = " ".join(f"--config {each}=…" for each in missing)
            raise WorkerError(f"the agent {name} cannot be made without its config: pass {options}")
        return tuple((each.name, known.get(each.name, "null")) for each in local)
