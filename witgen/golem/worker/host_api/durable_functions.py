"""`golem:durability/durability` for one agent: functions that a library of the component records by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from witgen_runtime import abi

from ...agents._bindings._abi import golem_durability_durability as functions
from ...agents._bindings.host.golem_durability_durability import Durability, LazyInitializedPollable, Pollable
from ...agents._bindings.types import golem_durability_durability as api
from ...composition import AGENT_FIELD
from ...services.clocks import from_nanoseconds
from ..errors import RefusedError, WorkerError
from ..oplog.codec import Reference, decode
from .agent_api import persistence_level

if TYPE_CHECKING:
    from ..roles import LoadedWorker

__all__ = ["implementations"]

_PERSIST: Final = abi.Tuple(tuple(each.type for each in functions.PERSIST_DURABLE_FUNCTION_INVOCATION.params))


class _LazyInitializedPollable(LazyInitializedPollable):
    """One that cannot be made: most pollables are wasmtime's, which nothing in Python can follow."""

    def __init__(self) -> None:
        raise RefusedError("lazy-initialized-pollable: the local executor has none; wait for the pollable itself")

    def set(self, pollable: Pollable) -> None:
        raise NotImplementedError

    def subscribe(self) -> Pollable:
        raise NotImplementedError


class _Durability(Durability):
    """The entries of these calls are what they leave; the recorder finds the results again."""

    LazyInitializedPollable: type[LazyInitializedPollable] = _LazyInitializedPollable

    def __init__(self, session: LoadedWorker) -> None:
        self._session = session

    def observe_function_call(self, iface: str, function: str) -> None:
        del iface, function

    def begin_durable_function(self, function_type: api.DurableFunctionType) -> int:
        del function_type
        return self._session.recorder.current

    def end_durable_function(
        self,
        function_type: api.DurableFunctionType,
        begin_index: int,
        forced_commit: bool,  # noqa: FBT001 - WIT's
    ) -> None:
        del function_type, begin_index, forced_commit

    def current_durable_execution_state(self) -> api.DurableExecutionState:
        recorder = self._session.recorder
        return api.DurableExecutionState(
            is_live=not recorder.is_replaying, persistence_level=persistence_level(recorder.level)
        )

    def persist_durable_function_invocation(
        self,
        function_name: str,
        request: api.ValueAndType,
        response: api.ValueAndType,
        function_type: api.DurableFunctionType,
    ) -> None:
        del function_name, request, response, function_type

    def read_persisted_durable_function_invocation(self) -> api.PersistedDurableFunctionInvocation:
        entry = self._session.recorder.take_persisted()
        name, _, response, function_type = decode(_PERSIST, entry.request, _no_handle)
        at = from_nanoseconds(entry.at)
        return api.PersistedDurableFunctionInvocation(at, name, response, function_type, api.OplogEntryVersion.V2)


def _no_handle(*_: object) -> Reference:
    raise WorkerError("this value has no handles")


def implementations(session: LoadedWorker) -> dict[str, Any]:
    """Return the implementations of the imports, by field; see `AGENT_FIELD`."""
    return {AGENT_FIELD.format("golem_durability_durability"): _Durability(session)}
