"""`wasi:config/store` for one worker: the texts of an agent's configuration; other workers have none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..._bindings.host.wasi_config_store import Store
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
        if executor.program(record.component, record.version).guest is None:
            return {}
        of_type = executor.environment.config(Agents(executor).definition_of(record).name)
        kept = {name: json.loads(value) for name, value in {**of_type, **dict(record.config)}.items()}
        return {name: _text(value) for name, value in kept.items() if value is not None}


def _text(value: Any) -> str:
    """Return a value as `wasi:config` has it: a string as it is, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def implementations(session: LoadedWorker) -> dict[str, Any]:
    """Return the implementations of the imports, by field of the bindings' `ServicesImports`."""
    return {"wasi_config_store": _Store(session)}
