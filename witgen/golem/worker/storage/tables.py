"""The tables of a state file, other than oplogs: components, workers, invocations and updates."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ..errors import WorkerError, as_text, as_time, undamaged
from ..oplog.codec import NOTHING, Encoded
from ..oplog.entries import COMPLETED, CREATED, UPDATED, Entry
from .state import State

__all__ = ["ComponentRecord", "Invocation", "Records", "WorkerRecord"]

_DIGEST = re.compile("[0-9a-f]{64}")
_BUSY = ("running", "suspended", "retrying", "interrupted")
_TABLES = ("oplog", "promises", "invocations", "updates")
_STATUSES = frozenset({*_BUSY, "idle", "failed", "exited"})


@dataclass(frozen=True, slots=True)
class ComponentRecord:
    """One version of a component."""

    id: UUID
    version: int
    name: str
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class WorkerRecord:
    """Record of a worker in the state file."""

    number: int
    component: UUID
    name: str
    version: int
    created: int
    """Milliseconds since 1970."""
    args: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    config: tuple[tuple[str, str], ...]
    status: str
    """A case of `worker-status`."""
    retries: int
    once: bool = False
    """Whether it was created for one run or one client: once idle, it is never called again."""

    @property
    def is_busy(self) -> bool:
        """Return whether it has an unfinished call."""
        return self.status in _BUSY


@dataclass(frozen=True, slots=True)
class Invocation:
    """Call that waits until it is due, or for its worker."""

    worker: int
    key: str
    function: str
    request: Encoded
    due: int
    """Nanoseconds since 1970."""


class Records:
    """Components, workers and invocations of a state file."""

    def __init__(self, state: State) -> None:
        self.state = state

    # Components

    def add_component(self, id_: UUID, name: str, digest: str, size: int) -> ComponentRecord:
        """Return the version of a component with this content; new content becomes a new version."""
        with self.state.transaction():
            known = self.versions(id_)
            same = next((each for each in known if each.digest == digest), None)
            if same is not None:
                return same
            self.state.execute(
                "INSERT INTO components (id, version, name, digest, size) VALUES (?, ?, ?, ?, ?)",
                str(id_), len(known), name, digest, size,
            )  # fmt: skip
        return ComponentRecord(id_, len(known), name, digest, size)

    def versions(self, id_: UUID) -> list[ComponentRecord]:
        """Return all versions of a component in ascending order."""
        rows = self.state.execute("SELECT * FROM components WHERE id = ? ORDER BY version", str(id_))
        return list(map(_component, rows))

    def components(self) -> list[UUID]:
        """Return the ids of all components."""
        rows = self.state.execute("SELECT * FROM components WHERE version = 0 ORDER BY name")
        return [_component(row).id for row in rows]

    def component_named(self, name: str) -> UUID | None:
        """Return the id of the component with a name, None if there is none."""
        rows = self.state.execute("SELECT * FROM components WHERE name = ? LIMIT 1", name)
        return _component(rows[0]).id if rows else None

    # Workers

    def add_worker(
        self,
        component: UUID,
        name: str,
        version: int,
        args: tuple[str, ...],
        env: tuple[tuple[str, str], ...],
        *,
        once: bool = False,
        config: tuple[tuple[str, str], ...] = (),
        first: tuple[str, str, Encoded] | None = None,
    ) -> WorkerRecord:
        """Create a worker; raise if its component already has one with that name.

        `first` is a call that precedes all others: key, function, and request.
        """
        created = time.time_ns() // 1_000_000
        values = (str(component), name, version, created, *map(json.dumps, (args, env)), once, json.dumps(config))
        with self.state.transaction():
            if self.worker(component, name) is not None:
                raise WorkerError(f"this component already has a worker `{name}`")
            self.state.execute(
                "INSERT INTO workers (component, name, version, created, args, env, once, config, status) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'idle')",
                *values,
            )
            found = self.worker(component, name)
            if found is not None:
                self.state.append(found.number, Entry(CREATED, request=Encoded(f"[{version}]"), response=NOTHING))
                if first is not None:
                    self.enqueue(Invocation(found.number, *first, time.time_ns()))
        if found is None:
            raise WorkerError(f"the state file does not keep worker `{name}`")
        return found

    def worker(self, component: UUID, name: str) -> WorkerRecord | None:
        """Return a worker by name, None if there is none."""
        rows = self.state.execute("SELECT * FROM workers WHERE component = ? AND name = ?", str(component), name)
        return _worker(rows[0]) if rows else None

    def numbered(self, number: int) -> WorkerRecord:
        """Return a worker by number."""
        rows = self.state.execute("SELECT * FROM workers WHERE number = ?", number)
        if not rows:
            raise WorkerError(f"worker {number} has been deleted")
        return _worker(rows[0])

    def workers(self, component: UUID | None = None, *, after: int = 0, limit: int = -1) -> list[WorkerRecord]:
        """Return workers in the order of their creation, from the first whose number is above `after`."""
        if component is None:
            rows = self.state.execute("SELECT * FROM workers WHERE number > ? ORDER BY number LIMIT ?", after, limit)
        else:
            rows = self.state.execute(
                "SELECT * FROM workers WHERE component = ? AND number > ? ORDER BY number LIMIT ?",
                str(component), after, limit,
            )  # fmt: skip
        return list(map(_worker, rows))

    def remove(self, number: int) -> None:
        """Remove a worker with its oplog, promises, and pending calls and updates."""
        with self.state.transaction():
            for table in _TABLES:
                self.state.execute(f"DELETE FROM {table} WHERE worker = ?", number)  # noqa: S608  (one of ours)
            self.state.execute("DELETE FROM workers WHERE number = ?", number)

    def note_killed(self) -> None:
        """Mark workers that were running when the last process ended as interrupted."""
        self.state.execute("UPDATE workers SET status = 'interrupted' WHERE status = 'running'")

    def set_status(self, number: int, status: str, *, retries: int = 0) -> None:
        """Set the status of a worker."""
        self.state.execute("UPDATE workers SET status = ?, retries = ? WHERE number = ?", status, retries, number)

    def note_failure(self, number: int) -> bool:
        """Record a worker's progress at a failure; return whether it made none since the last failure."""
        reached = self.state.progress(number)
        [row] = self.state.execute("SELECT failed_at FROM workers WHERE number = ?", number)
        self.state.execute("UPDATE workers SET failed_at = max(failed_at, ?) WHERE number = ?", reached, number)
        with undamaged("the state file: where a worker has failed"):
            return reached <= int(row["failed_at"])

    def version_at(self, number: int, position: int | None = None) -> int:
        """Return the version of a worker at an entry of its oplog, by default at the end."""
        entry = self.state.last(number, CREATED, UPDATED, until=position)
        return 0 if entry is None else entry.number

    def go_back(self, number: int, position: int, kind: str) -> None:
        """Discard everything after an entry of a worker's oplog, updates included."""
        with self.state.transaction():
            self.state.forget(number, position + 1, kind)
            self.set_version(number, self.version_at(number))

    def set_version(self, number: int, version: int) -> None:
        """Set the version of its component that a worker runs."""
        self.state.execute("UPDATE workers SET version = ? WHERE number = ?", version, number)

    def calls_since_snapshot(self, worker: int) -> int:
        """Return how many calls of a worker have ended since its last snapshot, or ever."""
        snapshot = self.state.last_snapshot(worker)
        [row] = self.state.execute(
            "SELECT count(*) AS number FROM oplog WHERE worker = ? AND dead = 0 AND kind = ? AND position > ?",
            worker, COMPLETED, 0 if snapshot is None else snapshot.position,
        )  # fmt: skip
        number: int = row["number"]
        return number

    # Invocations

    def enqueue(self, invocation: Invocation) -> None:
        """Add a pending call, unless there is one with the same key."""
        request = invocation.request
        self.state.execute(
            "INSERT OR IGNORE INTO invocations (worker, key, function, request, request_data, due, state) "
            "VALUES (?, ?, ?, ?, ?, ?, 'pending')",
            invocation.worker, invocation.key, invocation.function, request.text, request.data, invocation.due,
        )  # fmt: skip

    def pending(self) -> list[Invocation]:
        """Return the pending calls in the order in which they are due."""
        rows = self.state.execute("SELECT * FROM invocations WHERE state = 'pending' ORDER BY due, key")
        return list(map(_invocation, rows))

    def invocation(self, worker: int, key: str) -> Invocation | None:
        """Return a call that waits or waited for a worker, None if there is none with the key."""
        rows = self.state.execute("SELECT * FROM invocations WHERE worker = ? AND key = ?", worker, key)
        return _invocation(rows[0]) if rows else None

    def settle(self, worker: int, key: str, state: str) -> bool:
        """End the wait of a pending call; return whether it was pending."""
        with self.state.transaction():
            rows = self.state.execute(
                "UPDATE invocations SET state = ? WHERE worker = ? AND key = ? AND state = 'pending' RETURNING key",
                state, worker, key,
            )  # fmt: skip
        return bool(rows)

    # Updates

    def want_update(self, worker: int, target: int, mode: str) -> None:
        """Add a pending update of a worker."""
        self.state.execute("INSERT INTO updates (worker, target, mode) VALUES (?, ?, ?)", worker, target, mode)

    def next_update(self, worker: int) -> tuple[int, int, str] | None:
        """Return number, target and mode of a worker's first pending update, None if there is none."""
        rows = self.state.execute("SELECT * FROM updates WHERE worker = ? ORDER BY number LIMIT 1", worker)
        with undamaged("the state file: an update that waits"):
            return (rows[0]["number"], int(rows[0]["target"]), as_text(rows[0]["mode"])) if rows else None

    def forget_update(self, number: int) -> None:
        """Remove a pending update that was made or has failed."""
        self.state.execute("DELETE FROM updates WHERE number = ?", number)


