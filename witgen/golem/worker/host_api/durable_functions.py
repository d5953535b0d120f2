"""`golem:durability/durability` for one worker: functions that a library of the component records by itself.

The entries of the calls are all that they leave; in replay, the recorder finds the results again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from witgen_runtime import abi
from witgen_runtime.host import Pollable

from ..._bindings._abi import golem_durability_durability as worker_abi
from ..._bindings.host import golem_durability_durability as workers
from ..._bindings.types import golem_durability_durability as worker_types
from ...agents._bindings._abi import golem_durability_durability as agent_abi
from ...agents._bindings.host import golem_durability_durability as agents
from ...agents._bindings.types import golem_durability_durability as agent_types
from ...composition import AGENT_FIELD
from ...services.clocks import from_nanoseconds
from ..durable.calls import request_type
from ..errors import RefusedError
from ..oplog.codec import decode, no_handle
from .agent_api import persistence_level as agent_level
from .host import persistence_level as worker_level

if TYPE_CHECKING:
    from ..roles import LoadedWorker

__all__ = ["implementations"]


class _Lazy:
    """One that cannot be made: most pollables are wasmtime's, which nothing in Python can follow."""

    def __init__(self) -> None:
        raise RefusedError("lazy-initialized-pollable: the local executor has none; wait for the pollable itself")

    def set(self, pollable: Pollable) -> None:
        raise NotImplementedError

    def subscribe(self) -> Pollable:
        raise NotImplementedError


class _WorkerLazy(_Lazy, workers.LazyInitializedPollable): ...


class _AgentLazy(_Lazy, agents.LazyInitializedPollable): ...


class _Functions:
    """What both generations have."""

    def __init__(self, session: LoadedWorker) -> None:
        self._session = session

    def observe_function_call(self, iface: str, function: str) -> None:
        del iface, function

    def begin_durable_function(self, function_type: object) -> int:
        del function_type
        return self._session.recorder.current

    def end_durable_function(self, function_type: object, begin_index: int, forced_commit: bool) -> None:  # noqa: FBT001 - WIT's
        del function_type, begin_index, forced_commit

    def persist_durable_function_invocation(
        self, function_name: str, request: object, response: object, function_type: object
    ) -> None:
        del function_name, request, response, function_type

    persist_typed_durable_function_invocation = persist_durable_function_invocation

    def _persisted(self, function: abi.Function) -> tuple[Any, str, Any, Any]:
        """Return the time, name, response and type of the next result, which a function has recorded."""
        entry = self._session.recorder.take_persisted()
        if entry.name.rpartition("#")[2] != function.name:
            raise RefusedError(f"entry {entry.position}, {entry.name}: only its counterpart reads what it has recorded")
        name, _, response, function_type = decode(request_type(function), entry.request, no_handle)
        return from_nanoseconds(entry.at), name, response, function_type


class _Workers(_Functions, workers.Durability):
    LazyInitializedPollable: type[workers.LazyInitializedPollable] = _WorkerLazy

    def current_durable_execution_state(self) -> worker_types.DurableExecutionState:
        recorder = self._session.recorder
        return worker_types.DurableExecutionState(not recorder.is_replaying, worker_level(recorder.level))

    def read_persisted_durable_function_invocation(self) -> worker_types.PersistedDurableFunctionInvocation:
        found = self._persisted(worker_abi.PERSIST_DURABLE_FUNCTION_INVOCATION)
        return worker_types.PersistedDurableFunctionInvocation(*found, worker_types.OplogEntryVersion.V1)

    def read_persisted_typed_durable_function_invocation(self) -> worker_types.PersistedTypedDurableFunctionInvocation:
        found = self._persisted(worker_abi.PERSIST_TYPED_DURABLE_FUNCTION_INVOCATION)
        return worker_types.PersistedTypedDurableFunctionInvocation(*found, worker_types.OplogEntryVersion.V2)


class _Agents(_Functions, agents.Durability):
    LazyInitializedPollable: type[agents.LazyInitializedPollable] = _AgentLazy

    def current_durable_execution_state(self) -> agent_types.DurableExecutionState:
        recorder = self._session.recorder
        return agent_types.DurableExecutionState(not recorder.is_replaying, agent_level(recorder.level))

    def read_persisted_durable_function_invocation(self) -> agent_types.PersistedDurableFunctionInvocation:
        found = self._persisted(agent_abi.PERSIST_DURABLE_FUNCTION_INVOCATION)
        return agent_types.PersistedDurableFunctionInvocation(*found, agent_types.OplogEntryVersion.V2)


_FIELD: Final = "golem_durability_durability"


def implementations(session: LoadedWorker) -> dict[str, Any]:
    """Return the implementations of the imports, by field: those of workers, and of agents (see `AGENT_FIELD`)."""
    return {_FIELD: _Workers(session), AGENT_FIELD.format(_FIELD): _Agents(session)}
