"""`golem:api/host` for one worker."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Final

from ..._bindings.host.golem_api_host import GetWorkers, Host
from ..._bindings.types import golem_api_host as api
from ..._bindings.types.golem_rpc_types import ComponentId, Uuid, WorkerId
from ..errors import RefusedError
from ..storage.tables import WorkerRecord
from .identity import to_uuid, to_wit_uuid
from .worker_filters import fits

if TYPE_CHECKING:
    from ..roles import LoadedWorker

__all__ = ["host_functions", "implementations", "metadata_of", "persistence_level"]

_PAGE: Final = 50

_LEVELS: Final[dict[str, Callable[[], api.PersistenceLevel]]] = {
    "persist-nothing": api.PersistenceLevelPersistNothing,
    "persist-remote-side-effects": api.PersistenceLevelPersistRemoteSideEffects,
    "smart": api.PersistenceLevelSmart,
}


def persistence_level(level: str) -> api.PersistenceLevel:
    """Return a persistence level in WIT's form."""
    return _LEVELS[level]()


def metadata_of(record: WorkerRecord) -> api.WorkerMetadata:
    """Return the metadata of a worker."""
    return api.WorkerMetadata(
        WorkerId(ComponentId(to_wit_uuid(record.component)), record.name),
        list(record.args),
        list(record.env),
        list(record.config),
        api.WorkerStatus[record.status.upper()],
        record.version,
        record.retries,
    )


class _GetWorkers(GetWorkers):
    session: ClassVar[LoadedWorker]

    def __init__(self, component_id: ComponentId, filter: api.WorkerAnyFilter | None, precise: bool) -> None:  # noqa: FBT001 - WIT's
        # The state file is always exact, so a precise answer needs no extra work.
        del precise
        self._component = to_uuid(component_id.uuid)
        self._filter = filter
        self._after: int | None = 0

    def get_next(self) -> list[api.WorkerMetadata] | None:
        if self._after is None:
            return None
        page = self.session.executor.records.workers(self._component, after=self._after, limit=_PAGE)
        self._after = page[-1].number if len(page) == _PAGE else None
        found = [(metadata_of(record), record.created) for record in page]
        return [metadata for metadata, created in found if fits(metadata, created, self._filter)]


