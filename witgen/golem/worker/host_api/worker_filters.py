"""Worker filters of `golem:api/host`."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, Final

from ..._bindings.types import golem_api_host as api

__all__ = ["fits"]

_ORDERED: Final[dict[api.FilterComparator, Callable[[int, int], bool]]] = {
    api.FilterComparator.EQUAL: operator.eq,
    api.FilterComparator.NOT_EQUAL: operator.ne,
    api.FilterComparator.GREATER_EQUAL: operator.ge,
    api.FilterComparator.GREATER: operator.gt,
    api.FilterComparator.LESS_EQUAL: operator.le,
    api.FilterComparator.LESS: operator.lt,
}

_TEXTUAL: Final[dict[api.StringFilterComparator, Callable[[str, str], bool]]] = {
    api.StringFilterComparator.EQUAL: operator.eq,
    api.StringFilterComparator.NOT_EQUAL: operator.ne,
    api.StringFilterComparator.LIKE: operator.contains,
    api.StringFilterComparator.NOT_LIKE: lambda text, part: part not in text,
}

_STATUSES: Final = list(api.WorkerStatus)


def fits(worker: api.WorkerMetadata, created: int, wanted: api.WorkerAnyFilter | None) -> bool:
    """Return whether a worker matches a filter.

    Args:
        worker: the worker's metadata.
        created: the time of its creation, in milliseconds since 1970.
        wanted: the filter; None matches every worker.
    """
    return wanted is None or any(
        all(_holds(worker, created, each) for each in group.filters) for group in wanted.filters
    )


def _holds(worker: api.WorkerMetadata, created: int, condition: api.WorkerPropertyFilter) -> bool:
    value: Any = condition.value
    match condition:
        case api.WorkerPropertyFilterName():
            return _TEXTUAL[value.comparator](worker.worker_id.worker_name, value.value)
        case api.WorkerPropertyFilterStatus():
            return _ORDERED[value.comparator](_STATUSES.index(worker.status), _STATUSES.index(value.value))
        case api.WorkerPropertyFilterVersion():
            return _ORDERED[value.comparator](worker.component_version, value.value)
        case api.WorkerPropertyFilterCreatedAt():
            return _ORDERED[value.comparator](created, value.value)
        case api.WorkerPropertyFilterEnv():
            return _variable(worker.env, value)
        case api.WorkerPropertyFilterWasiConfigVars():
            return _variable(worker.wasi_config_vars, value)


def _variable(
    variables: Sequence[tuple[str, str]], wanted: api.WorkerEnvFilter | api.WorkerWasiConfigVarsFilter
) -> bool:
    """Return whether a variable matches; one that is not set matches nothing."""
    value = dict(variables).get(wanted.name)
    return value is not None and _TEXTUAL[wanted.comparator](value, wanted.value)
