"""Oplog entries of agents in the form of `golem:api/oplog` of Golem 1.5."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, cast
from uuid import UUID

from witgen_runtime import abi
from witgen_runtime.host.world import definition_of
from witgen_runtime.values import Ok

from ..._bindings.host import Services
from ...agents._bindings._abi import golem_agent_guest as guest
from ...agents._bindings.host import AgentServices
from ...agents._bindings.types import golem_agent_common as common
from ...agents._bindings.types import golem_api_host as api
from ...agents._bindings.types import golem_api_oplog as oplog
from ...agents._bindings.types import golem_core_types as core
from ...agents.definitions import AgentDefinition
from ...agents.errors import AgentError, AgentTypeError
from ...agents.types import to_wit_type
from ...services.clocks import from_nanoseconds
from ...witvalue import WitValueError, to_wit_value
from ..agents import LOCAL_USER, Agents
from ..durable import filesystem, polling, streams
from ..durable.calls import request_type
from ..errors import WorkerError
from ..oplog.codec import Encoded, Reference, decode, no_handle
from ..oplog.entries import BEGIN_FUNCTION, DROP_TRANSACTION, INVOKED, PRE_COMMIT, TASK_COMPLETED, Entry
from ..oplog.policy import interface_path, kind_of
from ..storage.tables import WorkerRecord
from .agent_api import agent_id_of, to_core_uuid

if TYPE_CHECKING:
    from ..roles import WorkerExecutor

__all__ = ["AgentHistory"]

_NOWHERE: Final = api.EnvironmentId(core.Uuid(0, 0))
_NO_TRACE: Final = "0" * 32
_PHANTOM: Final = re.compile(r"\[([0-9a-f-]{36})\]$")

_TIMES: Final[Mapping[str, Callable[[oplog.Timestamp], oplog.PublicOplogEntry]]] = {
    "no-op": oplog.PublicOplogEntryNoOp,
    TASK_COMPLETED: oplog.PublicOplogEntryNoOp,
    PRE_COMMIT: oplog.PublicOplogEntryNoOp,
    DROP_TRANSACTION: oplog.PublicOplogEntryNoOp,
    "interrupted": oplog.PublicOplogEntryInterrupted,
    "exited": oplog.PublicOplogEntryExited,
    "begin-atomic-region": oplog.PublicOplogEntryBeginAtomicRegion,
    BEGIN_FUNCTION: oplog.PublicOplogEntryBeginRemoteWrite,
}
"""Entries that contain only a time."""

_KINDS: Final[Mapping[str, Callable[[], oplog.WrappedFunctionType]]] = {
    "read-local": oplog.WrappedFunctionTypeReadLocal,
    "write-local": oplog.WrappedFunctionTypeWriteLocal,
    "read-remote": oplog.WrappedFunctionTypeReadRemote,
    "write-remote": oplog.WrappedFunctionTypeWriteRemote,
}


def _known() -> dict[str, abi.Function]:
    """Return the functions of the host by name, without the versions of their interfaces."""
    own = chain(polling.FUNCTIONS.values(), streams.FUNCTIONS.values(), filesystem.FUNCTIONS.values())
    worlds = (definition_of(Services), definition_of(AgentServices))
    imported = (
        (item.interface.name, function)
        for world in worlds
        for item in world.imports
        for function in item.interface.functions
    )
    return {f"{interface_path(interface)}#{function.name}": function for interface, function in chain(own, imported)}


_FUNCTIONS: Final = _known()


class AgentHistory:
    """View of the oplog of one agent."""

    def __init__(self, executor: WorkerExecutor, record: WorkerRecord) -> None:
        self._executor = executor
        self._record = record
        self._definition: AgentDefinition = Agents(executor).definition_of(record)

    def shown(self, entry: Entry) -> oplog.PublicOplogEntry:
        """Return an entry in WIT's form."""
        at = from_nanoseconds(entry.at)
        if entry.kind in _TIMES:
            return _TIMES[entry.kind](oplog.Timestamp(at))
        make = getattr(self, f"_{entry.kind.replace('-', '_')}", None)
        if make is None:
            raise WorkerError(f"entry {entry.position} is of a kind that this release does not know: {entry.kind}")
        return cast("oplog.PublicOplogEntry", make(at, entry))

    def _create(self, at: Any, entry: Entry) -> oplog.PublicOplogEntry:
        record, phantom = self._record, _PHANTOM.search(self._record.name)
        mode = oplog.AgentMode.EPHEMERAL if self._definition.is_ephemeral else oplog.AgentMode.DURABLE
        size = self._executor.records.versions(record.component)[entry.number].size
        owner = LOCAL_USER.value.account_id
        return oplog.PublicOplogEntryCreate(
            oplog.CreateParameters(
                at, agent_id_of(record.component, record.name), mode, entry.number, list(record.env), owner, _NOWHERE,
                None, size, 0, [], [], None if phantom is None else to_core_uuid(UUID(phantom[1])), core.Uuid(0, 0),
            )
        )  # fmt: skip

    # Calls of the agent

    def _exported_function_invoked(self, at: Any, entry: Entry) -> oplog.PublicOplogEntry:
        return oplog.PublicOplogEntryAgentInvocationStarted(
            oplog.AgentInvocationStartedParameters(at, self._invocation(entry))
        )

    def _invocation(self, entry: Entry) -> oplog.AgentInvocation:
        function = guest.INITIALIZE if entry.name.endswith("{initialize}") else guest.INVOKE
        if not entry.name.endswith(("{initialize}", "{invoke}")):
            return oplog.AgentInvocationSaveSnapshot()
        name, data, _ = self._arguments(function, entry)
        declared = self._definition.declared.constructor if function is guest.INITIALIZE else self._method(name)
        given = oplog.TypedDataValue(data, declared.input_schema)
        if function is guest.INITIALIZE:
            return oplog.AgentInvocationAgentInitialization(
                oplog.AgentInitializationParameters(entry.key, given, _NO_TRACE, [], [])
            )
        return oplog.AgentInvocationAgentMethodInvocation(
            oplog.AgentMethodInvocationParameters(entry.key, name, given, _NO_TRACE, [], [])
        )

    def _method(self, name: str) -> common.AgentMethod:
        try:
            return self._definition.method(name).declared
        except AgentError:
            # Another version of the component has had it.
            nothing = core.DataSchemaTuple([])
            return common.AgentMethod(name, "", [], None, nothing, nothing)

    def _exported_function_completed(self, at: Any, entry: Entry) -> oplog.PublicOplogEntry:
        nothing = oplog.TypedDataValue(core.DataValueTuple([]), core.DataSchemaTuple([]))
        output = oplog.AgentInvocationOutputParameters(nothing)
        result: oplog.AgentInvocationResult = oplog.AgentInvocationResultAgentInitialization(output)
        if entry.name.endswith("{invoke}") and entry.response is not None:
            returned = decode(guest.INVOKE.result, entry.response, no_handle)
            if isinstance(returned, Ok):
                schema = self._method(self._called_before(entry)).output_schema
                output = oplog.AgentInvocationOutputParameters(
                    oplog.TypedDataValue(cast("Any", returned).value, schema)
                )
            result = oplog.AgentInvocationResultAgentMethod(output)
        return oplog.PublicOplogEntryAgentInvocationFinished(
            oplog.AgentInvocationFinishedParameters(at, result, 0, self._record.version)
        )

    def _called_before(self, entry: Entry) -> str:
        """Return the name of the method that an entry ends the call of."""
        begun = self._executor.state.last(self._record.number, INVOKED, until=entry.position)
        return "" if begun is None else str(self._arguments(guest.INVOKE, begun)[0])

    # Calls of the host

    def _imported_function_invoked(self, at: Any, entry: Entry) -> oplog.PublicOplogEntry:
        interface, _, name = entry.name.partition("#")
        function = self._function(interface, name)
        if interface_path(interface) == "golem:api/retry" and function is not None:
            [argument] = self._arguments(function, entry)
            if name == "set-retry-policy":
                return oplog.PublicOplogEntrySetRetryPolicy(oplog.SetRetryPolicyParameters(at, argument))
            if name == "remove-retry-policy":
                return oplog.PublicOplogEntryRemoveRetryPolicy(oplog.RemoveRetryPolicyParameters(at, argument))
        params = None if function is None else request_type(function)
        kind = "write-remote" if function is None else kind_of(interface, function).value
        request = _typed(params, entry.request)
        response = _typed(None if function is None else function.result, entry.response)
        return oplog.PublicOplogEntryHostCall(
            oplog.HostCallParameters(at, entry.name, request, response, _KINDS[kind]())
        )

    _begin_remote_transaction = _imported_function_invoked
    _committed_remote_transaction = _imported_function_invoked
    _rolled_back_remote_transaction = _imported_function_invoked

    def _function(self, interface: str, name: str) -> abi.Function | None:
        """Return a function of the host; None for the main branch's own, whose values have no form in Golem 1.5."""
        path = interface_path(interface)
        is_foreign = self._definition.main is not None and path.startswith("golem:") and path != "golem:api/retry"
        return None if is_foreign else _FUNCTIONS.get(f"{path}#{name}")

    def _persisted_durable_function(self, at: Any, entry: Entry) -> oplog.PublicOplogEntry:
        if self._definition.main is not None:
            return self._imported_function_invoked(at, entry)
        function = _FUNCTIONS["golem:durability/durability#persist-durable-function-invocation"]
        name, request, response, kind = self._arguments(function, entry)
        return oplog.PublicOplogEntryHostCall(oplog.HostCallParameters(at, name, request, response, kind))

    def _end_durable_function(self, at: Any, entry: Entry) -> oplog.PublicOplogEntry:
        _, begin, _ = entry.about
        return oplog.PublicOplogEntryEndRemoteWrite(oplog.EndRemoteWriteParameters(at, begin))

    def _end_atomic_region(self, at: Any, entry: Entry) -> oplog.PublicOplogEntry:
        return oplog.PublicOplogEntryEndAtomicRegion(oplog.EndAtomicRegionParameters(at, entry.number))

    def _change_persistence_level(self, at: Any, entry: Entry) -> oplog.PublicOplogEntry:
        [level] = self._arguments(_FUNCTIONS["golem:api/host#set-oplog-persistence-level"], entry)
        return oplog.PublicOplogEntryChangePersistenceLevel(oplog.ChangePersistenceLevelParameters(at, level))

    # What happened to the agent

    def _error(self, at: Any, entry: Entry) -> oplog.PublicOplogEntry:
        return oplog.PublicOplogEntryError(
            oplog.ErrorParameters(at, entry.about, entry.position, inside_atomic_region=False, retry_policy_state=None)
        )

    def _jump(self, at: Any, entry: Entry) -> oplog.PublicOplogEntry:
        return oplog.PublicOplogEntryJump(oplog.JumpParameters(at, oplog.OplogRegion(*entry.about)))

    def _revert(self, at: Any, entry: Entry) -> oplog.PublicOplogEntry:
        return oplog.PublicOplogEntryRevert(oplog.RevertParameters(at, oplog.OplogRegion(*entry.about)))

    def _pending_update(self, at: Any, entry: Entry) -> oplog.PublicOplogEntry:
        target, mode = entry.about
        # The snapshot is taken when the update is made.
        later = oplog.UpdateDescriptionSnapshotBased(api.Snapshot(b"", "application/octet-stream"))
        how = oplog.UpdateDescriptionAutoUpdate() if mode == "automatic" else later
        return oplog.PublicOplogEntryPendingUpdate(oplog.PendingUpdateParameters(at, target, how))

    def _successful_update(self, at: Any, entry: Entry) -> oplog.PublicOplogEntry:
        size = self._executor.records.versions(self._record.component)[entry.number].size
        return oplog.PublicOplogEntrySuccessfulUpdate(oplog.SuccessfulUpdateParameters(at, entry.number, size, []))

    def _failed_update(self, at: Any, entry: Entry) -> oplog.PublicOplogEntry:
        return oplog.PublicOplogEntryFailedUpdate(oplog.FailedUpdateParameters(at, *entry.about))

    def _log(self, at: Any, entry: Entry) -> oplog.PublicOplogEntry:
        level, message = oplog.LogLevel[entry.name.upper()], entry.request.data.decode("utf-8", "replace")
        return oplog.PublicOplogEntryLog(oplog.LogParameters(at, level, "", message))

    def _arguments(self, function: abi.Function, entry: Entry) -> list[Any]:
        return list(decode(request_type(function), entry.request, no_handle))


def _typed(type_: abi.Type | None, encoded: Encoded | None) -> core.ValueAndType:
    """Return a recorded value with its type; as the oplog's JSON where Golem's types have no form of it."""
    try:
        if type_ is not None and encoded is not None:
            return core.ValueAndType(_nodes(type_, decode(type_, encoded, _reference)), to_wit_type(type_))
    except (AgentTypeError, WitValueError):
        pass  # it has handles, or types that Golem's cannot describe
    text = "" if encoded is None or type_ is None else encoded.text
    return core.ValueAndType(_nodes(abi.STRING, text), to_wit_type(abi.STRING))


def _nodes(type_: abi.Type, value: object) -> core.WitValue:
    nodes: core.WitValue = to_wit_value(core, type_, value)
    return nodes


def _reference(_: Any, reference: Reference) -> Reference:
    return reference
