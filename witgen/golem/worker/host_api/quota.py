"""`golem:quota/types` for one agent. Nothing is limited on this machine: each reservation succeeds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ...agents._bindings.host.golem_quota_types import QuotaToken, Reservation, Types
from ...agents._bindings.types import golem_core_types as core
from ...agents._bindings.types import golem_quota_types as api
from ...composition import AGENT_FIELD
from ...services.clocks import from_nanoseconds

if TYPE_CHECKING:
    from ..roles import LoadedWorker

__all__ = ["implementations"]


class _Reservation(Reservation):
    @classmethod
    def commit(cls, this: Reservation, used: int) -> None:
        del this, used


class _QuotaToken(QuotaToken):
    session: ClassVar[LoadedWorker]

    def __init__(self, resource_name: str, expected_use: int) -> None:
        self._resource = resource_name
        self._expected_use = expected_use

    def reserve(self, amount: int) -> Reservation:
        del amount
        return _Reservation()

    def split(self, child_expected_use: int) -> QuotaToken:
        return type(self)(self._resource, child_expected_use)

    def merge(self, other: QuotaToken) -> None:
        del other

    def to_record(self) -> api.QuotaTokenRecord:
        # The time of the last entry, which is the same in replay.
        now = from_nanoseconds(self.session.recorder.now)
        nowhere = api.EnvironmentId(core.Uuid(0, 0))
        return api.QuotaTokenRecord(nowhere, self._resource, self._expected_use, 0, now)

    @classmethod
    def from_record(cls, serialized: api.QuotaTokenRecord) -> QuotaToken:
        return cls(serialized.resource_name, serialized.expected_use)


class _Types(Types):
    Reservation: type[Reservation] = _Reservation

    def __init__(self, session: LoadedWorker) -> None:
        self.QuotaToken: type[QuotaToken] = type("QuotaToken", (_QuotaToken,), {"session": session})


def implementations(session: LoadedWorker) -> dict[str, Any]:
    """Return the implementations of the imports, by field; see `AGENT_FIELD`."""
    return {AGENT_FIELD.format("golem_quota_types"): _Types(session)}
