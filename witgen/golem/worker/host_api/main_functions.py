"""`golem:quota/types` and `golem:durability/durability` of Golem's main branch for one agent."""

# pyright: reportPrivateUsage=false
# ruff: noqa: SLF001
# Objects keep their state under names with an underscore, because WIT may use any other name for a method.

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from witgen_runtime import abi

from ...agents.main._bindings._abi import golem_durability_durability as durable_abi
from ...agents.main._bindings.host.golem_core_types import QuotaToken
from ...agents.main._bindings.host.golem_durability_durability import Durability, LiveCustomDurableInvocation
from ...agents.main._bindings.host.golem_quota_types import Reservation, Types
from ...agents.main._bindings.types import golem_core_types as main
from ...agents.main._bindings.types import golem_durability_durability as api
from ...agents.main._bindings.types.wasi_clocks_system_clock import Instant
from ...composition import MAIN_FIELD
from ..oplog.codec import NOTHING, decode, encode, no_handle
from ..oplog.entries import BEGIN_FUNCTION, PERSISTED
from ..oplog.policy import Kind

if TYPE_CHECKING:
    from ..roles import LoadedWorker

__all__ = ["implementations"]


class _Reservation(Reservation):
    @classmethod
    def commit(cls, this: Reservation, used: int) -> None:
        del this, used


class _Quota(Types):
    """Nothing is limited on this machine: each reservation succeeds."""

    def __init__(self) -> None:
        self.Reservation: type[Reservation] = _Reservation

    def new_token(self, resource_name: str, expected_use: int) -> QuotaToken:
        del resource_name, expected_use
        return QuotaToken()

    def reserve(self, token: QuotaToken, amount: int) -> Reservation:
        del token, amount
        return _Reservation()

    def split(self, token: QuotaToken, child_expected_use: int) -> QuotaToken:
        del token, child_expected_use
        return QuotaToken()

    def merge(self, token: QuotaToken, other: QuotaToken) -> None:
        del token, other


class _Live(LiveCustomDurableInvocation):
    """A call that a library makes now; `finish` writes its result. Until then, nothing else is written."""

    session: ClassVar[LoadedWorker]

    def __init__(self, name: str, request: main.TypedSchemaValue, kind: api.DurableFunctionType) -> None:
        self._name = name
        self._request = request
        self._kind = kind
        recorder = self.session.recorder
        self._level, recorder.level = recorder.level, "persist-nothing"

    def dropped(self) -> None:
        self.session.recorder.level = self._level

    @classmethod
    def finish(
        cls,
        this: LiveCustomDurableInvocation,
        response: main.TypedSchemaValue,
        forced_commit: bool,  # noqa: FBT001 - WIT's
    ) -> None:
        del forced_commit
        given: Any = this
        cls.session.recorder.level = given._level
        recorded = [given._name, given._request, response, given._kind]
        kind = Kind.WRITE_LOCAL
        name, request = f"{_DURABILITY}#{_FINISH}", encode(_PERSISTED, recorded, no_handle)
        cls.session.recorder.call(name, kind, request, lambda: NOTHING, entry_kind=PERSISTED)


class _Durability(Durability):
    def __init__(self, session: LoadedWorker) -> None:
        self._session = session
        self._live: type[_Live] = type("LiveCustomDurableInvocation", (_Live,), {"session": session})
        self.LiveCustomDurableInvocation: type[LiveCustomDurableInvocation] = self._live

    def observe_function_call(self, iface: str, function: str) -> None:
        del iface, function

    def begin_custom_durable_invocation(
        self, function_name: str, request: main.TypedSchemaValue, function_type: api.DurableFunctionType
    ) -> api.CustomDurableInvocation:
        recorder, begin = self._session.recorder, durable_abi.BEGIN_CUSTOM_DURABLE_INVOCATION
        # The type comes first: what is done again after a crash depends on it.
        encoded = encode(_BEGUN, [function_type, function_name, request], no_handle)
        name = f"{_DURABILITY}#{begin.name}"
        recorder.call(name, Kind.READ_LOCAL, encoded, lambda: NOTHING, entry_kind=BEGIN_FUNCTION)
        if not recorder.is_replaying:
            return api.CustomDurableInvocationLive(self._live(function_name, request, function_type))
        entry = recorder.take_persisted()
        known, _, response, kind = decode(_PERSISTED, entry.request, no_handle)
        at = Instant(*divmod(entry.at, 1_000_000_000))
        version = api.OplogEntryVersion.V2
        return api.CustomDurableInvocationReplayed(
            api.PersistedDurableFunctionInvocation(at, known, response, kind, version)
        )


_DURABILITY: Final = durable_abi.INTERFACE.name
_FINISH: Final = durable_abi.LIVE_CUSTOM_DURABLE_INVOCATION_FINISH.name
_NAME, _REQUEST, _KIND = (param.type for param in durable_abi.BEGIN_CUSTOM_DURABLE_INVOCATION.params)
_BEGUN: Final = abi.Tuple((_KIND, _NAME, _REQUEST))
_PERSISTED: Final = abi.Tuple((_NAME, _REQUEST, _REQUEST, _KIND))


def implementations(session: LoadedWorker) -> dict[str, Any]:
    """Return the implementations of the imports, by field; see `MAIN_FIELD`."""
    return {
        MAIN_FIELD.format("golem_durability_durability"): _Durability(session),
        MAIN_FIELD.format("golem_quota_types"): _Quota(),
    }
