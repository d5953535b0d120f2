"""What Golem's host does for agents in tests: agents and their calls, promises, configuration."""

from __future__ import annotations

import os
import traceback
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID, uuid4, uuid5

from witgen_runtime.testing import Pollable, Trap
from witgen_runtime.values import Err, Ok

from .. import agent_parts, agent_types
from .._bindings.guest.testing import Fakes
from .._bindings.types import golem_agent_common as common
from .._bindings.types import golem_agent_host as agents
from .._bindings.types import golem_core_types as core
from ..core_values import to_wit_type, to_wit_value
from ..data_values import read_arguments
from ..declaring import definitions, latest
from ..definitions import AgentDefinition
from ..principal import AgentPrincipal, AnonymousPrincipal, Principal
from ..schema import OptionSchema, check
from ..serving import AgentGuest
from ..uuids import from_uuid, to_uuid
from .defaults import install_defaults
from .ids import COMPONENT, agent_id_text
from .promises import Promises, following
from .scheduler import Scheduler

__all__ = ["Host"]

_SECOND = 1_000_000_000


class AgentTrap(BaseException):
    """The host's `trap`: nothing in an agent catches it."""


@dataclass
class _Call:
    method: str
    data: core.DataValue
    principal: Principal
    done: Pollable
    key: UUID
    outcome: core.DataValue | Exception | None = None
    is_cancelled: bool = False
    keys: int = 0


@dataclass
class _Agent:
    """An agent: its instance, what waits for it, and what it has been called with."""

    id: str
    definition: AgentDefinition
    data: core.DataValue
    phantom: UUID | None
    principal: Principal
    config: dict[tuple[str, ...], core.ValueAndType]
    guest: AgentGuest
    queue: deque[_Call] = field(default_factory=deque[_Call])
    calls: list[tuple[Any, ...]] = field(default_factory=list[tuple[Any, ...]])
    running: _Call | None = None
    failure: str | None = None
    is_made: bool = False
    is_busy: bool = False


