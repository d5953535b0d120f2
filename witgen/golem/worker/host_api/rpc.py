"""`golem:rpc/types` for one worker: calls to other workers on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from witgen_runtime import abi
from witgen_runtime.host import HostError
from witgen_runtime.values import Err, Ok

from ....base.counted import counted
from ..._bindings.host.golem_rpc_types import CancellationToken, FutureInvokeResult, Types, WasmRpc
from ..._bindings.host.wasi_io_poll import Pollable
from ..._bindings.types import golem_rpc_types as rpc
from ..._bindings.types.wasi_clocks_wall_clock import Datetime
from ...services.clocks import to_nanoseconds
from ...witvalue import WitValueError, from_wit_value, to_wit_value
from ..errors import StateError, WorkerError
from ..exports import Export
from ..oplog.codec import Encoded, Reference
from ..storage.tables import Invocation
from .identity import to_uuid, to_wit_uuid

if TYPE_CHECKING:
    from ..roles import CallableWorker, LoadedWorker

__all__ = ["implementations"]


class _WasmRpc(WasmRpc):
    session: ClassVar[LoadedWorker]
    future: ClassVar[type[_FutureInvokeResult]]
    token: ClassVar[type[_CancellationToken]]

    def __init__(self, worker_id: rpc.WorkerId) -> None:
        self._component = to_uuid(worker_id.component_id.uuid)
        self._name = worker_id.worker_name
        self._once = False

    @classmethod
    def ephemeral(cls, component_id: rpc.ComponentId) -> WasmRpc:
        # One worker for this client, and the same one in replay of the caller.
        made = cls(rpc.WorkerId(component_id, f"ephemeral-{cls.session.key_here()}"))
        made._once = True
        return made

    def invoke_and_await(self, function_name: str, function_params: list[rpc.WitValue]) -> rpc.WitValue:
        executor, check = self.session.executor, self.session.check_if_started

        def ask(worker: CallableWorker, function: str, request: Encoded, key: str) -> Encoded:
            return executor.ask(worker, function, request, key, check)

        return self._call(ask, check, *self._prepared(function_name, function_params))

    def invoke(self, function_name: str, function_params: list[rpc.WitValue]) -> None:
        self._enqueue(time.time_ns(), function_name, function_params)

    def async_invoke_and_await(self, function_name: str, function_params: list[rpc.WitValue]) -> FutureInvokeResult:
        try:
            prepared = self._prepared(function_name, function_params)
        except rpc.RpcError as error:
            failed: Future[rpc.WitValue] = Future()
            failed.set_exception(error)
            return self.future(failed)
        executor = self.session.executor
        return self.future(executor.submit(lambda: self._call(executor.invoke, lambda: None, *prepared)))

    def schedule_invocation(
        self, scheduled_time: Datetime, function_name: str, function_params: list[rpc.WitValue]
    ) -> None:
        self._enqueue(to_nanoseconds(scheduled_time), function_name, function_params)

    def schedule_cancelable_invocation(
        self, scheduled_time: Datetime, function_name: str, function_params: list[rpc.WitValue]
    ) -> CancellationToken:
        invocation = self._enqueue(to_nanoseconds(scheduled_time), function_name, function_params)
        return self.token(invocation.worker, invocation.key)

    def _prepared(self, name: str, params: list[rpc.WitValue]) -> tuple[CallableWorker, Export, Encoded, UUID]:
        """Return the worker, function, arguments and key of a call; the key is the same in replay of the caller."""
        executor, key = self.session.executor, self.session.key_here()
        if not executor.records.versions(self._component):
            raise rpc.RpcErrorNotFound(f"there is no component {self._component}")
        caller = self.session.record
        worker = executor.find_or_create(self._component, self._name, args=caller.args, env=caller.env, once=self._once)
        try:
            export = executor.program(self._component, worker.record.version).find_called(name)
            given, wanted = len(params), len(export.function.params)
            if given != wanted:
                raise WitValueError(f"`{name}` takes {counted(wanted, 'argument')}, not {given}")
            pairs = zip(export.function.params, params, strict=True)
            request = export.request([from_wit_value(rpc, param.type, each, Reference) for param, each in pairs])
        except StateError:
            raise
        except (WorkerError, ValueError) as error:
            raise rpc.RpcErrorProtocolError(str(error)) from None
        return worker, export, request, key

    def _call(
        self,
        invoke: Callable[[CallableWorker, str, Encoded, str], Encoded],
        check: Callable[[], None],
        worker: CallableWorker,
        export: Export,
        request: Encoded,
        key: UUID,
    ) -> rpc.WitValue:
        try:
            response = invoke(worker, export.name, request, str(key))
        except StateError:
            # The call may succeed the next time, so the failure must not be recorded.
            raise
        except (HostError, WorkerError) as error:
            # The caller's deadline may have passed: then its call ends without a record of this one.
            check()
            raise rpc.RpcErrorRemoteInternalError(str(error)) from error
        declared = export.function.result
        types = () if declared is None else (declared,)
        uri = f"urn:worker:{self._component}/{self._name}"
        values = () if declared is None else (export.result(response),)
        made: rpc.WitValue = to_wit_value(rpc, abi.Tuple(types), values, lambda reference: (uri, reference.number))
        return made

    def _enqueue(self, due: int, name: str, params: list[rpc.WitValue]) -> Invocation:
        worker, export, request, key = self._prepared(name, params)
        invocation = Invocation(worker.number, str(key), export.name, request, due)
        self.session.executor.enqueue(invocation)
        return invocation


class _FutureInvokeResult(FutureInvokeResult):
    def __init__(self, future: Future[rpc.WitValue]) -> None:
        self._future = future
        self._ready = Pollable()
        future.add_done_callback(lambda _: self._ready.set())

    def subscribe(self) -> Pollable:
        return self._ready

    def get(self) -> Ok[rpc.WitValue] | Err[rpc.RpcError] | None:
        if not self._future.done():
            return None
        try:
            return Ok(self._future.result())
        except rpc.RpcError as error:
            return Err(error)


class _CancellationToken(CancellationToken):
    session: ClassVar[LoadedWorker]

    def __init__(self, worker: int, key: str) -> None:
        self._worker = worker
        self._key = key

    def cancel(self) -> None:
        self.session.executor.records.settle(self._worker, self._key, "cancelled")


class _Types(Types):
    def __init__(self, session: LoadedWorker) -> None:
        self.FutureInvokeResult: type[FutureInvokeResult] = _FutureInvokeResult
        token = type("CancellationToken", (_CancellationToken,), {"session": session})
        self.CancellationToken: type[CancellationToken] = token
        members = {"session": session, "future": _FutureInvokeResult, "token": token}
        self.WasmRpc: type[WasmRpc] = type("WasmRpc", (_WasmRpc,), members)

    def parse_uuid(self, uuid: str) -> rpc.Uuid:
        try:
            return to_wit_uuid(UUID(uuid))
        except ValueError as error:
            raise rpc.ParseUuidError(f"`{uuid}`: {error}") from None

    def uuid_to_string(self, uuid: rpc.Uuid) -> str:
        return str(to_uuid(uuid))

    def extract_value(self, vnt: rpc.ValueAndType) -> rpc.WitValue:
        return vnt.value

    def extract_type(self, vnt: rpc.ValueAndType) -> rpc.WitType:
        return vnt.typ


def implementations(session: LoadedWorker) -> dict[str, Any]:
    """Return the implementations of the imports, by field of the bindings' `ServicesImports`."""
    return {"golem_rpc_types": _Types(session)}
