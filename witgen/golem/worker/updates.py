"""Updates of workers to another version of their component."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from .errors import StateError
from .oplog.codec import NOTHING, Encoded
from .oplog.entries import BY_SNAPSHOT, CREATED, TRIED, UPDATED, Entry
from .session import Session
from .storage.tables import WorkerRecord

if TYPE_CHECKING:
    from .roles import WorkerExecutor

__all__ = ["begin_anew", "update"]


def update(
    executor: WorkerExecutor,
    record: WorkerRecord,
    load: Callable[[int], Session],
    unload: Callable[[], None],
    failed: Callable[[int, str], None],
) -> Session:
    """Load a worker with its pending update; if that fails, keep its version.

    Args:
        executor: the worker's executor.
        record: the worker.
        load: loads a version and replays the oplog.
        unload: unloads it.
        failed: is called with the version that it stays at, and the reason.
    """
    version = record.version
    _take_back_half(executor, record)
    while (wanted := executor.records.next_update(record.number)) is not None:
        number, target, mode = wanted
        try:
            if target == version:
                executor.records.forget_update(number)
                continue
            if mode == "automatic":
                session = load(target)
                _succeed(executor, record.number, number, target)
                return session
            snapshot = load(version).save_snapshot()
            unload()
            return _by_snapshot(executor, record, (number, target), snapshot, load)
        except StateError:
            # The update may succeed the next time.
            unload()
            raise
        except Exception as error:  # noqa: BLE001 - any failure of the new version means that the old one stays
            unload()
            _give_up(executor, record, (number, target), str(error))
            failed(version, str(error))
    return load(version)


def _give_up(executor: WorkerExecutor, record: WorkerRecord, wanted: tuple[int, int], reason: str) -> None:
    number, target = wanted
    details = json.dumps([target, reason])
    with executor.state.transaction():
        executor.state.append(record.number, Entry("failed-update", request=Encoded(details), response=NOTHING))
        executor.records.forget_update(number)


def _by_snapshot(
    executor: WorkerExecutor,
    record: WorkerRecord,
    wanted: tuple[int, int],
    snapshot: tuple[bytes, str | None],
    load: Callable[[int], Session],
) -> Session:
    """Record a snapshot and load the new version from it; remove the snapshot if that fails."""
    number, target = wanted
    session, position = _begin_with(executor, record, target, snapshot, load)
    with executor.state.transaction():
        _confirm(executor, record, position, (target, snapshot[1]))
        executor.records.set_version(record.number, target)
        executor.records.forget_update(number)
    return session


def begin_anew(
    executor: WorkerExecutor, record: WorkerRecord, load: Callable[[int], Session], unload: Callable[[], None]
) -> None:
    """Restart an idle worker's oplog from a snapshot of its current state, at the same version.

    Args:
        executor: the worker's executor.
        record: the worker.
        load: loads a version and replays the oplog.
        unload: unloads it.

    Raises:
        WorkerError: it has state that a snapshot does not include.
        Exception: the component failed.
    """
    _take_back_half(executor, record)
    session = load(record.version)
    session.refuse_snapshot()
    snapshot = session.save_snapshot()
    unload()
    _, position = _begin_with(executor, record, record.version, snapshot, load)
    _confirm(executor, record, position, (record.version, snapshot[1]))


def _begin_with(
    executor: WorkerExecutor,
    record: WorkerRecord,
    target: int,
    snapshot: tuple[bytes, str | None],
    load: Callable[[int], Session],
) -> tuple[Session, int]:
    """Record a snapshot and load it; return its position. It still has to be confirmed."""
    before = executor.state.last_position(record.number)
    state, files = snapshot
    request = Encoded(json.dumps([target, files, TRIED]), state)
    position = executor.state.append(record.number, Entry(UPDATED, BY_SNAPSHOT, request, NOTHING))
    try:
        return load(target), position
    except BaseException:
        executor.records.go_back(record.number, before, "revert")
        raise


def _confirm(executor: WorkerExecutor, record: WorkerRecord, position: int, began: tuple[int, str | None]) -> None:
    """Record that a version has loaded a snapshot and its files, so that earlier entries are no longer needed."""
    executor.state.reword(record.number, position, json.dumps(began))


def _take_back_half(executor: WorkerExecutor, record: WorkerRecord) -> None:
    """Remove a snapshot that was not loaded before the process died."""
    snapshot = executor.state.last(record.number, CREATED, UPDATED)
    if snapshot is not None and snapshot.is_tried:
        executor.records.go_back(record.number, snapshot.position - 1, "revert")


def _succeed(executor: WorkerExecutor, worker: int, number: int, target: int) -> None:
    with executor.state.transaction():
        executor.state.append(worker, Entry(UPDATED, request=Encoded(json.dumps([target])), response=NOTHING))
        executor.records.set_version(worker, target)
        executor.records.forget_update(number)
