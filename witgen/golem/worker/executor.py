"""Executor of the workers of one state file, in this process."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, TypeVar
from uuid import UUID

from ...base.files import read
from ...base.files import replace as replace_file
from ...diagnostics.errors import WitgenError
from ..local import Services
from ..services.http.bodies import share_bodies
from .agents import agent_environment
from .durable.files import remove_tree, share_files, worker_folder
from .errors import DamagedError, StateError, WorkerError, expect
from .host_api.promises import Promises
from .instance import Surroundings
from .oplog.codec import NOTHING, Encoded
from .oplog.entries import Entry
from .program import Program, component_id
from .queue import Queue
from .roles import CallableWorker
from .storage.environment import Environment
from .storage.lock import StateLock, canonical, make_folder, make_private, refuse_irregular
from .storage.state import BESIDE, State
from .storage.tables import ComponentRecord, Invocation, Records, WorkerRecord
from .storage.wishes import Wishes
from .worker import Worker

__all__ = ["Executor"]

T = TypeVar("T")


class Executor:
    """All workers of a state file, and their shared services. Only one executor at a time uses a state file.

    The folder `<file>.d` beside the file contains the components and the data of workers.

    Args:
        path: the state file, created if missing.
        surroundings: what workers can access on this machine; each worker has its own arguments and environment.
        say: prints a line for the user.
        services: used instead of the services in the folder.
        goes_on: whether to make the calls that an earlier process has left pending.
    """

    def __init__(
        self,
        path: Path,
        *,
        surroundings: Surroundings | None = None,
        say: Callable[[str], None] = print,
        services: Services | None = None,
        goes_on: bool = True,
    ) -> None:
        expect("path", path, Path)
        self.path = path
        path = canonical(path)
        self.folder = path.with_name(f"{path.name}.d")
        make_folder(path.parent)
        self.surroundings = surroundings or Surroundings()
        self.say = say
        self.stopping = threading.Event()
        self._programs: dict[str, Program] = {}
        self._named: dict[UUID, int] = {}
        """The version of each component that was added last to this executor, for new workers."""
        self._workers: dict[int, Worker] = {}
        self._guard = threading.RLock()
        # Everything opened is closed in reverse order, the lock last, even if opening or closing fails.
        with ExitStack() as opened:
            lock = StateLock(path)
            opened.callback(lock.release)
            self.state = State(path)
            opened.callback(self.state.close)
            self.records = Records(self.state)
            _make_private(self.folder)
            network, disk = self.surroundings.network, self.surroundings.disk
            self.services = services or Services(self.folder, network=network, disk=disk)
            opened.callback(self.services.close)
            opened.callback(self._unload)
            self.promises = Promises(self.state)
            self.environment = Environment(self.folder)
            self.webhooks: Callable[[WorkerRecord, int], str | None] = _no_webhook
            """Returns the URL that completes a promise; replaced by what serves agents over HTTP."""
            self.records.note_killed()
            self._start_queue(opened, goes_on=goes_on)
            self._wishes = Wishes(self.state, self._interrupt)
            opened.callback(self._wishes.close)
            self._opened = opened.pop_all()

    def _start_queue(self, opened: ExitStack, *, goes_on: bool) -> None:
        self._queue = Queue(self)
        opened.callback(self._end_calls)
        if goes_on and self.records.pending():
            self._queue.look()

    # Components

    def add_component(self, path: Path, name: str | None = None) -> ComponentRecord:
        """Add a component; store its content for the workers that run it."""
        expect("path", path, Path)
        called = name or path.name.removesuffix(".wasm")
        program = Program(path, called)
        kept = self._kept(program.digest)
        try:
            _keep(kept, program.content)
        except OSError as error:
            raise StateError(f"{kept}: the component cannot be stored there: {error.strerror or error}") from error
        self._programs[program.digest] = program
        record = self.records.add_component(component_id(called), called, program.digest, len(program.content))
        self._named[record.id] = record.version
        return record

    def _kept(self, digest: str) -> Path:
        return self.folder / "components" / f"{digest}.wasm"

    def program(self, component: UUID, version: int) -> Program:
        """Return a version of a component."""
        versions = self.records.versions(component)
        if not 0 <= version < len(versions):
            raise WorkerError(f"component {component} has no version {version}")
        digest = versions[version].digest
        with self._guard:
            if digest not in self._programs:
                try:
                    self._programs[digest] = Program(self._kept(digest), versions[version].name)
                except FileNotFoundError as error:
                    name = f"version {version} of `{versions[version].name}`"
                    raise WorkerError(f"{name} is gone: {error.filename}") from None
                except WitgenError as error:
                    raise _damaged(self._kept(digest)) from error
                if self._programs[digest].digest != digest:
                    del self._programs[digest]
                    raise _damaged(self._kept(digest))
            return self._programs[digest]

    # Workers

    def create(
        self,
        component: UUID,
        name: str,
        *,
        args: tuple[str, ...] = (),
        env: tuple[tuple[str, str], ...] = (),
        once: bool = False,
        config: tuple[tuple[str, str], ...] = (),
        first: tuple[str, str, Encoded] | None = None,
    ) -> Worker:
        """Create a worker of the component's version that was added last here, or else of the newest known one.

        `config` are the values of an agent's configuration; `first` is a call that precedes all others, as
        `Records.add_worker` has it.
        """
        expect("component", component, UUID)
        expect("name", name, str)
        versions = self.records.versions(component)
        if not versions:
            raise WorkerError(f"there is no component {component}")
        version = self.version_for_new(component)
        made = self.records.add_worker(component, name, version, args, env, once=once, config=config, first=first)
        return self.worker(made)

    def version_for_new(self, component: UUID) -> int:
        """Return the version of a component that new workers run."""
        return self._named.get(component, len(self.records.versions(component)) - 1)

    def find(self, component: UUID, name: str) -> Worker | None:
        """Return an existing worker, None if there is none."""
        record = self.records.worker(component, name)
        return None if record is None else self.worker(record)

    def find_or_create(self, component: UUID, name: str, **made: Any) -> Worker:
        """Return a worker; create it, as `create` does, if there is none."""
        with self._guard:
            return self.find(component, name) or self.create(component, name, **made)

    def worker(self, record: WorkerRecord) -> Worker:
        """Return the worker of a record; each worker has one object."""
        with self._guard:
            if record.number not in self._workers:
                self._workers[record.number] = Worker(self, record)
            return self._workers[record.number]

    def discard(self, worker: Worker) -> None:
        """Remove a new worker that has not done anything yet."""
        if self.state.last_position(worker.number) == 1:
            worker.close()
            self.records.remove(worker.number)
            remove_tree(worker_folder(self.folder, worker.number))

    def invoke(self, worker: CallableWorker, function: str, request: Encoded, key: str) -> Encoded:
        """Call a function of a worker and wait for its response."""
        expect("request", request, Encoded)
        expect("key", key, str)
        return worker.invoke(function, request, key)

    # Operations between workers

    def ask(
        self, worker: CallableWorker, function: str, request: Encoded, key: str, check: Callable[[], object]
    ) -> Encoded:
        """Call a function of a worker for another one, and wait until it returns or `check` raises.

        If `check` raises, the call continues until the executor is closed. Repeating it with the same key returns its
        response.
        """
        return self._queue.ask(lambda: self.invoke(worker, function, request, key), check)

    def submit(self, job: Callable[[], T]) -> Future[T]:
        """Run a job on a separate thread."""
        return self._queue.submit(job)

    def look(self) -> None:
        """Make the calls that are due, from now on."""
        self._queue.look()

    def webhook(self, record: WorkerRecord, position: int) -> str | None:
        """Return the URL that completes a promise of an agent, None if the agent is not served."""
        return self.webhooks(record, position)

    def enqueue(self, invocation: Invocation) -> None:
        """Schedule a call; calls with the same key are made once."""
        self.records.enqueue(invocation)
        self._queue.look()

    def settle(self) -> None:
        """Wait until all due calls and submitted jobs are done."""
        self._queue.settle()

    def wake(self, number: int) -> None:
        """Resume a worker that is suspended in the middle of a call."""
        record = self.records.numbered(number)
        if record.status == "suspended":
            self._resume(record)

    def _interrupt(self, number: int) -> None:
        """End the current call of a worker at the request of another process."""
        with self._guard:
            worker = self._workers.get(number)
        if worker is not None:
            worker.stop()

    def _resume(self, record: WorkerRecord) -> None:
        """Let a worker finish its current call on another thread."""

        def resume() -> None:
            try:
                self.worker(record).resume()
            except Exception as error:  # noqa: BLE001 - nobody else would learn of it
                self.say(f"worker `{record.name}`: {error}")

        self.submit(resume)

    def update(self, record: WorkerRecord, target: int, mode: str) -> None:
        """Request an update of a worker; it is made when the worker is next loaded or called."""
        with self.state.transaction():
            request = Encoded(json.dumps([target, mode]))
            self.state.append(record.number, Entry("pending-update", request=request, response=NOTHING))
            self.records.want_update(record.number, target, mode)
        with self._guard:
            worker = self._workers.get(record.number)
        if worker is not None and mode == "automatic":
            # Replay continues the current call with the new version.
            worker.restart()

    def fork(self, source: WorkerRecord, name: str, last: int, *, answer: str | None = None) -> None:
        """Create a worker whose oplog begins with another's, and let it continue by itself.

        Args:
            source: the other worker.
            name: the name of the new worker.
            last: the last entry that they have in common.
            answer: the result of that entry's call in the new worker.
        """
        with self.state.transaction():
            found = self.records.worker(source.component, name)
            if found is not None:
                # The forking worker was stopped just after the fork, maybe before the new worker could begin.
                if found.status == "interrupted":
                    self._resume(found)
                return
            version = self.records.version_at(source.number, last)
            made = self.records.add_worker(
                source.component, name, version, source.args, source.env, config=source.config
            )
            self.state.execute("DELETE FROM oplog WHERE worker = ?", made.number)
            self.state.copy_oplog(source.number, made.number, last)
            share_bodies(self.folder / "http", source.number, made.number)
            share_files(self.folder, source.number, made.number)
            if answer is not None:
                self.state.answer(made.number, last, Encoded(answer))
            self.records.set_status(made.number, "interrupted")
        self._resume(made)

    def revert(self, record: WorkerRecord, last: int) -> None:
        """Revert a worker to an entry of its oplog, discarding all later ones."""
        worker = self.worker(record)
        self.state.refuse_pruned(record.number, last)
        with worker.unloaded():
            self.records.go_back(record.number, last, "revert")
            self.records.set_status(record.number, "idle")

    def before_invocations(self, worker: int, count: int) -> int:
        """Return the last entry before a worker's last calls."""
        return self.state.before_invocations(worker, count)

    # For sessions

    def surroundings_of(self, record: WorkerRecord, version: int) -> Surroundings:
        """Return what a worker can access on this machine."""
        own: tuple[tuple[str, str], ...] = (
            ("GOLEM_WORKER_NAME", record.name),
            ("GOLEM_COMPONENT_ID", str(record.component)),
            ("GOLEM_COMPONENT_VERSION", str(version)),
        )
        if self.program(record.component, version).guest is not None:
            own = agent_environment(record, version)
        given = {name for name, _ in record.env}
        env = (*record.env, *(pair for pair in own if pair[0] not in given))
        return replace(self.surroundings, args=record.args, env=env)

    def stop(self) -> None:
        """End all current calls, and begin no others; the next process resumes them. Any thread may call this.

        Waits in Python notice this a little later, and a call may be just about to begin, so call it again until all
        calls have ended.
        """
        self.stopping.set()
        self.promises.stop()
        self.services.websockets.leave()
        for worker in list(self._workers.values()):
            worker.stop()

    def _stop_again(self) -> None:
        if self.stopping.is_set():
            self.stop()

    def close(self) -> None:
        """Unload all workers and close the state file; twice is fine.

        Current calls are completed first, unless `stop` was called or the worker that made the call has ended.
        """
        self._opened.close()

    def _end_calls(self) -> None:
        self.promises.stop()
        if self._queue.is_left:
            # Nothing waits for this call any more, and it may take forever.
            self.stopping.set()
        self._queue.close(self._stop_again)

    def _unload(self) -> None:
        for worker in list(self._workers.values()):
            worker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _no_webhook(record: WorkerRecord, position: int) -> None:
    del record, position


def _keep(path: Path, content: bytes) -> None:
    if not path.exists() or read(path) != content:
        make_folder(path.parent)
        replace_file(path, content)
        path.chmod(0o600)


def _make_private(folder: Path) -> None:
    """Create the missing files and folders beside a state file, readable only by the user."""
    store = folder / "keyvalue.sqlite"
    refuse_irregular(store, *(store.with_name(store.name + each) for each in BESIDE))
    try:
        for name in ("", "blobs", "components", "files", "http"):
            make_folder(folder / name)
        make_private(store)
    except OSError as error:
        raise StateError(f"{error.filename}: this part of the state file cannot be used: {error.strerror}") from error


def _damaged(path: Path) -> DamagedError:
    return DamagedError(
        f"{path} is damaged: it is not the component that was stored there. Add the component's file again"
    )
