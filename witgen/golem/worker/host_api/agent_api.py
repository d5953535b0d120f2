"""`golem:api/host` and `golem:core/types` of Golem 1.5 for one agent: as workers have them, in the words of agents."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn
from uuid import UUID

from witgen_runtime import abi
from witgen_runtime.values import Ok

from ..._bindings._abi import golem_api_host as worker_abi
from ..._bindings.host.wasi_io_poll import Pollable
from ..._bindings.types import golem_api_host as workers
from ..._bindings.types import golem_rpc_types as rpc
from ...agents._bindings._abi import golem_api_host as agent_abi
from ...agents._bindings.host.golem_api_host import GetAgents, GetPromiseResult, Host
from ...agents._bindings.host.golem_core_types import Types
from ...agents._bindings.types import golem_api_host as api
from ...agents._bindings.types import golem_core_types as core
from ...agents.main._bindings._abi import golem_api_host as main_abi
from ...agents.main._bindings.types import golem_api_host as main_api
from ...agents.main._bindings.types import golem_core_types as main_core
from ...composition import AGENT_FIELD
from ...fitting import converted
from ...services.waiting import look
from ..errors import RefusedError, TrappedError
from ..oplog.codec import encode, no_handle
from ..storage.tables import WorkerRecord
from .host import host_functions, metadata_of
from .identity import to_uuid

if TYPE_CHECKING:
    from ..roles import LoadedWorker

__all__ = ["PromiseWaits", "agent_id_of", "halves", "implementations", "persistence_level", "to_core_uuid"]

_PAGE: Final = 50

_LEVELS: Final[dict[str, Callable[[], api.PersistenceLevel]]] = {
    "persist-nothing": api.PersistenceLevelPersistNothing,
    "persist-remote-side-effects": api.PersistenceLevelPersistRemoteSideEffects,
    "smart": api.PersistenceLevelSmart,
}


def persistence_level(level: str) -> api.PersistenceLevel:
    """Return a persistence level in WIT's form."""
    return _LEVELS[level]()


def to_core_uuid(uuid: UUID) -> core.Uuid:
    """Return a Python UUID as a UUID of `golem:core`."""
    return core.Uuid(*halves(uuid))


def halves(uuid: UUID) -> tuple[int, int]:
    """Return both halves of a UUID."""
    return uuid.int >> 64, uuid.int & (1 << 64) - 1


def agent_id_of(component: UUID, name: str) -> core.AgentId:
    """Return the id of an agent."""
    return core.AgentId(core.ComponentId(to_core_uuid(component)), name)


def _worker_id(agent_id: core.AgentId) -> rpc.WorkerId:
    uuid = agent_id.component_id.uuid
    return rpc.WorkerId(rpc.ComponentId(rpc.Uuid(uuid.high_bits, uuid.low_bits)), agent_id.agent_id)


def _worker_promise(promise_id: core.PromiseId) -> workers.PromiseId:
    return workers.PromiseId(_worker_id(promise_id.agent_id), promise_id.oplog_idx)


def _metadata(record: WorkerRecord) -> api.AgentMetadata:
    found = metadata_of(record)
    return api.AgentMetadata(
        agent_id_of(record.component, record.name),
        found.args,
        found.env,
        found.wasi_config_vars,
        api.AgentStatus[found.status.name],
        found.component_version,
        found.retry_count,
        api.EnvironmentId(core.Uuid(0, 0)),
    )


class PromiseWaits:
    """The promises that a session's agent waits for, through pollables."""

    def __init__(self, session: LoadedWorker) -> None:
        self._session = session
        self._awaited: list[Pollable] = []

    def subscribe(self, number: int, position: int) -> Pollable:
        """Return a pollable that is ready when a promise is completed."""
        made = Pollable()
        self._awaited.append(made)
        self._session.executor.promises.watch(number, position, made.set)
        return made

    def waiting(self) -> AbstractContextManager[None]:
        """Return a context in which the agent waits: it is suspended, if it waits for a promise."""
        self._awaited = [each for each in self._awaited if not each.is_set()]
        return self.suspended() if self._awaited else nullcontext()

    @contextmanager
    def suspended(self) -> Generator[None]:
        """Return a context in which the agent waits for a promise."""
        executor, number = self._session.executor, self._session.record.number
        executor.records.set_status(number, "suspended")
        try:
            with executor.promises.counted():
                yield
        finally:
            executor.records.set_status(number, "running")


