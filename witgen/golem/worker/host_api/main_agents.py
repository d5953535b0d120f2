"""`golem:agent/host` and `golem:core/types` of Golem's main branch for one agent: Golem 1.5's, in its words."""

# pyright: reportPrivateUsage=false
# ruff: noqa: SLF001
# Objects keep their state under names with an underscore, because WIT may use any other name for a method.

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from ..._bindings.types.wasi_clocks_wall_clock import Datetime
from ...agents._bindings.types import golem_agent_common as common
from ...agents._bindings.types import golem_agent_host as api
from ...agents._bindings.types import golem_core_types as core
from ...agents.definitions import AgentDefinition
from ...agents.errors import AgentError
from ...agents.main._bindings.host.golem_agent_host import CancellationToken, FutureInvokeResult, Host, WasmRpc
from ...agents.main._bindings.host.golem_core_types import PermissionCard, QuotaToken, Secret, Types
from ...agents.main._bindings.types import golem_agent_common as main_common
from ...agents.main._bindings.types import golem_agent_host as main_api
from ...agents.main._bindings.types import golem_core_types as main
from ...agents.main._bindings.types.wasi_clocks_system_clock import Instant
from ...agents.main.declarations import MainAgentType, graph_value, typed_value
from ...agents.main.graphs import Graph
from ...composition import MAIN_FIELD
from ...services.waiting import result_of
from ..agents import Agents
from ..errors import RefusedError
from .agent_api import halves
from .agents import agent_host
from .identity import to_uuid

if TYPE_CHECKING:
    from ..roles import LoadedWorker

__all__ = ["implementations"]

_ERRORS: dict[type[api.RpcError], Callable[[str], main_api.RpcError]] = {
    api.RpcErrorProtocolError: main_api.RpcErrorProtocolError,
    api.RpcErrorDenied: main_api.RpcErrorDenied,
    api.RpcErrorNotFound: main_api.RpcErrorNotFound,
    api.RpcErrorRemoteInternalError: main_api.RpcErrorRemoteInternalError,
}


@contextmanager
def _rpc_errors() -> Generator[None]:
    """Raise errors of calls in the words of the main branch."""
    try:
        yield
    except api.RpcError as error:
        value: Any = getattr(error, "value", "")
        raise _ERRORS.get(type(error), main_api.RpcErrorRemoteInternalError)(str(value)) from None
    except AgentError as error:
        raise main_api.RpcErrorProtocolError(str(error)) from None


def _main_type(definition: AgentDefinition) -> MainAgentType:
    if definition.main is None:
        raise RefusedError(
            f"`{definition.name}` is an agent of Golem 1.5, which agents of the main branch cannot call here: "
            "build its component for the main branch, too"
        )
    return definition.main


def _uuid(uuid: main.Uuid | None) -> core.Uuid | None:
    return None if uuid is None else core.Uuid(uuid.high_bits, uuid.low_bits)


class _WasmRpc(WasmRpc):
    session: ClassVar[LoadedWorker]
    host: ClassVar[Any]
    future: ClassVar[type[_FutureInvokeResult]]
    token: ClassVar[type[_CancellationToken]]

    def __init__(
        self,
        agent_type_name: str,
        constructor: main.SchemaValueTree,
        phantom_id: main.Uuid | None,
        agent_config: list[main_common.TypedAgentConfigValue],
    ) -> None:
        found = Agents(self.session.executor).find_type(agent_type_name)
        if found is None:
            raise RefusedError(f"there is no agent type `{agent_type_name}`")
        self._type = _main_type(found[1])
        try:
            data = self._type.data(None, constructor)
            config = [common.TypedAgentConfigValue(each.path, typed_value(each.value)) for each in agent_config]
        except AgentError as error:
            raise RefusedError(f"`{agent_type_name}`: {error}") from None
        self._inner = self.host.WasmRpc(agent_type_name, data, _uuid(phantom_id), config)

    def invoke_and_await(
        self, method_name: str, input: main.SchemaValueTree, scope_card: PermissionCard | None
    ) -> main_api.InvocationResultWithMetadata:
        del scope_card
        with _rpc_errors():
            data = self._inner.invoke_and_await(method_name, self._type.data(method_name, input))
            return main_api.InvocationResultWithMetadata(self._metadata(), self._type.result(method_name, data))

    def invoke(
        self, method_name: str, input: main.SchemaValueTree, scope_card: PermissionCard | None
    ) -> main_api.InvocationMetadata:
        del scope_card
        with _rpc_errors():
            self._inner.invoke(method_name, self._type.data(method_name, input))
        return self._metadata()

    def async_invoke_and_await(
        self, method_name: str, input: main.SchemaValueTree, scope_card: PermissionCard | None
    ) -> main_api.AsyncInvocationWithMetadata:
        del scope_card
        try:
            inner: Any = self._inner.async_invoke_and_await(method_name, self._type.data(method_name, input))
        except AgentError as error:
            inner = error
        return main_api.AsyncInvocationWithMetadata(self._metadata(), self.future(self._type, method_name, inner))

    def schedule_invocation(
        self, scheduled_time: Instant, method_name: str, input: main.SchemaValueTree, scope_card: PermissionCard | None
    ) -> main_api.ScheduledInvocationReceipt:
        self.schedule_cancelable_invocation(scheduled_time, method_name, input, scope_card)
        return main_api.ScheduledInvocationReceipt(self._metadata())

    def schedule_cancelable_invocation(
        self, scheduled_time: Instant, method_name: str, input: main.SchemaValueTree, scope_card: PermissionCard | None
    ) -> main_api.CancelableScheduledInvocationReceipt:
        del scope_card
        when = Datetime(max(scheduled_time.seconds, 0), scheduled_time.nanoseconds)
        with _rpc_errors():
            data = self._type.data(method_name, input)
            inner = self._inner.schedule_cancelable_invocation(when, method_name, data)
        return main_api.CancelableScheduledInvocationReceipt(self._metadata(), self.token(inner))

    def _metadata(self) -> main_api.InvocationMetadata:
        return main_api.InvocationMetadata(self._inner._worker.record.name, str(self.session.key_here()))


