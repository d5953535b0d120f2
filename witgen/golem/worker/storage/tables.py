"""What a state file has about components and workers, apart from their oplogs."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ..errors import WorkerError, as_text, undamaged
from ..oplog.codec import NOTHING, Encoded
from ..oplog.entries import CREATED, UPDATED, Entry
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
    """A worker, as the state file has it."""

    number: int
    component: UUID
    name: str
    version: int
    created: int
    """Milliseconds since the beginning of 1970."""
    args: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    config: tuple[tuple[str, str], ...]
    status: str
    """A case of `worker-status`."""
    retries: int
    once: bool = False
    """Whether it was made for one run, or for one client: when it is idle, nobody calls it again."""

    @property
    def is_busy(self) -> bool:
        """Tell whether it is in the middle of a call."""
        return self.status in _BUSY


@dataclass(frozen=True, slots=True)
class Invocation:
    """A call that waits for its time, or for its worker."""

    worker: int
    key: str
    function: str
    request: Encoded
    due: int
    """Nanoseconds since the beginning of 1970."""


class Records:
    """Components, workers and invocations of a state file."""

    def __init__(self, state: State) -> None:
        self.state = state

    # Components

    def add_component(self, id_: UUID, name: str, digest: str, size: int) -> ComponentRecord:
        """Return the version of a component that has this content; new content makes a new version."""
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
        """Return all versions of a component, the first one first."""
        rows = self.state.execute("SELECT * FROM components WHERE id = ? ORDER BY version", str(id_))
        return list(map(_component, rows))

    def component_named(self, name: str) -> UUID | None:
        """Return the id of the component of a name."""
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
    ) -> WorkerRecord:
        """Make a worker; raise if there is one of that name."""
        values = (str(component), name, version, time.time_ns() // 1_000_000, json.dumps(args), json.dumps(env), once)
        with self.state.transaction():
            if self.worker(component, name) is not None:
                raise WorkerError(f"there is a worker `{name}` of this component already")
            self.state.execute(
                "INSERT INTO workers (component, name, version, created, args, env, once, config, status) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, '[]', 'idle')",
                *values,
            )
            found = self.worker(component, name)
            if found is not None:
                self.state.append(found.number, Entry(CREATED, request=Encoded(f"[{version}]"), response=NOTHING))
        if found is None:
            raise WorkerError(f"the state file does not keep worker `{name}`")
        return found

    def worker(self, component: UUID, name: str) -> WorkerRecord | None:
        """Return a worker, None where there is none of that name."""
        rows = self.state.execute("SELECT * FROM workers WHERE component = ? AND name = ?", str(component), name)
        return _worker(rows[0]) if rows else None

    def numbered(self, number: int) -> WorkerRecord:
        """Return the worker of a number."""
        rows = self.state.execute("SELECT * FROM workers WHERE number = ?", number)
        if not rows:
            raise WorkerError(f"there is no worker {number} any more: it has been deleted")
        return _worker(rows[0])

    def workers(self, component: UUID | None = None, *, after: int = 0, limit: int = -1) -> list[WorkerRecord]:
        """Return workers in the order of their making, those whose number is above `after`."""
        if component is None:
            rows = self.state.execute("SELECT * FROM workers WHERE number > ? ORDER BY number LIMIT ?", after, limit)
        else:
            rows = self.state.execute(
                "SELECT * FROM workers WHERE component = ? AND number > ? ORDER BY number LIMIT ?",
                str(component), after, limit,
            )  # fmt: skip
        return list(map(_worker, rows))

    def remove(self, number: int) -> None:
        """Remove a worker with its oplog, its promises, and the calls and updates that wait for it."""
        with self.state.transaction():
            for table in _TABLES:
                self.state.execute(f"DELETE FROM {table} WHERE worker = ?", number)  # noqa: S608  (one of ours)
            self.state.execute("DELETE FROM workers WHERE number = ?", number)

    def note_killed(self) -> None:
        """Note that what was under way when the last process ended was interrupted."""
        self.state.execute("UPDATE workers SET status = 'interrupted' WHERE status = 'running'")

    def set_status(self, number: int, status: str, *, retries: int = 0) -> None:
        """Note what a worker does now."""
        self.state.execute("UPDATE workers SET status = ?, retries = ? WHERE number = ?", status, retries, number)

    def note_failure(self, number: int) -> bool:
        """Note how far a worker had got when it failed; tell whether it had got as far the last time."""
        reached = self.state.progress(number)
        [row] = self.state.execute("SELECT failed_at FROM workers WHERE number = ?", number)
        self.state.execute("UPDATE workers SET failed_at = max(failed_at, ?) WHERE number = ?", reached, number)
        with undamaged("the state file: where a worker has failed"):
            return reached <= int(row["failed_at"])

    def version_at(self, number: int, position: int | None = None) -> int:
        """Return the version that a worker had at an entry of its oplog, or has at the end."""
        entry = self.state.last(number, CREATED, UPDATED, until=position)
        return 0 if entry is None else entry.number

    def go_back(self, number: int, position: int, kind: str) -> None:
        """Let what came after an entry of a worker's oplog count no more, an update too."""
        with self.state.transaction():
            self.state.forget(number, position + 1, kind)
            self.set_version(number, self.version_at(number))

    def set_version(self, number: int, version: int) -> None:
        """Note which version of its component a worker runs."""
        self.state.execute("UPDATE workers SET version = ? WHERE number = ?", version, number)

    # Invocations

    def enqueue(self, invocation: Invocation) -> None:
        """Note a call to be made; one with the same key counts once."""
        request = invocation.request
        self.state.execute(
            "INSERT OR IGNORE INTO invocations (worker, key, function, request, request_data, due, state) "
            "VALUES (?, ?, ?, ?, ?, ?, 'pending')",
            invocation.worker, invocation.key, invocation.function, request.text, request.data, invocation.due,
        )  # fmt: skip

    def pending(self) -> list[Invocation]:
        """Return the calls that are to be made, the next one first."""
        rows = self.state.execute("SELECT * FROM invocations WHERE state = 'pending' ORDER BY due, key")
        return list(map(_invocation, rows))

    def settle(self, worker: int, key: str, state: str) -> bool:
        """Let a call wait no more; tell whether it did."""
        with self.state.transaction():
            rows = self.state.execute(
                "UPDATE invocations SET state = ? WHERE worker = ? AND key = ? AND state = 'pending' RETURNING key",
                state, worker, key,
            )  # fmt: skip
        return bool(rows)

    # Updates

    def want_update(self, worker: int, target: int, mode: str) -> None:
        """Note that a worker shall get another version of its component."""
        self.state.execute("INSERT INTO updates (worker, target, mode) VALUES (?, ?, ?)", worker, target, mode)

    def next_update(self, worker: int) -> tuple[int, int, str] | None:
        """Return number, target and mode of the first update that a worker waits for."""
        rows = self.state.execute("SELECT * FROM updates WHERE worker = ? ORDER BY number LIMIT 1", worker)
        with undamaged("the state file: an update that waits"):
            return (rows[0]["number"], int(rows[0]["target"]), as_text(rows[0]["mode"])) if rows else None

    def forget_update(self, number: int) -> None:
        """Note that an update is done, or has failed."""
        self.state.execute("DELETE FROM updates WHERE number = ?", number)


def _component(row: Any) -> ComponentRecord:
    with undamaged("the state file: what it has about a component"):
        id_, version, digest = UUID(as_text(row["id"])), int(row["version"]), as_text(row["digest"])
        # It is the name of a file.
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
            row["number"], UUID(row["component"]), as_text(row["name"]), int(row["version"]), int(row["created"]),
            tuple(map(as_text, json.loads(row["args"]))), pairs[0], pairs[1], status, int(row["retries"]),
            bool(row["once"]),
        )  # fmt: skip