class _GetAgents(GetAgents):
    session: ClassVar[LoadedWorker]

    def __init__(self, component_id: core.ComponentId, filter: api.AgentAnyFilter | None, precise: bool) -> None:  # noqa: FBT001 - WIT's
        wanted = None if filter is None else converted(_AGENT_FILTER, _WORKER_FILTER, filter)
        self._inner = host_functions(self.session).GetWorkers(
            rpc.ComponentId(rpc.Uuid(component_id.uuid.high_bits, component_id.uuid.low_bits)), wanted, precise
        )

    def get_next(self) -> list[api.AgentMetadata] | None:
        found = self._inner.get_next()
        records = self.session.executor.records
        if found is None:
            return None
        named = [(to_uuid(each.worker_id.component_id.uuid), each.worker_id.worker_name) for each in found]
        known = [records.worker(*each) for each in named]
        return [_metadata(record) for record in known if record is not None]

    main_get_next = get_next


def _listed(filters: abi.Record, element: abi.Type) -> abi.Record:
    [field] = filters.fields
    return replace(filters, fields=(replace(field, type=abi.List(element)),))


_AGENT_FILTER: Final = agent_abi.AGENT_ANY_FILTER
_PROPERTY: Final = replace(
    worker_abi.WORKER_PROPERTY_FILTER,
    cases=tuple(
        replace(case, name="config") if case.name == "wasi-config-vars" else case
        for case in worker_abi.WORKER_PROPERTY_FILTER.cases
    ),
)
_WORKER_FILTER: Final = _listed(worker_abi.WORKER_ANY_FILTER, _listed(worker_abi.WORKER_ALL_FILTER, _PROPERTY))


class _GetPromiseResult(GetPromiseResult):
    waits: ClassVar[PromiseWaits]
    session: ClassVar[LoadedWorker]

    def __init__(self, number: int, position: int) -> None:
        self._number = number
        self._position = position

    def subscribe(self) -> Pollable:
        return self.waits.subscribe(self._number, self._position)

    def get(self) -> bytes | None:
        return self.session.executor.promises.poll(self._number, self._position)

    def main_get(self) -> bytes:
        with self.waits.suspended():
            return self.session.executor.promises.wait(self._number, self._position, look)