class Host:
    """Runs agents, and answers what they ask of Golem."""

    def __init__(self, fakes: Fakes, scheduler: Scheduler, principal: Callable[[], Principal]) -> None:
        self._fakes = fakes
        self._scheduler = scheduler
        self._principal = principal
        self._agents: dict[str, _Agent] = {}
        self._known: dict[str, AgentDefinition] = {}
        self._config: dict[str, dict[tuple[str, ...], Any]] = {}
        self._by_task: dict[str, _Agent] = {}
        self._outside = uuid4()
        self._keys = 0

    # ---- What `Agents` asks for

    def know(self, definition: AgentDefinition) -> None:
        """Prefer a declaration to others of the same name."""
        self._known[definition.name] = definition

    def definition(self, name: str) -> AgentDefinition:
        """Return the declaration of a type by its name.

        Raises:
            LookupError: there is none.
        """
        found = self._known.get(name) or latest(name)
        if found is None:
            raise LookupError(f"there is no agent called `{name}`")
        return found

    def configure(self, definition: AgentDefinition, values: Mapping[str, Any]) -> None:
        """Set configuration and secrets of a type."""
        leaves = {leaf.path: leaf for leaf in definition.config}
        for path, value in _flat(values):
            if path not in leaves:
                raise TypeError(f"`{definition.name}` declares no configuration `{'.'.join(path)}`")
            checked = check(leaves[path].schema, value, ".".join(path))
            self._config.setdefault(definition.name, {})[path] = checked

    def calls(self, definition: AgentDefinition, data: core.DataValue) -> list[tuple[Any, ...]]:
        """Return the calls that an agent has got."""
        found = self._agents.get(agent_id_text(definition.name, data, None))
        return [] if found is None else list(found.calls)

    def restart(self, definition: AgentDefinition, data: core.DataValue) -> None:
        """Save an agent's state and load it into a new instance."""
        agent = self._agents[agent_id_text(definition.name, data, None)]
        snapshot = agent.guest.save()
        fresh = self._guest()
        with _environment(agent.id):
            fresh.load(snapshot)
        agent.guest, agent.failure = fresh, None

    # ---- Calls

    def _create(
        self,
        name: str,
        data: core.DataValue,
        phantom: core.Uuid | None,
        config: list[common.TypedAgentConfigValue],
    ) -> Any:
        made = self._fakes.golem_agent_host.WasmRpc()
        made.agent = self._agent(name, data, phantom, {tuple(each.path): each.value for each in config})
        return made

    def _agent(
        self,
        name: str,
        data: core.DataValue,
        phantom: core.Uuid | None,
        config: dict[tuple[str, ...], core.ValueAndType],
    ) -> _Agent:
        text = agent_id_text(name, data, phantom)
        if text not in self._agents:
            definition = self.definition(name)
            chosen = None if phantom is None else to_uuid(phantom)
            self._agents[text] = _Agent(text, definition, data, chosen, self._caller(), config, self._guest())
        return self._agents[text]

    def _guest(self) -> AgentGuest:
        return AgentGuest(self.definition)

    def _caller(self) -> Principal:
        """Return whoever makes the call that is made now."""
        agent = self._current()
        return self._principal() if agent is None else AgentPrincipal(COMPONENT, agent.id)

    def _name(self) -> str:
        agent = self._current()
        return "" if agent is None else agent.id

    def _current(self) -> _Agent | None:
        return self._by_task.get(self._scheduler.current.name)

    def _enqueue(
        self, agent: _Agent, method: str, data: core.DataValue, principal: Principal, pollable: Pollable | None = None
    ) -> _Call:
        done = pollable or self._fakes.wasi_io_poll.Pollable()
        call = _Call(method, data, principal, done, self._new_key())
        agent.queue.append(call)
        if not agent.is_busy:
            agent.is_busy = True
            self._scheduler.start(agent.id, lambda: self._work(agent))
        return call

    def _work(self, agent: _Agent) -> None:
        """Do what waits for an agent."""
        self._by_task[agent.id] = agent
        try:
            while agent.queue:
                call = agent.queue.popleft()
                if not call.is_cancelled:
                    agent.running = call
                    call.outcome = self._outcome(agent, call)
                call.done.set()
        finally:
            agent.running, agent.is_busy = None, False

    def _outcome(self, agent: _Agent, call: _Call) -> core.DataValue | Exception:
        if agent.failure is not None:
            return agents.RpcErrorRemoteInternalError(f"previous invocation failed: {agent.failure}")
        try:
            method = agent.definition.method(call.method)
            if method is None:
                return agents.RpcErrorNotFound(f"`{agent.definition.name}` has no method `{call.method}`")
            given = read_arguments(method.parameters, call.data)
            agent.calls.append((call.method, *(given.get(each.name) for each in method.parameters)))
            if not agent.is_made:
                with _environment(agent.id):
                    agent.guest.initialize(agent.definition.name, agent.data, agent_parts.to_golem(agent.principal))
                agent.is_made = True
            return agent.guest.invoke(call.method, call.data, agent_parts.to_golem(call.principal))
        except ValueError as error:
            return agents.RpcErrorProtocolError(str(error))
        except (Exception, AgentTrap, Trap) as error:  # noqa: BLE001 - a failure is an outcome
            self._fakes._trap = None  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - of this agent, not of all
            agent.failure = str(error) if isinstance(error, AgentTrap) else "".join(traceback.format_exception(error))
            failure = agents.RpcErrorRemoteInternalError(agent.failure)
            failure.__cause__ = error.__cause__ if isinstance(error, AgentTrap) else error
            return failure

    def _invoke_and_await(self, rpc: Any, method: str, data: core.DataValue) -> core.DataValue:
        call = self._enqueue(rpc.agent, method, data, self._caller())
        self._scheduler.wait([call.done])
        assert call.outcome is not None
        if isinstance(call.outcome, Exception):
            raise call.outcome
        return call.outcome

    def _invoke(self, rpc: Any, method: str, data: core.DataValue) -> None:
        self._enqueue(rpc.agent, method, data, self._caller())

    def _begin(self, rpc: Any, method: str, data: core.DataValue) -> Any:
        made = self._fakes.golem_agent_host.FutureInvokeResult()
        made.call = self._enqueue(rpc.agent, method, data, self._caller())
        return made

    def _get(self, future: Any) -> Ok[core.DataValue] | Err[Any] | None:
        call: _Call = future.call
        if not self._scheduler.is_ready(call.done):
            return None
        if call.outcome is None or isinstance(call.outcome, Exception):
            return Err(call.outcome or agents.RpcErrorProtocolError("Invocation cancelled"))
        return Ok(call.outcome)

    def _cancel(self, future: Any) -> None:
        call: _Call = future.call
        if call.outcome is None:
            call.is_cancelled = True
            call.done.set()

    def _subscribe(self, future: Any) -> Any:
        return following(self._fakes, future.call.done)

    def _schedule(self, rpc: Any, when: Any, method: str, data: core.DataValue) -> Any:
        token = self._fakes.golem_agent_host.CancellationToken()
        token.is_cancelled = False
        seconds = when.seconds + when.nanoseconds / _SECOND - self._scheduler.time_ns() / _SECOND

        def due() -> None:
            if not token.is_cancelled:
                self._enqueue(rpc.agent, method, data, AnonymousPrincipal())

        self._scheduler.at(self._scheduler.monotonic() + seconds, due)
        return token

    def _schedule_only(self, rpc: Any, when: Any, method: str, data: core.DataValue) -> None:
        self._schedule(rpc, when, method, data)

    # ---- What agents ask

    def _config_value(self, path: list[str], expected: core.WitType) -> core.WitValue:
        agent = self._current()
        name = "" if agent is None else agent.definition.name
        leaf = next((each for each in (agent.definition.config if agent else ()) if each.path == tuple(path)), None)
        if agent is None or leaf is None:
            raise LookupError(f"`{name}` declares no configuration `{'.'.join(path)}`")
        if to_wit_type(leaf.schema) != expected:
            raise TypeError(f"the configuration `{'.'.join(path)}` is not of the expected type")
        if leaf.path in agent.config:
            return agent.config[leaf.path].value
        value = self._config.get(name, {}).get(leaf.path)
        if value is None and not isinstance(leaf.schema, OptionSchema):
            raise LookupError(f"`{name}` has no value for `{'.'.join(path)}`: witgen_agents.configure({name}, …)")
        return to_wit_value(leaf.schema, value)

    def _trap(self, reason: str) -> None:
        raise AgentTrap(reason)

    def _new_key(self) -> UUID:
        agent = self._current()
        call = None if agent is None else agent.running
        if call is None:
            self._keys += 1
            return uuid5(self._outside, str(self._keys))
        call.keys += 1
        return uuid5(call.key, str(call.keys))

    def _types(self) -> list[common.RegisteredAgentType]:
        found = {each.name: each for each in definitions()} | self._known
        return [self._registered(each) for each in found.values()]

    def _type(self, name: str) -> common.RegisteredAgentType | None:
        try:
            return self._registered(self.definition(name))
        except LookupError:
            return None

    def _registered(self, definition: AgentDefinition) -> common.RegisteredAgentType:
        component = core.ComponentId(from_uuid(COMPONENT))
        return common.RegisteredAgentType(agent_types.agent_type(definition), component)

    def _make_id(self, name: str, data: core.DataValue, phantom: core.Uuid | None) -> str:
        return self._agent(name, data, phantom, {}).id

    def _parse_id(self, text: str) -> tuple[str, core.DataValue, core.Uuid | None]:
        agent = self._agents.get(text)
        if agent is None:
            raise common.AgentErrorInvalidAgentId(text)
        return agent.definition.name, agent.data, None if agent.phantom is None else from_uuid(agent.phantom)

    def _ready(self, pollable: Pollable) -> bool:
        # A loop that only looks must not keep the others from running.
        self._scheduler.settle()
        return self._scheduler.is_ready(pollable)

    def _block(self, pollable: Pollable) -> None:
        self._scheduler.wait([pollable])

    def install(self) -> None:
        """Let the fakes answer by this host, unless a test scripts them."""
        host, rpc = self._fakes.golem_agent_host, self._fakes.golem_agent_host.WasmRpc
        rpc.constructor.answers(self._create)
        rpc.invoke_and_await.answers(self._invoke_and_await)
        rpc.invoke.answers(self._invoke)
        rpc.async_invoke_and_await.answers(self._begin)
        rpc.schedule_invocation.answers(self._schedule_only)
        rpc.schedule_cancelable_invocation.answers(self._schedule)
        host.FutureInvokeResult.subscribe.answers(self._subscribe)
        host.FutureInvokeResult.get.answers(self._get)
        host.FutureInvokeResult.cancel.answers(self._cancel)
        host.CancellationToken.cancel.answers(lambda token: setattr(token, "is_cancelled", True))
        host.get_config_value.answers(self._config_value)
        host.get_all_agent_types.answers(self._types)
        host.get_agent_type.answers(self._type)
        host.make_agent_id.answers(self._make_id)
        host.parse_agent_id.answers(self._parse_id)
        host.create_webhook.answers(lambda promise: f"http://localhost/webhooks/{promise.oplog_idx}")
        poll = self._fakes.wasi_io_poll
        poll.poll.answers(self._scheduler.wait)
        poll.Pollable.ready.answers(self._ready)
        poll.Pollable.block.answers(self._block)
        self._fakes.golem_api_host.trap.answers(self._trap)
        self._fakes.golem_api_host.generate_idempotency_key.answers(lambda: from_uuid(self._new_key()))
        Promises(self._fakes, self._name).install()
        install_defaults(self._fakes)


def _flat(given: Mapping[str, Any], path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    found: list[tuple[tuple[str, ...], Any]] = []
    for name, value in given.items():
        if isinstance(value, dict):
            found += _flat(cast("dict[str, Any]", value), (*path, name))
        else:
            found.append(((*path, name), value))
    return found


class _environment:  # noqa: N801 - reads as a function
    """Set the environment that Golem gives to an agent."""

    def __init__(self, agent_id: str) -> None:
        self._id = agent_id
        self._before: str | None = None

    def __enter__(self) -> None:
        self._before = os.environ.get("GOLEM_AGENT_ID")
        os.environ["GOLEM_AGENT_ID"] = self._id

    def __exit__(self, *_: object) -> None:
        if self._before is None:
            del os.environ["GOLEM_AGENT_ID"]
        else:
            os.environ["GOLEM_AGENT_ID"] = self._before
