"""`wasi:config/store` for one agent: the texts of its configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...agents._bindings.host.wasi_config_store import Store
from ...composition import AGENT_FIELD
from ..agents import Agents

if TYPE_CHECKING:
    from ..roles import LoadedWorker

__all__ = ["implementations"]


class _Store(Store):
    def __init__(self, session: LoadedWorker) -> None:
        self._session = session

    def get(self, key: str) -> str | None:
        return self._all().get(key)

    def get_all(self) -> list[tuple[str, str]]:
        return sorted(self._all().items())

    def _all(self) -> dict[str, str]:
        executor, record = self._session.executor, self._session.record
        of_type = executor.environment.config(Agents(executor).definition_of(record).name)
        return {**of_type, **dict(record.config)}


def implementations(session: LoadedWorker) -> dict[str, Any]:
    """Return the implementations of the imports, by field; see `AGENT_FIELD`."""
    return {AGENT_FIELD.format("wasi_config_store"): _Store(session)}
