"""Oplog entries in the form of `golem:api/oplog`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from witgen_runtime import abi
from witgen_runtime.host.world import definition_of

from ..._bindings.host import Services
from ..._bindings.types import golem_api_oplog as oplog
from ..._bindings.types import golem_rpc_types as rpc
from ..._bindings.types.golem_api_host import AccountId, ProjectId
from ..._bindings.types.golem_rpc_types import ComponentId, Uuid, WitNodeTupleValue, WitValue, WorkerId
from ...services.clocks import from_nanoseconds
from ...witvalue import to_wit_value
from ..durable import filesystem, polling, streams
from ..durable.calls import request_type
from ..errors import WorkerError
from ..oplog.codec import Encoded, Reference, decode
from ..oplog.entries import BEGIN_FUNCTION, DROP_TRANSACTION, PRE_COMMIT, TASK_COMPLETED, Entry
from ..oplog.policy import Kind, kind_of
from ..program import Program
from ..storage.tables import WorkerRecord
from .identity import to_wit_uuid

if TYPE_CHECKING:
    from ..roles import WorkerExecutor

__all__ = ["History"]

_IMPORTED: Final = (
    {
        f"{item.interface.name}#{function.name}": (item.interface.name, function)
        for item in definition_of(Services).imports
        for function in item.interface.functions
    }
    | polling.FUNCTIONS
    | streams.FUNCTIONS
    | filesystem.FUNCTIONS
)

_KINDS: Final[dict[Kind, Callable[[], oplog.WrappedFunctionType]]] = {
    Kind.READ_LOCAL: oplog.WrappedFunctionTypeReadLocal,
    Kind.WRITE_LOCAL: oplog.WrappedFunctionTypeWriteLocal,
    Kind.READ_REMOTE: oplog.WrappedFunctionTypeReadRemote,
    Kind.WRITE_REMOTE: oplog.WrappedFunctionTypeWriteRemote,
}

_PLAIN: Final[dict[str, Callable[[Any], Any]]] = {
    "no-op": oplog.OplogEntryNoOp,
    TASK_COMPLETED: oplog.OplogEntryNoOp,
    PRE_COMMIT: oplog.OplogEntryNoOp,
    DROP_TRANSACTION: oplog.OplogEntryNoOp,
    "interrupted": oplog.OplogEntryInterrupted,
    "exited": oplog.OplogEntryExited,
    "begin-atomic-region": oplog.OplogEntryBeginAtomicRegion,
    BEGIN_FUNCTION: oplog.OplogEntryBeginRemoteWrite,
}
"""Entries that contain only a time."""


class History:
    """View of the oplog of one worker."""

    def __init__(self, executor: WorkerExecutor, record: WorkerRecord) -> None:
        self._executor = executor
        self._record = record
        self._program: Program = executor.program(record.component, record.version)
        self._self = WorkerId(ComponentId(to_wit_uuid(record.component)), record.name)
        name = executor.records.versions(record.component)[0].name
        self._uri = f"urn:worker:{name}/{record.name}"

    def shown(self, entry: Entry) -> oplog.OplogEntry:
        """Return an entry in WIT's form."""
        at = from_nanoseconds(entry.at)
        if entry.kind in _PLAIN:
            made: oplog.OplogEntry = _PLAIN[entry.kind](at)
            return made
        make = getattr(self, f"_{entry.kind.replace('-', '_')}", None)
        if make is None:
            raise WorkerError(f"entry {entry.position} is of a kind that this release does not know: {entry.kind}")
        shown: oplog.OplogEntry = make(at, entry)
        return shown

    def _value(self, type_: abi.Type | None, encoded: Encoded | None) -> WitValue:
        """Return a recorded value as nodes: no nodes if the call has not ended, the empty tuple for no result."""
        if encoded is None:
            return WitValue([])
        if type_ is None:
            return WitValue([WitNodeTupleValue([])])
        value = decode(type_, encoded, _reference)
        made: WitValue = to_wit_value(rpc, type_, value, self._handle)
        return made

    def _handle(self, reference: Reference) -> tuple[str, int]:
        return self._uri, reference.number

    def _create(self, at: Any, entry: Entry) -> oplog.OplogEntry:
        version = entry.number
        record, none = self._record, Uuid(0, 0)
        size = self._executor.records.versions(record.component)[version].size
        return oplog.OplogEntryCreate(
            oplog.CreateParameters(
                at, self._self, version, list(record.args), list(record.env), AccountId("local"), ProjectId(none),
                None, size, 0, [],
            )
        )  # fmt: skip

    def _imported_function_invoked(self, at: Any, entry: Entry) -> oplog.OplogEntry:
        interface, function = _IMPORTED[entry.name]
        response = self._value(function.result, entry.response)
        kind = _KINDS[kind_of(interface, function)]()
        request = self._value(request_type(function), entry.request)
        return oplog.OplogEntryImportedFunctionInvoked(
            oplog.ImportedFunctionInvokedParameters(at, entry.name, request, response, kind)
        )

    # What a library has recorded is shown as the call that recorded it.
    _persisted_durable_function = _imported_function_invoked

    def _end_durable_function(self, at: Any, entry: Entry) -> oplog.OplogEntry:
        _, begin, _ = entry.about
        return oplog.OplogEntryEndRemoteWrite(oplog.EndRemoteWriteParameters(at, begin))

    def _exported_function_invoked(self, at: Any, entry: Entry) -> oplog.OplogEntry:
        export = self._program.find_called(entry.name)
        arguments = export.arguments(entry.request)
        values = [
            to_wit_value(rpc, param.type, each, self._handle)
            for param, each in zip(export.function.params, arguments, strict=True)
        ]
        return oplog.OplogEntryExportedFunctionInvoked(
            oplog.ExportedFunctionInvokedParameters(at, entry.name, values, entry.key, "0" * 32, [], [])
        )

    def _exported_function_completed(self, at: Any, entry: Entry) -> oplog.OplogEntry:
        export = self._program.find_called(entry.name)
        declared, response = export.function.result, entry.response
        value = (
            None
            if declared is None or response is None
            else to_wit_value(rpc, declared, export.result(response), self._handle)
        )
        return oplog.OplogEntryExportedFunctionCompleted(oplog.ExportedFunctionCompletedParameters(at, value, 0))

    def _error(self, at: Any, entry: Entry) -> oplog.OplogEntry:
        return oplog.OplogEntryError(oplog.ErrorParameters(at, entry.about))

    def _jump(self, at: Any, entry: Entry) -> oplog.OplogEntry:
        return oplog.OplogEntryJump(oplog.JumpParameters(at, *entry.about))

    def _revert(self, at: Any, entry: Entry) -> oplog.OplogEntry:
        return oplog.OplogEntryRevert(oplog.RevertParameters(at, *entry.about))

    def _change_retry_policy(self, at: Any, entry: Entry) -> oplog.OplogEntry:
        [policy] = self._arguments(entry)
        return oplog.OplogEntryChangeRetryPolicy(oplog.ChangeRetryPolicyParameters(at, policy))

    def _change_persistence_level(self, at: Any, entry: Entry) -> oplog.OplogEntry:
        [level] = self._arguments(entry)
        return oplog.OplogEntryChangePersistenceLevel(oplog.ChangePersistenceLevelParameters(at, level))

    def _end_atomic_region(self, at: Any, entry: Entry) -> oplog.OplogEntry:
        return oplog.OplogEntryEndAtomicRegion(oplog.EndAtomicRegionParameters(at, *self._arguments(entry)))

    def _pending_update(self, at: Any, entry: Entry) -> oplog.OplogEntry:
        target, mode = entry.about
        # The snapshot is taken when the update is made.
        how = oplog.UpdateDescriptionAutoUpdate() if mode == "automatic" else oplog.UpdateDescriptionSnapshotBased(b"")
        return oplog.OplogEntryPendingUpdate(oplog.PendingUpdateParameters(at, target, how))

    def _successful_update(self, at: Any, entry: Entry) -> oplog.OplogEntry:
        target = entry.number
        size = self._executor.records.versions(self._record.component)[target].size
        return oplog.OplogEntrySuccessfulUpdate(oplog.SuccessfulUpdateParameters(at, target, size, []))

    def _failed_update(self, at: Any, entry: Entry) -> oplog.OplogEntry:
        target, details = entry.about
        return oplog.OplogEntryFailedUpdate(oplog.FailedUpdateParameters(at, target, details))

    def _log(self, at: Any, entry: Entry) -> oplog.OplogEntry:
        level, message = oplog.LogLevel[entry.name.upper()], entry.request.data.decode("utf-8", "replace")
        return oplog.OplogEntryLog(oplog.LogParameters(at, level, "", message))

    def _arguments(self, entry: Entry) -> list[Any]:
        _, function = _IMPORTED[entry.name]
        return list(decode(request_type(function), entry.request, _reference))


def _reference(_: Any, reference: Reference) -> Reference:
    return reference
