"""What workers and host functions need of those who run them: the executor, a worker, one of its lives.

`Executor`, `Worker` and `Session` fill these roles. They know each other through them alone, so that no import leads
back from what is run to what runs it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, NoReturn, Protocol, TypeVar
from uuid import UUID

from .._bindings.types.golem_api_host import RetryPolicy
from .._bindings.types.golem_rpc_types import WorkerId
from ..local import Services
from .host_api.promises import Promises
from .instance import Surroundings
from .oplog.codec import Encoded
from .oplog.recorder import Recorder
from .program import Program
from .storage.state import State
from .storage.tables import Invocation, Records, WorkerRecord

__all__ = ["CallableWorker", "LoadedWorker", "WorkerExecutor"]

T = TypeVar("T")


class CallableWorker(Protocol):
    """A worker that others call."""

    number: int

    @property
    def record(self) -> WorkerRecord:
        """What the state file says about it."""
        ...

    def invoke(self, function: str, request: Encoded, key: str) -> Encoded:
        """Call a function and return its response; a call that was made with this key is not made again."""
        ...


class WorkerExecutor(Protocol):
    """Runs the workers of one state file."""

    path: Path
    folder: Path
    """What stands beside the state file."""
    state: State
    records: Records
    promises: Promises
    services: Services
    surroundings: Surroundings
    say: Callable[[str], None]
    stopping: threading.Event

    def program(self, component: UUID, version: int) -> Program:
        """Return a version of a component."""
        ...

    def surroundings_of(self, record: WorkerRecord, version: int) -> Surroundings:
        """Return what a worker sees of this machine."""
        ...

    def worker(self, record: WorkerRecord) -> CallableWorker:
        """Return the worker of a record."""
        ...

    def find_or_create(self, component: UUID, name: str, **made: Any) -> CallableWorker:
        """Return a worker, made now if need be."""
        ...

    def invoke(self, worker: CallableWorker, function: str, request: Encoded, key: str) -> Encoded:
        """Call a function of a worker and wait for its response."""
        ...

    def ask(
        self, worker: CallableWorker, function: str, request: Encoded, key: str, check: Callable[[], object]
    ) -> Encoded:
        """Call a function of a worker for another one, and wait until `check` raises what that one ends with."""
        ...

    def submit(self, job: Callable[[], T]) -> Future[T]:
        """Do something on a thread of its own."""
        ...

    def enqueue(self, invocation: Invocation) -> None:
        """Make a call when its time has come."""
        ...

    def wake(self, number: int) -> None:
        """Let a suspended worker go on."""
        ...

    def update(self, record: WorkerRecord, target: int, mode: str) -> None:
        """Note that a worker shall get another version."""
        ...

    def fork(self, source: WorkerRecord, name: str, last: int, *, answer: str | None = None) -> None:
        """Make a worker whose oplog begins with another's."""
        ...

    def revert(self, record: WorkerRecord, last: int) -> None:
        """Take a worker back to an entry of its oplog."""
        ...

    def before_invocations(self, worker: int, count: int) -> int:
        """Return the last entry before a worker's last calls."""
        ...


class LoadedWorker(Protocol):
    """A worker while it is loaded, for the host functions that it calls."""

    executor: WorkerExecutor
    record: WorkerRecord
    recorder: Recorder
    policy: RetryPolicy

    @property
    def worker_id(self) -> WorkerId:
        """Which worker this is."""
        ...

    def check(self) -> None:
        """Raise if the call under way has to end."""
        ...

    def check_if_started(self) -> None:
        """Do what `check` does, once the component has started."""
        ...

    def key_here(self) -> UUID:
        """Return a UUID that belongs to the entry of the call under way."""
        ...

    def go_back(self, position: int, kind: str) -> NoReturn:
        """Forget what came after a position of the oplog, and go on from there."""
        ...
