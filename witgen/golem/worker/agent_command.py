"""`witgen run` of a method of an agent."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import uuid4

from witgen_runtime.values import Err

from ..agents.definitions import AgentDefinition, AgentMethod, AgentTypes
from ..agents.errors import AgentError
from ..agents.ids import AgentId, agent_id, is_agent_id
from ..agents.words import arguments, result_json, result_text
from .agents import LOCAL_USER, Agents, invocation, json_of_word, outcome_of, secret_path
from .errors import WorkerError
from .executor import Executor
from .oplog.codec import Encoded
from .program import Program
from .storage.tables import ComponentRecord
from .worker import Worker

__all__ = ["AgentCall", "call_of", "configure", "names_agent"]


def names_agent(program: Program, text: str) -> bool:
    """Return whether a text that a user has passed as a function is to be an agent of the component."""
    if program.has_other_agents and is_agent_id(text):
        return True  # and describing them says that they do not run here
    if program.guest is None:
        return False
    if is_agent_id(text):
        return "." not in text.rpartition(")")[2]
    return not any(text in {each.name, each.function.name} for each in program.exports)


@dataclass(frozen=True, slots=True, eq=False)
class AgentCall:
    """A call of a method of an agent."""

    agent: AgentId
    definition: AgentDefinition
    method: AgentMethod
    request: Encoded

    def worker(self, executor: Executor, component: ComponentRecord, env: Sequence[tuple[str, str]]) -> Worker:
        """Return the agent's worker, which is created if there is none.

        Raises:
            WorkerError: the agent lacks a value of its configuration.
        """
        agents = Agents(executor)
        made = agents.find_or_create(component.id, self.definition, self.agent, LOCAL_USER, env=tuple(env))
        return executor.worker(made.record)

    def of_method(self, name: str) -> AgentCall:
        """Return this call as one of a method of the agent, by name.

        Raises:
            WorkerError: there is no such method.
        """
        try:
            return replace(self, method=self.definition.method(name))
        except AgentError as error:
            raise WorkerError(str(error)) from None

    def rendered(self, response: Encoded, *, as_json: bool) -> tuple[str, bool]:
        """Return the result as text, empty for nothing, and whether it is an error that the method declares.

        Raises:
            WorkerError: the agent ended the call with an error.
        """
        returns = self.method.returns
        try:
            values = returns.from_data(outcome_of(response))
            if not values and not returns.is_multimodal:
                return "", False
            text = json.dumps(result_json(returns, values)) if as_json else result_text(returns, values)
        except AgentError as error:
            raise WorkerError(
                f"`{self.definition.name}.{self.method.name}` returned what it does not declare: {error}"
            ) from None
        return text, any(isinstance(each, Err) for each in values)


def call_of(types: AgentTypes, text: str, words: Sequence[str]) -> AgentCall:
    """Return the call that a user asks for.

    Args:
        types: the agent types of the component.
        text: the agent's id.
        words: the method, and a word for each argument.

    Raises:
        WorkerError: there is no such agent type or method, or an argument does not fit; the message says what there is.
    """
    try:
        return _call_of(types, text, words)
    except AgentError as error:
        raise WorkerError(str(error)) from None


def _call_of(types: AgentTypes, text: str, words: Sequence[str]) -> AgentCall:
    if not is_agent_id(text):
        name = text.partition("(")[0]
        raise AgentError(f"write an agent as Type(parameters), not `{text:.60}`; {_hint(types, name)}")
    agent = types.parse(text)
    definition = types.find(agent.type_name)
    if not words:
        listed = "\n".join(f"  {each.signature}" for each in definition.methods)
        raise AgentError(f"pass a method of {agent.text} after it; it has\n{listed}")
    if definition.is_ephemeral and agent.phantom is None:
        agent = agent_id(agent.type_name, definition.constructor, agent.parameters, uuid4())
    method = definition.method(words[0])
    data = method.takes.to_data(arguments(method.name, method.takes, words[1:]))
    return AgentCall(agent, definition, method, invocation(method.name, data, LOCAL_USER))


def _hint(types: AgentTypes, name: str) -> str:
    return types.find(name).signature if name in types else types.listed


def configure(executor: Executor, types: AgentTypes, config: Mapping[str, str], secrets: Mapping[str, str]) -> None:
    """Set configuration of all agent types that read it, and secrets, for this process and later ones.

    Raises:
        WorkerError: no agent type reads one of them, or it is of another type.
    """
    for name, word in config.items():
        reading = [(type_, each) for type_ in types for each in type_.config if each.name == name]
        if not any(not entry.is_secret for _, entry in reading):
            hint = f"; `{name}` is a secret: pass it with --secret" if reading else ""
            raise WorkerError(f"no agent of the component reads config `{name}`; {_read(types, secret=False)}{hint}")
        for type_, entry in reading:
            if not entry.is_secret:
                executor.environment.set_config(type_.name, {name: json_of_word("--config", entry, word)})
    declared = {secret_path(each.path): each for type_ in types for each in type_.config if each.is_secret}
    for name, word in secrets.items():
        path = secret_path(name.split("."))
        if path not in declared:
            raise WorkerError(f"no agent of the component reads a secret `{name}`; {_read(types, secret=True)}")
        executor.environment.set_secrets({path: json_of_word("--secret", declared[path], word)})


def _read(types: AgentTypes, *, secret: bool) -> str:
    names = [f"`{each.name}` of {type_.name}" for type_ in types for each in type_.config if each.is_secret is secret]
    return f"they read {', '.join(names) or 'none'}"