class _Host(Host):
    GetWorkers: type[GetWorkers]

    def __init__(self, session: LoadedWorker) -> None:
        self._session = session
        self._executor = session.executor
        self._records = session.executor.records
        self.GetWorkers = type("GetWorkers", (_GetWorkers,), {"session": session})

    # Promises

    def create_promise(self) -> api.PromiseId:
        position = self._session.recorder.current
        self._executor.promises.create(self._session.record.number, position)
        return api.PromiseId(self._session.worker_id, position)

    def await_promise(self, promise_id: api.PromiseId) -> bytes:
        number, position, own = self._number(promise_id.worker_id), promise_id.oplog_idx, self._session.record.number
        if (data := self._executor.promises.poll(number, position)) is not None:
            return data
        self._records.set_status(own, "suspended")
        data = self._executor.promises.wait(number, position, self._session.check)
        self._records.set_status(own, "running")
        return data

    def poll_promise(self, promise_id: api.PromiseId) -> bytes | None:
        return self._executor.promises.poll(self._number(promise_id.worker_id), promise_id.oplog_idx)

    def complete_promise(self, promise_id: api.PromiseId, data: bytes) -> bool:
        number = self._number(promise_id.worker_id)
        is_new = self._executor.promises.complete(number, promise_id.oplog_idx, data)
        # Always, because a process may have been killed between the two steps.
        self._executor.wake(number)
        return is_new

    def delete_promise(self, promise_id: api.PromiseId) -> None:
        self._executor.promises.delete(self._number(promise_id.worker_id), promise_id.oplog_idx)

    # The oplog

    def get_oplog_index(self) -> int:
        return self._session.recorder.current

    def set_oplog_index(self, oplog_idx: int) -> None:
        self._session.go_back(oplog_idx, "jump")

    def oplog_commit(self, replicas: int) -> None:
        # Everything recorded is already in the only copy, the state file.
        del replicas

    def mark_begin_operation(self) -> int:
        return self._session.recorder.current

    def mark_end_operation(self, begin: int) -> None:
        # The entry itself marks it.
        del begin

    # Settings. The session applies the entries that change them.

    def get_retry_policy(self) -> api.RetryPolicy:
        return self._session.policy

    def set_retry_policy(self, new_retry_policy: api.RetryPolicy) -> None:
        del new_retry_policy

    def get_oplog_persistence_level(self) -> api.PersistenceLevel:
        return persistence_level(self._session.recorder.level)

    def set_oplog_persistence_level(self, new_persistence_level: api.PersistenceLevel) -> None:
        del new_persistence_level

    def get_idempotence_mode(self) -> bool:
        return self._session.recorder.repeats

    def set_idempotence_mode(self, idempotent: bool) -> None:  # noqa: FBT001 - WIT's
        del idempotent

    def generate_idempotency_key(self) -> Uuid:
        return to_wit_uuid(self._session.key_here())

    # Workers and components

    def update_worker(self, worker_id: WorkerId, target_version: int, mode: api.UpdateMode) -> None:
        name = "automatic" if mode is api.UpdateMode.AUTOMATIC else "snapshot-based"
        self._executor.update(self._record(worker_id), target_version, name)

    def get_self_metadata(self) -> api.WorkerMetadata:
        return metadata_of(self._records.numbered(self._session.record.number))

    def get_worker_metadata(self, worker_id: WorkerId) -> api.WorkerMetadata | None:
        record = self._found(worker_id)
        return None if record is None else metadata_of(record)

    def fork_worker(self, source_worker_id: WorkerId, target_worker_id: WorkerId, oplog_idx_cut_off: int) -> None:
        target = to_uuid(target_worker_id.component_id.uuid)
        source = self._record(source_worker_id)
        if source.component != target:
            raise RefusedError("fork-worker: both workers have to be of the same component")
        self._executor.fork(source, target_worker_id.worker_name, oplog_idx_cut_off)

    def revert_worker(self, worker_id: WorkerId, revert_target: api.RevertWorkerTarget) -> None:
        record, target = self._record(worker_id), revert_target.value
        if isinstance(revert_target, api.RevertWorkerTargetRevertLastInvocations):
            last = self._executor.before_invocations(record.number, target)
        else:
            last = target
        if record.number == self._session.record.number:
            self._session.go_back(last, "revert")
        self._executor.revert(record, last)

    def resolve_component_id(self, component_reference: str) -> ComponentId | None:
        # An account and project before the name are those of this machine.
        found = self._records.component_named(component_reference.rpartition("/")[2])
        return None if found is None else ComponentId(to_wit_uuid(found))

    def resolve_worker_id(self, component_reference: str, worker_name: str) -> WorkerId | None:
        component = self.resolve_component_id(component_reference)
        return None if component is None else WorkerId(component, worker_name)

    def resolve_worker_id_strict(self, component_reference: str, worker_name: str) -> WorkerId | None:
        found = self.resolve_worker_id(component_reference, worker_name)
        return found if found is not None and self._found(found) is not None else None

    def fork(self, new_name: str) -> api.ForkResult:
        self._executor.fork(self._session.record, new_name, self._session.recorder.current, answer='"forked"')
        return api.ForkResult.ORIGINAL

    def _found(self, worker_id: WorkerId) -> WorkerRecord | None:
        return self._records.worker(to_uuid(worker_id.component_id.uuid), worker_id.worker_name)

    def _record(self, worker_id: WorkerId) -> WorkerRecord:
        found = self._found(worker_id)
        if found is None:
            raise RefusedError(f"there is no worker `{worker_id.worker_name}`")
        return found

    def _number(self, worker_id: WorkerId) -> int:
        return self._record(worker_id).number


def host_functions(session: LoadedWorker) -> Host:
    """Return the functions of `golem:api/host`, which those for agents call as well."""
    return _Host(session)


def implementations(session: LoadedWorker) -> dict[str, Any]:
    """Return the implementations of the imports, by field of the bindings' `ServicesImports`."""
    return {"golem_api_host": host_functions(session)}