class _FutureInvokeResult(FutureInvokeResult):
    def __init__(self, agent: MainAgentType, method: str, inner: Any) -> None:
        self._type = agent
        self._method = method
        self._inner = inner

    def get(self) -> main.SchemaValueTree | None:
        with _rpc_errors():
            if isinstance(self._inner, AgentError):
                raise self._inner
            if self._inner._future.cancelled():
                raise main_api.RpcErrorProtocolError("Invocation cancelled")
            return self._type.result(self._method, result_of(self._inner._future))

    def cancel(self) -> None:
        if not isinstance(self._inner, AgentError):
            self._inner.cancel()


class _CancellationToken(CancellationToken):
    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def cancel(self) -> None:
        self._inner.cancel()


class _Host(Host):
    def __init__(self, session: LoadedWorker) -> None:
        self._session = session
        self._agents = Agents(session.executor)
        self._inner = agent_host(session)
        self.FutureInvokeResult: type[FutureInvokeResult] = _FutureInvokeResult
        self.CancellationToken: type[CancellationToken] = _CancellationToken
        members = {"session": session, "host": self._inner, "future": _FutureInvokeResult, "token": _CancellationToken}
        self.WasmRpc: type[WasmRpc] = type("WasmRpc", (_WasmRpc,), members)

    def get_all_agent_types(self) -> list[main_common.RegisteredAgentType]:
        return [_registered(*each) for each in self._agents.types() if each[1].main is not None]

    def get_agent_type(self, agent_type_name: str) -> main_common.RegisteredAgentType | None:
        found = self._agents.find_type(agent_type_name)
        return None if found is None else _registered(*found)

    def make_agent_id(self, agent_type_name: str, input: main.SchemaValueTree, phantom_id: main.Uuid | None) -> str:
        found = self._agents.find_type(agent_type_name)
        if found is None:
            raise main_common.AgentErrorInvalidType(agent_type_name)
        try:
            data = _main_type(found[1]).data(None, input)
        except AgentError as error:
            raise main_common.AgentErrorInvalidInput(str(error)) from None
        return self._inner.make_agent_id(agent_type_name, data, _uuid(phantom_id))

    def parse_agent_id(self, agent_id: str) -> tuple[str, main.TypedSchemaValue, main.Uuid | None]:
        try:
            name, data, phantom = self._inner.parse_agent_id(agent_id)
        except common.AgentErrorInvalidAgentId as error:
            raise main_common.AgentErrorInvalidAgentId(error.value) from None
        record = self._session.record
        agent = _main_type(self._session.executor.program(record.component, record.version).agents.find(name))
        # The type is the agent's graph, whose root says nothing about the parameters.
        value = main.TypedSchemaValue(agent.original.schema, agent.arguments(None, data))
        return name, value, None if phantom is None else main.Uuid(*halves(to_uuid(phantom)))

    def create_webhook(self, promise_id: main.PromiseId) -> str:
        owner = promise_id.agent_id
        uuid = core.Uuid(owner.component_id.uuid.high_bits, owner.component_id.uuid.low_bits)
        agent = core.AgentId(core.ComponentId(uuid), owner.agent_id)
        return self._inner.create_webhook(core.PromiseId(agent, promise_id.oplog_idx))

    def get_config_value(self, key: list[str], expected: main.SchemaGraph) -> main.SchemaValueTree:
        try:
            value = self._inner.get_config_value(key, Graph(expected).wit_type(expected.root))
            return graph_value(expected, value)
        except AgentError as error:
            raise RefusedError(f"config `{'.'.join(key)}`: {error}") from None


def _registered(component: UUID, definition: AgentDefinition) -> main_common.RegisteredAgentType:
    return main_common.RegisteredAgentType(
        _main_type(definition).original, main.ComponentId(main.Uuid(*halves(component)))
    )


class _CoreTypes(Types):
    """Nothing here makes secrets or permission cards; tokens of quotas are made by `golem:quota`."""

    QuotaToken: type[QuotaToken] = QuotaToken
    Secret: type[Secret] = Secret
    PermissionCard: type[PermissionCard] = PermissionCard

    def parse_uuid(self, uuid: str) -> main.Uuid:
        try:
            return main.Uuid(*halves(UUID(uuid)))
        except ValueError as error:
            raise main.ParseUuidError(f"`{uuid}`: {error}") from None

    def uuid_to_string(self, uuid: main.Uuid) -> str:
        return str(to_uuid(uuid))


def implementations(session: LoadedWorker) -> dict[str, Any]:
    """Return the implementations of the imports, by field; see `MAIN_FIELD`."""
    return {
        MAIN_FIELD.format("golem_agent_host"): _Host(session),
        MAIN_FIELD.format("golem_core_types"): _CoreTypes(),
    }
