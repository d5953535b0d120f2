"""Runs the workers of one state file in this process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Self
from uuid import UUID

from ..local import Services
from .codec import Encoded
from .errors import WorkerError
from .instance import Surroundings
from .lock import StateLock
from .program import Program, component_id
from .records import ComponentRecord, Records, WorkerRecord
from .session import Session
from .state import State
from .worker import Worker

__all__ = ["Executor"]


class Executor:
    """All workers of a state file, and the services that they share. Only one at a time uses a state file.

    Beside the file stands the folder `<file>.d`, with the components, and with what workers store.

    Args:
        path: the state file, which is made if need be.
        surroundings: what workers see of this machine; arguments and environment are a worker's own.
        say: takes lines for people.
        services: the services, instead of those in the folder.
    """

    def __init__(
        self,
        path: Path,
        *,
        surroundings: Surroundings | None = None,
        say: Callable[[str], None] = print,
        services: Services | None = None,
    ) -> None:
        self.folder = path.with_name(f"{path.name}.d")
        self.surroundings = surroundings or Surroundings()
        self.say = say
        self._lock = StateLock(path)
        try:
            self.state = State(path)
            self.records = Records(self.state)
            self.services = services or Services(self.folder, network=self.surroundings.network)
        except BaseException:
            self._lock.release()
            raise
        self._programs: dict[str, Program] = {}
        self._workers: dict[int, Worker] = {}
        self._guard = threading.RLock()

    # Components

    def add_component(self, path: Path, name: str | None = None) -> ComponentRecord:
        """Make a component known; its content is kept for the workers that run it."""
        program = Program(path)
        called = name or path.name.removesuffix(".wasm")
        kept = self._kept(program.digest)
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            part = kept.with_suffix(".part")
            part.write_bytes(program.content)
            part.replace(kept)
        self._programs[program.digest] = program
        return self.records.add_component(component_id(called), called, program.digest, len(program.content))

    def _kept(self, digest: str) -> Path:
        return self.folder / "components" / f"{digest}.wasm"

    def program(self, component: UUID, version: int) -> Program:
        """Return a version of a component."""
        versions = self.records.versions(component)
        if version >= len(versions):
            raise WorkerError(f"component {component} has no version {version}")
        digest = versions[version].digest
        with self._guard:
            if digest not in self._programs:
                try:
                    self._programs[digest] = Program(self._kept(digest))
                except FileNotFoundError as error:
                    name = f"version {version} of `{versions[version].name}`"
                    raise WorkerError(f"{name} is gone: {error.filename}") from None
            return self._programs[digest]

    # Workers

    def create(
        self, component: UUID, name: str, *, args: tuple[str, ...] = (), env: tuple[tuple[str, str], ...] = ()
    ) -> Worker:
        """Make a worker of the newest version of a component."""
        versions = self.records.versions(component)
        if not versions:
            raise WorkerError(f"there is no component {component}")
        return self.worker(self.records.add_worker(component, name, len(versions) - 1, args, env))

    def find(self, component: UUID, name: str) -> Worker | None:
        """Return a worker that exists."""
        record = self.records.worker(component, name)
        return None if record is None else self.worker(record)

    def find_or_create(self, component: UUID, name: str) -> Worker:
        """Return a worker, made now if need be."""
        with self._guard:
            return self.find(component, name) or self.create(component, name)

    def worker(self, record: WorkerRecord) -> Worker:
        """Return the worker of a record; there is one object for each."""
        with self._guard:
            if record.number not in self._workers:
                self._workers[record.number] = Worker(self, record)
            return self._workers[record.number]

    def invoke(self, worker: Worker, function: str, request: Encoded, key: str) -> Encoded:
        """Call a function of a worker and wait for its response."""
        return worker.invoke(function, request, key)

    def settle(self) -> None:
        """Wait until nothing is under way any more."""

    # For sessions

    def implementations(self, session: Session) -> Mapping[str, object]:
        """Return what implements the imports of a worker."""
        return self.services.implementations()

    def surroundings_of(self, record: WorkerRecord, version: int) -> Surroundings:
        """Return what a worker sees of this machine."""
        own = (
            ("GOLEM_WORKER_NAME", record.name),
            ("GOLEM_COMPONENT_ID", str(record.component)),
            ("GOLEM_COMPONENT_VERSION", str(version)),
        )
        given = {name for name, _ in record.env}
        env = (*record.env, *(pair for pair in own if pair[0] not in given))
        return replace(self.surroundings, args=record.args, env=env)

    def close(self) -> None:
        """Unload all workers and close the state file; twice is fine."""
        for worker in list(self._workers.values()):
            worker.close()
        self.services.close()
        self.state.close()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
