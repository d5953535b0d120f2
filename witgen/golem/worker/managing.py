"""Operations of `witgen workers` on workers that are not loaded. Every state of a worker has a way out."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from ..services.budget import size_of
from .advice import command
from .durable.files import prune_files, remove_tree, worker_folder
from .errors import StateError, WorkerError
from .oplog.entries import INVOKED, Entry, snapshot_files
from .storage.lock import StateLock, canonical, is_locked
from .storage.state import State
from .storage.tables import Records, WorkerRecord

__all__ = ["Manager", "Pruned", "Reader"]

_BODY: Final = re.compile(rb'"([0-9a-f]{16})"')
"""The name of a response body, in the oplog's form."""

_SHOWN: Final = 200
"""The most characters of a value that are shown."""


_WAYS: Final = {
    "running": ["interrupt"], "suspended": ["interrupt"], "retrying": ["interrupt"], "failed": ["retry"]
}  # fmt: skip
"""Ways out of a status, other than abandoning the call and removing the worker."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was removed: workers by name, oplog entries, files of response bodies, and the bytes of those."""

    workers: list[str]
    entries: int
    bodies: int
    size: int


class Reader:
    """Reader of a state file, which works while another process runs its workers.

    Raises:
        StateError: the file is not a state file, or is damaged.
    """

    def __init__(self, path: Path, *, read_only: bool = True) -> None:
        if not path.exists():
            raise WorkerError(f"{path}: there is no state file; `witgen run` makes one")
        self.path = path
        self.state = State(path, read_only=read_only)
        self.records = Records(self.state)
        place = canonical(path)
        self.folder = place.with_name(f"{place.name}.d")

    def workers(self) -> list[WorkerRecord]:
        """Return all workers in the order of their creation.

        Those that were running when their process was killed are interrupted, whatever the file says.
        """
        found = self.records.workers()
        if any(each.status == "running" for each in found) and not is_locked(canonical(self.path)):
            # Read again: a process may just have ended as it should.
            found = [
                replace(each, status="interrupted") if each.status == "running" else each
                for each in self.records.workers()
            ]
        return found

    def find(self, name: str) -> WorkerRecord:
        """Return a worker by name: WORKER, or COMPONENT/WORKER if several components have one of that name."""
        everyone = [(self.component(each), each) for each in self.workers()]
        fitting = [each for _, each in everyone if each.name == name]
        fitting = fitting or [each for component, each in everyone if f"{component}/{each.name}" == name]
        if len(fitting) == 1:
            return fitting[0]
        if not fitting:
            raise WorkerError(f"there is no worker `{name}`; `witgen workers` lists all")
        ways = ", ".join(f"`{self.component(each)}/{each.name}`" for each in fitting)
        raise WorkerError(f"several components have a worker `{name}`: name one of {ways}")

    def component(self, record: WorkerRecord) -> str:
        """Return the name of a worker's component."""
        versions = self.records.versions(record.component)
        return versions[-1].name if versions else str(record.component)

    def listed(self, record: WorkerRecord) -> dict[str, Any]:
        """Return a worker's properties for a list of workers."""
        return {
            "component": self.component(record),
            "worker": record.name,
            "status": record.status,
            "version": record.version,
            "newest-version": len(self.records.versions(record.component)) - 1,
            "retries": record.retries,
            "oplog-entries": self.state.last_position(record.number),
            "created": datetime.fromtimestamp(record.created / 1000, UTC).isoformat(timespec="seconds"),
            "env": dict(record.env),
        }

    def shown(self, record: WorkerRecord) -> dict[str, Any]:
        """Return all properties of a worker, and the commands that lead out of its current state."""
        call, error = self.state.open_call(record.number), self.state.last(record.number, "error")
        update = self.records.next_update(record.number)
        waiting = [each for each in self.records.pending() if each.worker == record.number]
        return {
            **self.listed(record),
            "args": list(record.args),
            "call": None if call is None else _called(call),
            "next": self._next(record, call),
            "error": None if error is None else error.about,
            "update": None if update is None else {"version": update[1], "mode": update[2]},
            "waiting-calls": [
                {"function": each.function, "key": each.key, "due": _moment(each.due)} for each in waiting
            ],
            "oplog-bytes": self.state.size(record.number),
            "file-bytes": size_of(worker_folder(self.folder, record.number)),
            "body-bytes": sum(path.stat().st_size for path in self.bodies(record)),
            "ways": self.ways(record, call),
        }

    def _next(self, record: WorkerRecord, call: Entry | None) -> str | None:
        """Return what a worker's next call does first, if no process is busy with the unfinished one."""
        if call is None or record.status != "interrupted":
            return None
        return f"no process runs this call; the worker's next call resumes `{call.called}` first"

    def ways(self, record: WorkerRecord, call: Entry | None) -> list[str]:
        """Return the commands that lead out of a worker's current state."""
        verbs = _WAYS.get(record.status, [])
        if call is not None or record.status == "exited":
            verbs = [*verbs, "abandon"]
        return [command(verb, record.name, self.path).strip("`") for verb in (*verbs, "delete")]

    def oplog(self, record: WorkerRecord, *, start: int = 1, dead: bool = False) -> Iterator[dict[str, Any]]:
        """Yield the entries of a worker's oplog from a position on; with `dead`, include discarded ones."""
        while page := self.state.entries(record.number, start=start, limit=500, alive=not dead):
            for entry in page:
                yield {
                    "position": entry.position,
                    "at": _moment(entry.at),
                    "kind": entry.kind,
                    "name": entry.name,
                    "key": entry.key,
                    "request": _text(entry.request.text),
                    "response": None if entry.response is None else _text(entry.response.text),
                    "bytes": len(entry.request.data) + (0 if entry.response is None else len(entry.response.data)),
                    "dead": entry.dead,
                }
            start = page[-1].position + 1

    def bodies(self, record: WorkerRecord) -> list[Path]:
        """Return the files of a worker's response bodies."""
        folder = self.folder / "http" / str(record.number)
        return sorted(folder.iterdir()) if folder.is_dir() else []

    def interrupt(self, record: WorkerRecord) -> bool:
        """Ask the process that runs a worker to end its current call, which the worker's next call resumes.

        Return whether there is such a process; without one, mark the call as interrupted.
        """
        if not record.is_busy:
            raise WorkerError(f"worker `{record.name}` is {record.status}: there is no call to interrupt")
        try:
            lock = StateLock(canonical(self.path))
        except StateError:
            self.state.execute("UPDATE workers SET wish = 'interrupt' WHERE number = ?", record.number)
            return True
        try:
            self.records.set_status(record.number, "interrupted", retries=record.retries)
        finally:
            lock.release()
        return False

    def close(self) -> None:
        """Close the file; twice is fine."""
        self.state.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Manager(Reader):
    """Editor of a state file's workers, while no process runs them."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise WorkerError(f"{path}: there is no state file; `witgen run` makes one")
        self._lock = StateLock(canonical(path))
        try:
            super().__init__(path, read_only=False)
            self.records.note_killed()
        except BaseException:
            self._lock.release()
            raise

    def abandon(self, record: WorkerRecord) -> str:
        """Abandon the unfinished call of a worker, or the call that made it exit; return the call's name."""
        call = self.state.open_call(record.number)
        if call is None and record.status == "exited":
            call = self.state.last(record.number, INVOKED)
        if call is None:
            raise WorkerError(f"worker `{record.name}` is {record.status} and has no unfinished call")
        with self.state.transaction():
            self._back(record, call.position - 1)
            self.records.settle(record.number, call.key, "cancelled")
        return call.called

    def revert(self, record: WorkerRecord, *, position: int | None = None, calls: int | None = None) -> int:
        """Revert a worker to an entry of its oplog, or to before its last calls; return the last entry kept."""
        if calls is not None:
            position = self.state.before_invocations(record.number, calls)
        last = self.state.last_position(record.number)
        if position is None or not 0 < position <= last:
            raise WorkerError(f"the oplog of worker `{record.name}` has the entries 1 to {last}, not {position}")
        self._back(record, position)
        return position

    def retry(self, record: WorkerRecord) -> str | None:
        """Let a failed worker try again; return the call that its next call resumes first."""
        if record.status != "failed":
            raise WorkerError(f"worker `{record.name}` is {record.status}, not failed")
        call = self.state.open_call(record.number)
        self.records.set_status(record.number, "idle" if call is None else "interrupted")
        return None if call is None else call.called

    def delete(self, record: WorkerRecord) -> None:
        """Remove a worker with its oplog, promises, pending calls, files, and response bodies."""
        self.records.remove(record.number)
        folder = self.folder / "http" / str(record.number)
        # Otherwise opening a pipe would wait forever.
        if folder.is_dir():
            shutil.rmtree(folder, ignore_errors=True)
        remove_tree(worker_folder(self.folder, record.number))

    def prune(self, *, failed: bool = False) -> Pruned:
        """Remove what no worker needs any more.

        That is: workers that exited; those created for one run, or for one client of another worker, that are done;
        oplog entries that were discarded or are covered by a snapshot; response bodies that no entry refers to; files
        of snapshots that no worker begins with; and files of removed workers.

        Args:
            failed: whether to remove failed workers too.
        """
        removed: list[str] = []
        entries = bodies = size = 0
        for record in self.records.workers():
            if record.status == "exited" or (failed and record.status == "failed") or self._is_done(record):
                size += sum(path.stat().st_size for path in self.bodies(record))
                bodies += len(self.bodies(record))
                entries += self.state.count(record.number)
                self.delete(record)
                removed.append(record.name)
                continue
            entries += self.state.prune(record.number)
            known = self._known_bodies(record)
            for path in self.bodies(record):
                if path.stem not in known:
                    bodies, size = bodies + 1, size + path.stat().st_size
                    path.unlink()
        for path in self._orphans():
            bodies, size = bodies + 1, size + path.stat().st_size
            path.unlink()
        prune_files(self.folder, {each.number: self._snapshot_files(each) for each in self.records.workers()})
        self.state.shrink()
        return Pruned(removed, entries, bodies, size)

    def _orphans(self) -> list[Path]:
        """Return the response bodies of removed workers: a process may have been killed while it removed them."""
        known = {str(record.number) for record in self.records.workers()}
        return [path for path in (self.folder / "http").glob("*/*") if path.parent.name not in known and path.is_file()]

    def _is_done(self, record: WorkerRecord) -> bool:
        return (
            record.once
            and record.status == "idle"
            and not any(each.worker == record.number for each in self.records.pending())
        )

    def _snapshot_files(self, record: WorkerRecord) -> str | None:
        snapshot = self.state.last_snapshot(record.number)
        return None if snapshot is None else snapshot_files(snapshot)

    def _known_bodies(self, record: WorkerRecord) -> set[str]:
        entries = self.state.entries(record.number)
        return {
            name.decode()
            for entry in entries
            if entry.response is not None
            for name in _BODY.findall(entry.response.data)
        }

    def _back(self, record: WorkerRecord, position: int) -> None:
        with self.state.transaction():
            self.state.refuse_pruned(record.number, position)
            self.records.go_back(record.number, position, "revert")
            self.records.set_status(record.number, "idle")
        # The files are rebuilt at the next call; until then, discarded ones must not be visible.
        remove_tree(worker_folder(self.folder, record.number) / "root")

    def close(self) -> None:
        """Close the file and release its lock; twice is fine."""
        try:
            super().close()
        finally:
            self._lock.release()


def _called(entry: Entry) -> dict[str, Any]:
    return {
        "function": entry.name, "key": entry.key, "begun": _moment(entry.at), "arguments": _text(entry.request.text)
    }  # fmt: skip


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at / 1e9, UTC).isoformat(timespec="seconds")


def _text(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
