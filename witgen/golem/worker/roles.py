"""Protocols for the executor, workers and sessions, as workers and host functions use them.

`Executor`, `Worker` and `Session` implement these protocols and refer to each other only through them, so that no
import leads from the lower level to the higher one.
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
from ..agents._bindings.types.golem_api_retry import NamedRetryPolicy
from ..local import Services
from .host_api.promises import Promises
from .instance import Surroundings
from .oplog.codec import Encoded
from .oplog.recorder import Recorder
from .program import Program
from .storage.environment import Environment
from .storage.state import State
from .storage.tables import Invocation, Records, WorkerRecord

__all__ = ["CallableWorker", "LoadedWorker", "WorkerExecutor"]

T = TypeVar("T")


class CallableWorker(Protocol):
    """Worker that other workers can call."""

    number: int

    @property
    def record(self) -> WorkerRecord:
        """Its record in the state file."""
        ...

    def invoke(self, function: str, request: Encoded, key: str) -> Encoded:
        """Call a function and return its response; a call with a key that was used before is not repeated."""
        ...


class WorkerExecutor(Protocol):
    """Executor of the workers of one state file."""

    path: Path
    folder: Path
    """The folder beside the state file."""
    state: State
    records: Records
    promises: Promises
    services: Services
    environment: Environment
    surroundings: Surroundings
    say: Callable[[str], None]
    stopping: threading.Event

    def program(self, component: UUID, version: int) -> Program:
        """Return a version of a component."""
        ...

    def version_for_new(self, component: UUID) -> int:
        """Return the version of a component that new workers run."""
        ...

    def surroundings_of(self, record: WorkerRecord, version: int) -> Surroundings:
        """Return what a worker can access on this machine."""
        ...

    def worker(self, record: WorkerRecord) -> CallableWorker:
        """Return the worker of a record."""
        ...

    def find(self, component: UUID, name: str) -> CallableWorker | None:
        """Return an existing worker, None if there is none."""
        ...

    def find_or_create(self, component: UUID, name: str, **made: Any) -> CallableWorker:
        """Return a worker; create it if there is none."""
        ...

    def invoke(self, worker: CallableWorker, function: str, request: Encoded, key: str) -> Encoded:
        """Call a function of a worker and wait for its response."""
        ...

    def ask(
        self, worker: CallableWorker, function: str, request: Encoded, key: str, check: Callable[[], object]
    ) -> Encoded:
        """Call a function of a worker for another one, and wait until it returns or `check` raises."""
        ...

    def submit(self, job: Callable[[], T]) -> Future[T]:
        """Run a job on a separate thread."""
        ...

    def look(self) -> None:
        """Make the calls that are due, from now on."""
        ...

    def webhook(self, record: WorkerRecord, position: int) -> str | None:
        """Return the URL that completes a promise of an agent, None if the agent is not served."""
        ...

    def enqueue(self, invocation: Invocation) -> None:
        """Schedule a call."""
        ...

    def wake(self, number: int) -> None:
        """Resume a suspended worker."""
        ...

    def update(self, record: WorkerRecord, target: int, mode: str) -> None:
        """Request an update of a worker."""
        ...

    def fork(self, source: WorkerRecord, name: str, last: int, *, answer: str | None = None) -> None:
        """Create a worker whose oplog begins with another's."""
        ...

    def revert(self, record: WorkerRecord, last: int) -> None:
        """Revert a worker to an entry of its oplog."""
        ...

    def before_invocations(self, worker: int, count: int) -> int:
        """Return the last entry before a worker's last calls."""
        ...


class LoadedWorker(Protocol):
    """Loaded worker, for the host functions that it calls."""

    executor: WorkerExecutor
    record: WorkerRecord
    recorder: Recorder
    policy: RetryPolicy
    named_policies: dict[str, NamedRetryPolicy]

    @property
    def worker_id(self) -> WorkerId:
        """The worker's id."""
        ...

    def check(self) -> None:
        """Raise if the current call has to end."""
        ...

    def check_if_started(self) -> None:
        """Do the same as `check`, but only after the component has started."""
        ...

    def key_here(self) -> UUID:
        """Return a UUID for the entry of the current call."""
        ...

    def go_back(self, position: int, kind: str) -> NoReturn:
        """Discard all entries after a position of the oplog, and continue from there."""
        ...
