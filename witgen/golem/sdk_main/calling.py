"""Calls of other agents, as Golem's main branch has them."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Sequence
from typing import Any, Final, NamedTuple, TypeAlias, cast
from uuid import UUID

from witgen.golem.sdk.schema import Schema
from witgen.golem.sdk.uuids import halves

from ._bindings.guest.golem_agent_host import CancellationToken, FutureInvokeResult, WasmRpc
from ._bindings.types import golem_agent_common as common
from ._bindings.types import golem_core_types as core
from ._bindings.types.golem_agent_host import RpcError
from ._bindings.types.wasi_clocks_system_clock import Instant
from .core_values import to_tree
from .schema_graphs import to_graph

__all__ = ["Data", "Given", "Remote", "RemoteCall", "Token"]

Data: TypeAlias = core.SchemaValueTree | None
"""The arguments of a call, or its result: None for nothing."""

Token: TypeAlias = CancellationToken
"""What can call off a call in the future."""

_SECOND: Final = 1_000_000_000
_NOTHING: Final = core.SchemaValueTree([core.SchemaValueNodeRecordValue([])], 0)


class Given(NamedTuple):
    """A value of the configuration of an agent that may not exist yet."""

    path: tuple[str, ...]
    schema: Schema
    value: Any


class Remote:
    """Another agent, which Golem makes if it does not exist."""

    def __init__(self, name: str, data: Data, phantom: UUID | None, config: Sequence[Given]) -> None:
        given = [
            common.TypedAgentConfigValue(
                list(each.path), core.TypedSchemaValue(to_graph(each.schema), to_tree(each.schema, each.value))
            )
            for each in config
        ]
        wanted = None if phantom is None else core.Uuid(*halves(phantom))
        self._rpc = WasmRpc(name, data or _NOTHING, wanted, given)

    def ask(self, method: str, data: Data) -> Data:
        """Call a method and wait for its result."""
        return self._rpc.invoke_and_await(method, data or _NOTHING).result

    def begin(self, method: str, data: Data) -> RemoteCall:
        """Begin a call."""
        begun = self._rpc.async_invoke_and_await(method, data or _NOTHING)
        return RemoteCall(cast("FutureInvokeResult", begun.future))

    def enqueue(self, method: str, data: Data) -> None:
        """Ask for a call without waiting for it."""
        self._rpc.invoke(method, data or _NOTHING)

    def schedule(self, at: int, method: str, data: Data) -> Token:
        """Ask for a call at a time, in nanoseconds since 1970."""
        when = Instant(*divmod(at, _SECOND))
        receipt = self._rpc.schedule_cancelable_invocation(when, method, data or _NOTHING)
        return cast("Token", receipt.cancellation_token)


_given_up: Final[list[FutureInvokeResult]] = []
"""What is being waited for although its task was cancelled: the host has borrowed it, so it must not be dropped."""


class RemoteCall:
    """A call under way."""

    def __init__(self, future: FutureInvokeResult) -> None:
        self._future = future

    async def outcome(self) -> Data | Exception:
        """Wait for the call's end; return its result, or the error that it ended with."""
        try:
            return await self._future.get()
        except RpcError as error:
            return error
        except CancelledError:
            _given_up.append(self._future)
            self._future.cancel()
            raise

    def cancel(self) -> None:
        """Call it off if it has not begun."""
        self._future.cancel()
