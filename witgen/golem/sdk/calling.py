"""Calls of other agents, as Golem 1.5 has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, TypeAlias
from uuid import UUID

from ._bindings.guest.golem_agent_host import CancellationToken, FutureInvokeResult, WasmRpc
from ._bindings.types import golem_agent_common as common
from ._bindings.types import golem_core_types as core
from ._bindings.types.wasi_clocks_wall_clock import Datetime
from .core_values import to_wit_type, to_wit_value
from .schema import Schema
from .uuids import from_uuid

__all__ = ["Data", "Given", "Remote", "RemoteCall", "Token"]

Data: TypeAlias = core.DataValue
"""The arguments of a call, or its result."""

Token: TypeAlias = CancellationToken
"""What can call off a call in the future."""

_SECOND: Final = 1_000_000_000


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
                list(each.path),
                core.ValueAndType(to_wit_value(each.schema, each.value), to_wit_type(each.schema)),
            )
            for each in config
        ]
        self._rpc = WasmRpc(name, data, None if phantom is None else from_uuid(phantom), given)

    def ask(self, method: str, data: Data) -> Data:
        """Call a method and wait for its result."""
        return self._rpc.invoke_and_await(method, data)

    def begin(self, method: str, data: Data) -> RemoteCall:
        """Begin a call."""
        return RemoteCall(self._rpc.async_invoke_and_await(method, data))

    def enqueue(self, method: str, data: Data) -> None:
        """Ask for a call without waiting for it."""
        self._rpc.invoke(method, data)

    def schedule(self, at: int, method: str, data: Data) -> Token:
        """Ask for a call at a time, in nanoseconds since 1970."""
        return self._rpc.schedule_cancelable_invocation(Datetime(*divmod(at, _SECOND)), method, data)


class RemoteCall:
    """A call under way."""

    def __init__(self, future: FutureInvokeResult) -> None:
        self._future = future

    async def outcome(self) -> Data | Exception:
        """Wait for the call's end; return its result, or the error that it ended with."""
        while True:
            await self._future.wait()
            answer = self._future.get()
            if answer is not None:
                return answer.value

    def cancel(self) -> None:
        """Call it off if it has not begun."""
        self._future.cancel()
