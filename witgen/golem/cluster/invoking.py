"""`witgen golem invoke`: a call of an agent's method."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from witgen_runtime.values import Err

from ..agents.definitions import AgentDefinition, AgentMethod, AgentTypes
from ..agents.errors import AgentError
from ..agents.ids import AgentId
from ..agents.json_form import Json
from ..agents.rest_values import data_from_json, data_json
from ..agents.words import arguments, result_json, result_text
from .connection import Cluster, object_of, path_of
from .errors import ClusterError

__all__ = ["Invocation", "Result", "invocation", "invoke"]


@dataclass(frozen=True, slots=True, eq=False)
class Invocation:
    """A call of a method of an agent."""

    agent: AgentId
    definition: AgentDefinition
    method: AgentMethod
    arguments: Sequence[Any]
    phantom: UUID | None


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What a call has returned.

    Attributes:
        agent: the id of the agent, as the cluster has it.
        revision: the revision of the component that it runs.
        method: the method.
        values: the result; None for a call that is scheduled.
    """

    agent: str
    revision: int | None
    method: AgentMethod
    values: Sequence[Any] | None

    @property
    def is_error(self) -> bool:
        """Return whether this is an error that the method declares."""
        return any(isinstance(each, Err) for each in self.values or ())

    @property
    def text(self) -> str:
        """The result as WAVE, empty for nothing."""
        return "" if not self.values else result_text(self.method.returns, self.values)

    @property
    def json(self) -> Json:
        """The result as JSON, None for nothing."""
        return None if not self.values else result_json(self.method.returns, self.values)


def invocation(types: AgentTypes, agent: str, words: Sequence[str]) -> Invocation:
    """Return the call that a user asks for.

    Args:
        types: the agent types.
        agent: the agent's id.
        words: the method, and a word for each argument.

    Raises:
        ClusterError: there is no such agent type or method, or an argument does not fit.
    """
    try:
        found = types.parse(agent)
        definition = types.find(found.type_name)
        method = _method(found, definition, words)
        given = arguments(method.name, method.takes, words[1:])
    except AgentError as error:
        raise ClusterError(str(error)) from None
    # The host gives ephemeral agents no phantom id.
    phantom = uuid4() if found.phantom is None and definition.is_ephemeral else found.phantom
    return Invocation(found, definition, method, given, phantom)


def _method(agent: AgentId, definition: AgentDefinition, words: Sequence[str]) -> AgentMethod:
    if words:
        return definition.method(words[0])
    listed = "\n".join(f"  {each.signature}" for each in definition.methods)
    raise AgentError(f"pass a method of {agent.text} after it; it has\n{listed}")


def invoke(
    cluster: Cluster,
    given: Invocation,
    *,
    app: str,
    environment: str,
    key: str,
    at: dt.datetime | None = None,
    revision: int | None = None,
) -> Result:
    """Call a method and wait for its result, or schedule the call.

    Args:
        cluster: where the agent is.
        given: the call.
        app: the application's name.
        environment: the name of its environment.
        key: the idempotency key: calls with the same key are one call.
        at: when to make the call; None for now.
        revision: the revision of the deployment; None for the current one.

    Raises:
        ClusterError: the call has failed, or the cluster cannot be asked.
    """
    what = f"{given.agent.text}.{given.method.name}"
    try:
        body: dict[str, Json] = {
            "appName": app,
            "envName": environment,
            "agentTypeName": given.definition.name,
            "parameters": data_json(given.definition.constructor, given.agent.parameters),
            "methodName": given.method.name,
            "methodParameters": data_json(given.method.takes, given.arguments),
            "mode": "await" if at is None else "schedule",
        }
    except AgentError as error:
        raise ClusterError(f"{what}: {error}") from None
    if given.phantom is not None:
        body["phantomId"] = str(given.phantom)
    if at is not None:
        body["scheduleAt"] = at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    if revision is not None:
        body["deploymentRevision"] = revision
    path = path_of("v1", "agents", "invoke-agent")
    return _result(what, given, object_of(what, cluster.send(what, path, body, headers={"Idempotency-Key": key})), at)


def _result(what: str, given: Invocation, answer: dict[str, Json], at: dt.datetime | None) -> Result:
    agent, revision = answer.get("agentId"), answer.get("componentRevision")
    name = agent.get("agentId") if isinstance(agent, dict) else None
    values: Sequence[Any] | None = None
    if at is None:
        try:
            values = data_from_json(given.method.returns, answer.get("result"))
        except AgentError as error:
            raise ClusterError(
                f"{what}: the result is not what the method declares ({error}); is another version deployed?"
            ) from None
    known = revision if isinstance(revision, int) else None
    return Result(name if isinstance(name, str) else given.agent.text, known, given.method, values)