class _AgentHost(Host):
    """Functions of workers, with ids of agents."""

    def __init__(self, session: LoadedWorker, waits: PromiseWaits) -> None:
        self._session = session
        self._records = session.executor.records
        self._workers = host_functions(session)
        self.GetAgents: type[GetAgents] = type("GetAgents", (_GetAgents,), {"session": session})
        members = {"session": session, "waits": waits}
        self._promise: type[_GetPromiseResult] = type("GetPromiseResult", (_GetPromiseResult,), members)
        self.GetPromiseResult: type[GetPromiseResult] = self._promise

    # Promises

    def create_promise(self) -> core.PromiseId:
        made = self._workers.create_promise()
        return core.PromiseId(agent_id_of(self._session.record.component, self._session.record.name), made.oplog_idx)

    def get_promise(self, promise_id: core.PromiseId) -> GetPromiseResult:
        found = self._record(promise_id.agent_id)
        if found.number != self._session.record.number:
            raise RefusedError("get-promise: only the agent that has created a promise can wait for it")
        self._session.executor.promises.poll(found.number, promise_id.oplog_idx)
        return self._promise(found.number, promise_id.oplog_idx)

    def complete_promise(self, promise_id: core.PromiseId, data: bytes) -> bool:
        return self._workers.complete_promise(_worker_promise(promise_id), data)

    # The oplog

    def get_oplog_index(self) -> int:
        return self._workers.get_oplog_index()

    def set_oplog_index(self, oplog_idx: int) -> None:
        self._workers.set_oplog_index(oplog_idx)

    def oplog_commit(self, replicas: int) -> None:
        self._workers.oplog_commit(replicas)

    def mark_begin_operation(self) -> int:
        return self._workers.mark_begin_operation()

    def mark_end_operation(self, begin: int) -> None:
        self._workers.mark_end_operation(begin)

    def trap(self, reason: str) -> NoReturn:
        raise TrappedError(reason)

    # Settings. The session applies the entries that change them.

    def get_oplog_persistence_level(self) -> api.PersistenceLevel:
        return persistence_level(self._session.recorder.level)

    def set_oplog_persistence_level(self, new_persistence_level: api.PersistenceLevel) -> None:
        del new_persistence_level

    def get_idempotence_mode(self) -> bool:
        return self._workers.get_idempotence_mode()

    def set_idempotence_mode(self, idempotent: bool) -> None:  # noqa: FBT001 - WIT's
        del idempotent

    def generate_idempotency_key(self) -> core.Uuid:
        return to_core_uuid(self._session.key_here())

    # Agents and components

    def update_agent(self, agent_id: core.AgentId, target_revision: int, mode: api.UpdateMode) -> None:
        self._workers.update_worker(_worker_id(agent_id), target_revision, workers.UpdateMode[mode.name])

    def get_self_metadata(self) -> api.AgentMetadata:
        return _metadata(self._records.numbered(self._session.record.number))

    def get_agent_metadata(self, agent_id: core.AgentId) -> api.AgentMetadata | None:
        found = self._found(agent_id)
        return None if found is None else _metadata(found)

    def fork_agent(self, source_agent_id: core.AgentId, target_agent_id: core.AgentId, oplog_idx_cut_off: int) -> None:
        self._workers.fork_worker(_worker_id(source_agent_id), _worker_id(target_agent_id), oplog_idx_cut_off)

    def revert_agent(self, agent_id: core.AgentId, revert_target: api.RevertAgentTarget) -> None:
        target: workers.RevertWorkerTarget
        if isinstance(revert_target, api.RevertAgentTargetRevertLastInvocations):
            target = workers.RevertWorkerTargetRevertLastInvocations(revert_target.value)
        else:
            target = workers.RevertWorkerTargetRevertToOplogIndex(revert_target.value)
        self._workers.revert_worker(_worker_id(agent_id), target)

    def resolve_component_id(self, component_reference: str) -> core.ComponentId | None:
        found = self._workers.resolve_component_id(component_reference)
        return None if found is None else core.ComponentId(core.Uuid(found.uuid.high_bits, found.uuid.low_bits))

    def resolve_agent_id(self, component_reference: str, agent_name: str) -> core.AgentId | None:
        component = self.resolve_component_id(component_reference)
        return None if component is None else core.AgentId(component, agent_name)

    def resolve_agent_id_strict(self, component_reference: str, agent_name: str) -> core.AgentId | None:
        found = self.resolve_agent_id(component_reference, agent_name)
        return found if found is not None and self._found(found) is not None else None

    def fork(self) -> api.ForkResult:
        details = api.ForkDetails(to_core_uuid(self._session.key_here()))
        self._fork(encode(agent_abi.FORK_RESULT, api.ForkResultForked(details), no_handle).text)
        return api.ForkResultOriginal(details)

    def _fork(self, answer: str) -> None:
        """Make a copy of this agent, which gets an answer to the current call."""
        record, phantom = self._session.record, self._session.key_here()
        base = record.name.rpartition("[")[0] if record.name.endswith("]") else record.name
        self._session.executor.fork(record, f"{base}[{phantom}]", self._session.recorder.current, answer=answer)

    # On Golem's main branch, these may fail for want of permissions.

    main_update_agent = update_agent
    main_get_self_metadata = get_self_metadata
    main_fork_agent = fork_agent
    main_revert_agent = revert_agent

    def main_fork(self) -> main_api.ForkResult:
        details = main_api.ForkDetails(main_core.Uuid(*halves(self._session.key_here())))
        self._fork(encode(main_abi.FORK.result, Ok(main_api.ForkResultForked(details)), no_handle).text)
        return main_api.ForkResultOriginal(details)

    def _found(self, agent_id: core.AgentId) -> WorkerRecord | None:
        return self._records.worker(to_uuid(agent_id.component_id.uuid), agent_id.agent_id)

    def _record(self, agent_id: core.AgentId) -> WorkerRecord:
        found = self._found(agent_id)
        if found is None:
            raise RefusedError(f"there is no agent {agent_id.agent_id}")
        return found


class _CoreTypes(Types):
    def parse_uuid(self, uuid: str) -> core.Uuid:
        try:
            return to_core_uuid(UUID(uuid))
        except ValueError as error:
            raise core.ParseUuidError(f"`{uuid}`: {error}") from None

    def uuid_to_string(self, uuid: core.Uuid) -> str:
        return str(to_uuid(uuid))


def implementations(session: LoadedWorker) -> dict[str, Any]:
    """Return the implementations of the imports, by field; see `AGENT_FIELD`."""
    waits = PromiseWaits(session)
    session.recorder.waiting = waits.waiting
    return {
        AGENT_FIELD.format("golem_api_host"): _AgentHost(session, waits),
        AGENT_FIELD.format("golem_core_types"): _CoreTypes(),
    }
