"""Enumerating workers: those that are idle and have something in their name, asked for precisely."""

from collections.abc import Iterator

from agent.guest import exports
from agent.guest import golem_api_host as host
from agent.types.golem_api_host import (
    FilterComparator,
    StringFilterComparator,
    WorkerAllFilter,
    WorkerAnyFilter,
    WorkerNameFilter,
    WorkerPropertyFilterName,
    WorkerPropertyFilterStatus,
    WorkerStatus,
    WorkerStatusFilter,
)


def names(filter: WorkerAnyFilter) -> Iterator[str]:
    component = host.get_self_metadata().worker_id.component_id
    # Precise: every worker's status is worked out now, not taken from what was last written down.
    with host.GetWorkers(component, filter, precise=True) as pages:
        while (page := pages.get_next()) is not None:
            yield from (found.worker_id.worker_name for found in page)


def idle_workers(part: str) -> list[str]:
    idle = WorkerPropertyFilterStatus(WorkerStatusFilter(FilterComparator.EQUAL, WorkerStatus.IDLE))
    named = WorkerPropertyFilterName(WorkerNameFilter(StringFilterComparator.LIKE, part))
    return sorted(names(WorkerAnyFilter([WorkerAllFilter([idle, named])])))


def greet() -> str:
    return f"hello from {host.get_self_metadata().worker_id.worker_name}"


exports.serve(__name__, greet=greet, idle_workers=idle_workers)
