"""`golem:agent/host` for one agent: other agents, ids, types, webhooks and configuration."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from witgen_runtime.host import HostError
from witgen_runtime.values import Err, Ok

from ..._bindings.host.wasi_io_poll import Pollable
from ..._bindings.types.wasi_clocks_wall_clock import Datetime
from ...agents._bindings.host.golem_agent_host import CancellationToken, FutureInvokeResult, Host, WasmRpc
from ...agents._bindings.types import golem_agent_common as common
from ...agents._bindings.types import golem_agent_host as api
from ...agents._bindings.types import golem_core_types as core
from ...agents.definitions import AgentDefinition
from ...agents.errors import AgentError, AgentIdError
from ...agents.ids import AgentId, agent_id, parse_agent_id
from ...agents.json_form import to_json
from ...agents.types import to_type
from ...composition import AGENT_FIELD
from ...services.clocks import to_nanoseconds
from ...witvalue import from_wit_value
from ..agents import INVOKE, Agents, invocation, outcome_of
from ..errors import RefusedError, StateError, WorkerError
from ..oplog.codec import Encoded
from ..storage.tables import Invocation
from .agent_api import agent_id_of, to_core_uuid
from .agent_config import AgentConfig
from .identity import to_uuid

if TYPE_CHECKING:
    from ..roles import CallableWorker, LoadedWorker

__all__ = ["agent_host", "implementations"]


class _WasmRpc(WasmRpc):
    session: ClassVar[LoadedWorker]
    future: ClassVar[type[_FutureInvokeResult]]
    token: ClassVar[type[_CancellationToken]]

    def __init__(
        self,
        agent_type_name: str,
        constructor: core.DataValue,
        phantom_id: core.Uuid | None,
        agent_config: list[common.TypedAgentConfigValue],
    ) -> None:
        agents = Agents(self.session.executor)
        found = agents.find_type(agent_type_name)
        if found is None:
            raise RefusedError(f"there is no agent type `{agent_type_name}`")
        component, self._definition = found
        target = _target(self._definition, constructor, phantom_id)
        caller = self.session.record
        if (component, target.text) == (caller.component, caller.name):
            raise RefusedError(f"{target.text} calls itself, and would wait for itself forever")
        env = tuple(pair for pair in caller.env if not pair[0].startswith("GOLEM_"))
        config = tuple(map(_config, agent_config))
        self._worker: CallableWorker = agents.find_or_create(
            component, self._definition, target, self._principal, config=config, env=env
        )
        self.session.executor.look()

    @property
    def _principal(self) -> common.Principal:
        caller = self.session.record
        return common.PrincipalAgent(common.AgentPrincipal(agent_id_of(caller.component, caller.name)))

    def invoke_and_await(self, method_name: str, input: core.DataValue) -> core.DataValue:
        executor, check = self.session.executor, self.session.check_if_started

        def ask(worker: CallableWorker, function: str, request: Encoded, key: str) -> Encoded:
            return executor.ask(worker, function, request, key, check)

        return self._call(ask, check, self._request(method_name, input), self.session.key_here())

    def invoke(self, method_name: str, input: core.DataValue) -> None:
        self._enqueue(time.time_ns(), self._request(method_name, input))

    def async_invoke_and_await(self, method_name: str, input: core.DataValue) -> FutureInvokeResult:
        key, executor = self.session.key_here(), self.session.executor
        try:
            request = self._request(method_name, input)
        except api.RpcError as error:
            failed: Future[core.DataValue] = Future()
            failed.set_exception(error)
            return self.future(failed)
        return self.future(executor.submit(lambda: self._call(executor.invoke, lambda: None, request, key)))

    def schedule_invocation(self, scheduled_time: Datetime, method_name: str, input: core.DataValue) -> None:
        self._schedule(scheduled_time, method_name, input)

    def schedule_cancelable_invocation(
        self, scheduled_time: Datetime, method_name: str, input: core.DataValue
    ) -> CancellationToken:
        invocation = self._schedule(scheduled_time, method_name, input)
        return self.token(invocation.worker, invocation.key)

    def _schedule(self, at: Datetime, method_name: str, data: core.DataValue) -> Invocation:
        try:
            request = self._request(method_name, data, common.PrincipalAnonymous())
        except api.RpcError as error:
            raise RefusedError(str(error)) from None
        return self._enqueue(to_nanoseconds(at), request)

    def _request(self, method_name: str, data: core.DataValue, principal: common.Principal | None = None) -> Encoded:
        """Return the request of a call, after checking it as Golem does before it calls an agent."""
        try:
            self._definition.method(method_name).takes.from_data(data)
        except AgentError as error:
            raise api.RpcErrorProtocolError(str(error)) from None
        return invocation(method_name, data, principal or self._principal)

    def _call(
        self,
        invoke: Callable[[CallableWorker, str, Encoded, str], Encoded],
        check: Callable[[], None],
        request: Encoded,
        key: UUID,
    ) -> core.DataValue:
        try:
            return outcome_of(invoke(self._worker, INVOKE, request, str(key)))
        except StateError:
            # The call may succeed the next time, so the failure must not be recorded.
            raise
        except (HostError, WorkerError) as error:
            # The caller's deadline may have passed: then its call ends without a record of this one.
            check()
            raise api.RpcErrorRemoteInternalError(str(error)) from error
        except Exception as error:
            check()
            raise api.RpcErrorRemoteInternalError(f"{type(error).__name__}: {error}") from error

    def _enqueue(self, due: int, request: Encoded) -> Invocation:
        invocation = Invocation(self._worker.number, str(self.session.key_here()), INVOKE, request, due)
        self.session.executor.enqueue(invocation)
        return invocation


def _target(definition: AgentDefinition, constructor: core.DataValue, phantom: core.Uuid | None) -> AgentId:
    try:
        values = definition.constructor.from_data(constructor)
        return agent_id(definition.name, definition.constructor, values, None if phantom is None else to_uuid(phantom))
    except AgentError as error:
        raise RefusedError(f"`{definition.name}`: {error}") from None


def _config(given: common.TypedAgentConfigValue) -> tuple[str, str]:
    type_ = to_type(given.value.typ)
    return ".".join(given.path), json.dumps(to_json(type_, from_wit_value(core, type_, given.value.value)))


class _FutureInvokeResult(FutureInvokeResult):
    def __init__(self, future: Future[core.DataValue]) -> None:
        self._future = future
        self._ready = Pollable()
        future.add_done_callback(lambda _: self._ready.set())

    def subscribe(self) -> Pollable:
        return self._ready

    def get(self) -> Ok[core.DataValue] | Err[api.RpcError] | None:
        if not self._future.done():
            return None
        if self._future.cancelled():
            return Err(api.RpcErrorProtocolError("Invocation cancelled"))
        try:
            return Ok(self._future.result())
        except api.RpcError as error:
            return Err(error)

    def cancel(self) -> None:
        # A call that has begun goes on.
        self._future.cancel()


class _CancellationToken(CancellationToken):
    session: ClassVar[LoadedWorker]

    def __init__(self, worker: int, key: str) -> None:
        self._worker = worker
        self._key = key

    def cancel(self) -> None:
        self.session.executor.records.settle(self._worker, self._key, "cancelled")


class _AgentHost(Host):
    def __init__(self, session: LoadedWorker) -> None:
        self._session = session
        self._agents = Agents(session.executor)
        self._config = AgentConfig(session)
        self.FutureInvokeResult: type[FutureInvokeResult] = _FutureInvokeResult
        token = type("CancellationToken", (_CancellationToken,), {"session": session})
        self.CancellationToken: type[CancellationToken] = token
        members = {"session": session, "future": _FutureInvokeResult, "token": token}
        self.WasmRpc: type[WasmRpc] = type("WasmRpc", (_WasmRpc,), members)

    def get_all_agent_types(self) -> list[common.RegisteredAgentType]:
        return [_registered(*each) for each in self._agents.types()]

    def get_agent_type(self, agent_type_name: str) -> common.RegisteredAgentType | None:
        found = self._agents.find_type(agent_type_name)
        return None if found is None else _registered(*found)

    def make_agent_id(self, agent_type_name: str, input: core.DataValue, phantom_id: core.Uuid | None) -> str:
        found = self._agents.find_type(agent_type_name)
        if found is None:
            raise common.AgentErrorInvalidType(agent_type_name)
        schema = found[1].constructor
        try:
            values = schema.from_data(input)
        except AgentError as error:
            raise common.AgentErrorInvalidInput(str(error)) from None
        try:
            return agent_id(agent_type_name, schema, values, None if phantom_id is None else to_uuid(phantom_id)).text
        except AgentIdError as error:
            raise RefusedError(str(error)) from None

    def parse_agent_id(self, agent_id: str) -> tuple[str, core.DataValue, core.Uuid | None]:
        record = self._session.record
        types = self._session.executor.program(record.component, record.version).agents
        try:
            found = parse_agent_id(agent_id, lambda name: types.find(name).constructor)
        except AgentError as error:
            raise common.AgentErrorInvalidAgentId(str(error)) from None
        data = types.find(found.type_name).constructor.to_data(found.parameters)
        return found.type_name, data, None if found.phantom is None else to_core_uuid(found.phantom)

    def create_webhook(self, promise_id: core.PromiseId) -> str:
        made = self._session.executor.webhook(self._session.record, promise_id.oplog_idx)
        if made is None:
            raise RefusedError(
                f"create-webhook: `{self._session.record.name.partition('(')[0]}` is not served over HTTP now; "
                "`witgen serve` serves it"
            )
        return made

    def get_config_value(self, key: list[str], expected_type: core.WitType) -> core.WitValue:
        return self._config.value(key, expected_type)


def _registered(component: UUID, definition: AgentDefinition) -> common.RegisteredAgentType:
    return common.RegisteredAgentType(definition.declared, core.ComponentId(to_core_uuid(component)))


def agent_host(session: LoadedWorker) -> Host:
    """Return the functions of `golem:agent/host`, which those of Golem's main branch call as well."""
    return _AgentHost(session)


def implementations(session: LoadedWorker) -> dict[str, Any]:
    """Return the implementations of the imports, by field; see `AGENT_FIELD`."""
    return {AGENT_FIELD.format("golem_agent_host"): agent_host(session)}
