"""A worker's metadata: its own, and that of another worker of the same component."""

from agent.guest import exports
from agent.guest import golem_api_host as host
from agent.types.golem_api_host import WorkerMetadata
from agent.types.golem_rpc_types import WorkerId
from agent.types.metadata import Worker


def described(found: WorkerMetadata) -> Worker:
    return Worker(
        name=found.worker_id.worker_name,
        status=found.status.name.lower(),
        args=found.args,
        env=found.env,
        component_version=found.component_version,
        retry_count=found.retry_count,
    )


def myself() -> Worker:
    return described(host.get_self_metadata())


def another(name: str) -> Worker | None:
    me = host.get_self_metadata().worker_id
    found = host.get_worker_metadata(WorkerId(me.component_id, name))
    return None if found is None else described(found)


exports.serve(__name__, myself=myself, another=another)
