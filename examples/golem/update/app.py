"""Updating a worker: another one of the same component, automatically, by replaying what it did on the new version."""

from agent.guest import exports
from agent.guest import golem_api_host as host
from agent.types.golem_api_host import UpdateMode
from agent.types.golem_rpc_types import WorkerId

RELEASE = "the first release"


def release() -> str:
    return f"{RELEASE}, version {host.get_self_metadata().component_version}"


def update(name: str, version: int) -> None:
    me = host.get_self_metadata().worker_id
    host.update_worker(WorkerId(me.component_id, name), version, UpdateMode.AUTOMATIC)


exports.serve(__name__, release=release, update=update)
