"""`golem:api/retry` for one agent: named policies, of which the first that applies decides on further attempts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...agents._bindings.host.golem_api_retry import Retry
from ...agents._bindings.types import golem_api_retry as api
from ...agents.retries import Properties, applying
from ...composition import AGENT_FIELD

if TYPE_CHECKING:
    from ..roles import LoadedWorker

__all__ = ["implementations"]


class _Retry(Retry):
    """The policies of a session; entries of the oplog change them, in replay, too."""

    def __init__(self, session: LoadedWorker) -> None:
        self._session = session

    def get_retry_policies(self) -> list[api.NamedRetryPolicy]:
        return list(self._session.named_policies.values())

    def get_retry_policy_by_name(self, name: str) -> api.NamedRetryPolicy | None:
        return self._session.named_policies.get(name)

    def resolve_retry_policy(
        self, verb: str, noun_uri: str, properties: list[tuple[str, api.PredicateValue]]
    ) -> api.RetryPolicy | None:
        known: Properties = {"verb": verb, "noun-uri": noun_uri, **{name: each.value for name, each in properties}}
        found = applying(self._session.named_policies.values(), known)
        return None if found is None else found.policy

    def set_retry_policy(self, policy: api.NamedRetryPolicy) -> None:
        del policy  # the session takes it from the entry

    def remove_retry_policy(self, name: str) -> None:
        del name


def implementations(session: LoadedWorker) -> dict[str, Any]:
    """Return the implementations of the imports, by field; see `AGENT_FIELD`."""
    return {AGENT_FIELD.format("golem_api_retry"): _Retry(session)}