def _component(row: Any) -> ComponentRecord:
    with undamaged("the state file: what it has about a component"):
        id_, version, digest = UUID(as_text(row["id"])), int(row["version"]), as_text(row["digest"])
        # It is used as a file name.
        if not _DIGEST.fullmatch(digest):
            raise ValueError(f"{digest!r:.40} is not a SHA-256")
        return ComponentRecord(id_, version, as_text(row["name"]), digest, int(row["size"]))


def _invocation(row: Any) -> Invocation:
    with undamaged("the state file: a call that waits"):
        request = Encoded(as_text(row["request"]), bytes(row["request_data"]))
        key, function = as_text(row["key"]), as_text(row["function"])
        return Invocation(int(row["worker"]), key, function, request, int(row["due"]))


def _worker(row: Any) -> WorkerRecord:
    with undamaged(f"the state file: what it has about worker {row['name']!r}"):
        pairs = [
            tuple((as_text(name), as_text(value)) for name, value in json.loads(row[each]))
            for each in ("env", "config")
        ]
        status = row["status"]
        if status not in _STATUSES:
            raise ValueError(f"{status!r:.40} is not a status")
        return WorkerRecord(
            row["number"], UUID(row["component"]), as_text(row["name"]), int(row["version"]),
            as_time(row["created"], 1000), tuple(map(as_text, json.loads(row["args"]))), pairs[0], pairs[1], status,
            int(row["retries"]), bool(row["once"]),
        )  # fmt: skip
