"""Snapshots of all workers of a state file, so that earlier oplog entries can be removed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .command import DEADLINE, DISK, MEMORY
from .errors import StateError, WorkerError
from .executor import Executor
from .instance import Surroundings
from .storage.tables import WorkerRecord

__all__ = ["take_snapshots"]


def take_snapshots(path: Path, say: Callable[[str], None]) -> int:
    """Take snapshots of the idle workers whose components support them; return how many were taken.

    Workers that cannot have a snapshot do not change.

    Args:
        path: the state file.
        say: is called with a line for each worker that cannot, with the reason.

    Raises:
        StateError: the file cannot be used.
    """
    if not path.exists():
        raise WorkerError(f"{path}: there is no state file; `witgen run` makes one")
    seen = Surroundings(network=False, deadline=DEADLINE, memory=MEMORY, disk=DISK)
    with Executor(path, surroundings=seen, say=say, goes_on=False) as executor:
        return sum(_takes(executor, record, say) for record in executor.records.workers())


def _takes(executor: Executor, record: WorkerRecord, say: Callable[[str], None]) -> bool:
    try:
        return executor.worker(record).begin_anew()
    except StateError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever the component, or a host function, fails with
        say(f"worker `{record.name}` keeps its oplog as it is: {error}")
        return False
