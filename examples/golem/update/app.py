"""Updating a worker: another one of the same component, automatically. What it did is replayed on the new version."""

from agent.guest import exports
from agent.guest import golem_api_host as host
from agent.types.golem_api_host import UpdateMode
from agent.types.golem_rpc_types import WorkerId

BULLET = "-"

written: list[str] = []


def note(text: str) -> None:
    written.append(text)


def notes() -> list[str]:
    return [f"{BULLET} {text}" for text in written]


def update(name: str, version: int) -> None:
    me = host.get_self_metadata()
    host.update_worker(WorkerId(me.worker_id.component_id, name), version, UpdateMode.AUTOMATIC)


exports.serve(__name__, note=note, notes=notes, update=update)
