"""A worker: a component whose memory is rebuilt from its oplog whenever it is needed."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from witgen_runtime.host import ComponentError, DeadlineError, EngineError, GuestExit, LinkError

from ..agents.retries import DEFAULT
from ..services.waiting import look
from .advice import command
from .agents import failure_of, initialization_key, is_agent_call, snapshot_is_due
from .attempts import DEFAULT_POLICY, Streak, agent_pause, described, worker_pause
from .errors import DivergenceError, RefusedError, StateError, Stopped, WorkerError
from .exports import Export
from .oplog.codec import NOTHING, Encoded
from .oplog.entries import INVOKED, UPDATED, Entry, open_regions
from .session import Restart, Session
from .storage.tables import WorkerRecord
from .updates import begin_anew, update

if TYPE_CHECKING:
    from .roles import WorkerExecutor

__all__ = ["Worker"]

T = TypeVar("T")

_LOOK_AGAIN: Final = 0.1
"""Seconds between two checks whether the caller still waits."""

_asking: ContextVar[frozenset[Worker]] = ContextVar("workers whose calls wait for this one", default=frozenset())


class Worker:
    """Worker in this process. Its calls may come from any thread and run one after another.

    Attributes:
        number: its number in the state file.
    """

    def __init__(self, executor: WorkerExecutor, record: WorkerRecord) -> None:
        self.executor = executor
        self.number = record.number
        self._lock = threading.RLock()
        self._session: Session | None = None
        self._streak = Streak()
        self._is_stopped = False
        """Whether the current call was asked to end."""
        self._failures: list[str] | None = None
        """Collects the reasons of failed updates, while a caller waits for them."""

    @property
    def record(self) -> WorkerRecord:
        """Its record in the state file."""
        return self.executor.records.numbered(self.number)

    def invoke(self, function: str, request: Encoded, key: str) -> Encoded:
        """Make a call, or return the response of an earlier call with this key.

        Raises:
            WorkerError: the worker takes no more calls.
            Trap: the component failed, and so did all retries.
        """
        with self._entered():
            self._announce(key)
            return self._attempt(lambda: self._invoke(function, request, key))

    def update(self, target: int, mode: str) -> None:
        """Update the worker to another version of its component now.

        Raises:
            WorkerError: it stays at its version; the message says why.
        """
        with self._entered():
            self.executor.update(self.record, target, mode)
            self._announce("")
            failures: list[str] = []
            self._failures = failures
            try:
                while self.executor.records.next_update(self.number) is not None:
                    self._attempt(self._awake)
            finally:
                self._failures = None
            record = self.record
            if record.version != target:
                raise WorkerError(
                    f"worker `{record.name}` cannot be updated to version {target} and stays at version "
                    f"{record.version}; nothing was called: {'; '.join(failures)}"
                )

    def resume(self) -> None:
        """Finish the worker's unfinished call, if there is one."""
        with self._entered():
            self._attempt(self._awake)

    def begin_anew(self) -> bool:
        """Restart the oplog from a snapshot; return False if the worker is not idle, or its component has no snapshots.

        Raises:
            WorkerError: the component or its state does not allow a snapshot; the worker is unchanged.
            HostError: the component failed.
        """
        with self._entered():
            record = self.record
            if record.status != "idle" or not self.executor.program(record.component, record.version).has_snapshots:
                return False
            try:
                begin_anew(self.executor, record, self._load, self.close)
            finally:
                self.close()
            return True

    def close(self) -> None:
        """Unload the worker; the next call loads it again."""
        with self._lock:
            session, self._session = self._session, None
            if session is not None:
                session.close()

    def stop(self) -> None:
        """End the current call, if there is one. Any thread may call this."""
        self._is_stopped = True
        session = self._session
        if session is not None:
            session.stop()

    def restart(self) -> None:
        """Restart the current call, if there is one, by replay. Any thread may call this."""
        session = self._session
        if session is not None:
            session.stop(Restart())

    @contextmanager
    def unloaded(self) -> Generator[None]:
        """Keep the worker unloaded for a while."""
        with self._entered():
            self.close()
            yield

    @contextmanager
    def _entered(self) -> Generator[None]:
        if self in _asking.get():
            raise WorkerError(f"worker `{self.record.name}` calls itself, and would wait for itself forever")
        while not self._lock.acquire(timeout=_LOOK_AGAIN):
            self._refuse_stopping()
            look()
        entered = _asking.set(_asking.get() | {self})
        try:
            self._is_stopped = False
            self._refuse_stopping()
            yield
        finally:
            _asking.reset(entered)
            self._lock.release()

    def _refuse_stopping(self) -> None:
        if self.executor.stopping.is_set():
            raise Stopped

    # Inside the lock

    def _invoke(self, function: str, request: Encoded, key: str) -> Encoded:
        session = self._awake()
        recorded = self.executor.state.answer_of(self.number, key)
        if recorded is not None:
            return recorded
        if session.program.guest is not None:
            self._initialise(key)
            session = self._awake()
        export = session.program.find_called(function)
        export.check(request)
        session.refuse_unfit(export, request)
        with self.executor.state.transaction():
            self._note("running")
            session.recorder.begin(export.name, key, request)
        response = session.call(export, request)
        with self.executor.state.transaction():
            session.recorder.complete(export.name, response, key)
            self._note("idle")
            self._note_agent_failure(export, response)
        if is_agent_call(export.interface):
            self._take_due_snapshot()
        return response

    def _take_due_snapshot(self) -> None:
        """Take a snapshot of the agent if its type asks for one now. Without it, replay begins further back."""
        record = self.record
        if record.status != "idle" or not snapshot_is_due(self.executor, record):
            return
        self.close()
        try:
            begin_anew(self.executor, record, self._load, self.close)
        except (StateError, Stopped):
            raise
        except Exception as error:  # noqa: BLE001 - whatever the component fails with
            self.close()
            self.executor.say(f"agent {record.name} has no new snapshot: {described(error)}")

    def _initialise(self, key: str) -> None:
        """Make the agent, unless it is made already, or the call with a key makes it."""
        record = self.record
        first = initialization_key(record)
        if key == first or self.executor.state.answer_of(self.number, first) is not None:
            return
        call = self.executor.records.invocation(self.number, first)
        if call is not None:
            self.executor.records.settle(self.number, first, "done")
            self._invoke(call.function, call.request, first)
            self._refuse_ended()

    def _note_agent_failure(self, export: Export, response: Encoded) -> None:
        """Mark an agent as failed that ended a call with an error: Golem calls it no more."""
        if is_agent_call(export.interface) and (reason := failure_of(response)) is not None:
            self._append("error", f"the agent ended the call with an error: {reason}")
            self._note("failed")

    def _awake(self) -> Session:
        """Return the loaded worker, after replay of its whole oplog."""
        self._refuse_ended()
        if self._session is not None and self.executor.records.next_update(self.number) is None:
            return self._session
        self.close()
        return update(self.executor, self.record, self._load, self.close, self._tell_failed_update)

    def _tell_failed_update(self, version: int, reason: str) -> None:
        if self._failures is None:
            self.executor.say(f"worker `{self.record.name}` stays at version {version}: {reason}")
        else:
            self._failures.append(reason)

    def _announce(self, key: str) -> None:
        """Tell the user that the worker has an unfinished call, which it resumes first."""
        if self._session is not None or self.record.status in {"failed", "exited"}:
            return
        call = self.executor.state.open_call(self.number)
        if call is not None and call.key != key:
            name = self.record.name
            begun = datetime.fromtimestamp(call.at / 1e9, UTC).isoformat(timespec="seconds")
            self.executor.say(
                f"worker `{name}` first resumes `{call.called}`, a call that began at {begun}; "
                f"{command('abandon', name, self.executor.path)} abandons it"
            )

    def _load(self, version: int) -> Session:
        """Load a version of the component and replay the oplog."""
        session = self._session = Session(self.executor, self.record, version)
        self._replay(session)
        return session

    def _replay(self, session: Session) -> None:
        recorder = session.recorder
        is_busy = False

        def go_on() -> None:
            if is_busy:
                self._note("running", retries=self.record.retries)

        recorder.on_live.append(go_on)
        session.start()
        while (entry := recorder.next_entry()) is not None:
            if entry.kind == UPDATED:
                recorder.take()
                session.load_snapshot(entry.request.data)
            elif entry.kind == INVOKED:
                is_busy = True
                recorder.take()
                export = session.program.find_called(entry.name)
                response = session.call(export, entry.request)
                is_busy = False
                was_open = not recorder.is_replaying
                recorder.complete(export.name, response, entry.key)
                if was_open:
                    self._note_agent_failure(export, response)
            else:
                raise DivergenceError(entry.position, f"{entry.name}({entry.request.text[1:-1]})", "nothing")
        if self.record.status not in {"idle", "failed"}:
            self._note("idle")
        self._refuse_ended()

    def _refuse_ended(self) -> None:
        record = self.record
        path, name = self.executor.path, record.name
        if record.status == "failed":
            reason = self.executor.state.last(self.number, "error")
            text = reason.about if reason is not None else "it failed"
            call = self.executor.state.open_call(self.number)
            give_up = "" if call is None else f", {command('abandon', name, path)} abandons the call of `{call.called}`"
            raise WorkerError(
                f"worker `{name}` has failed and takes no more calls: {text}\n"
                f"{command('retry', name, path)} lets it try again{give_up}, {command('delete', name, path)} removes it"
            )
        if record.status == "exited":
            raise WorkerError(
                f"worker `{name}` has exited and takes no more calls; {command('abandon', name, path)} takes it "
                f"back before its last call, {command('delete', name, path)} removes it"
            )

    def _note(self, status: str, *, retries: int = 0) -> None:
        self.executor.records.set_status(self.number, status, retries=retries)

    def _append(self, kind: str, text: object = None) -> None:
        self.executor.state.append(self.number, Entry(kind, request=Encoded(json.dumps(text)), response=NOTHING))

    # Failures

    def _attempt(self, action: Callable[[], T]) -> T:
        deadline = self.executor.surroundings.deadline
        due = None if deadline is None else time.monotonic() + deadline
        while True:
            try:
                return action()
            except Restart:
                self.close()
            except GuestExit:
                self._end("exited")
                raise
            except RefusedError as error:
                self._fail(error, due)
            except (Stopped, WorkerError, LinkError, ComponentError, EngineError):
                self._leave_off()
                raise
            except (KeyboardInterrupt, DeadlineError, SystemExit):
                self._end("interrupted")
                raise
            except Exception as error:  # noqa: BLE001 - whatever a host function raises ends the call
                self._fail(error, due)

    def _leave_off(self) -> None:
        """Leave a call unfinished that cannot continue here; the next start resumes it."""
        self.close()
        with suppress(StateError):
            if self.record.status == "running":
                self._end("interrupted")

    def _end(self, kind: str) -> None:
        self.close()
        self._append(kind)
        self._note(kind)

    def _fail(self, error: Exception, due: float | None) -> None:
        """Record a failure and wait for the next attempt; raise it if there is none.

        Args:
            error: the failure.
            due: the call's deadline on the monotonic clock; None for no deadline.
        """
        if self.executor.stopping.is_set():
            # The failure may be a consequence of that.
            self._leave_off()
            raise Stopped from error
        pause, of_all = self._pauses()
        self.close()
        self._append("error", described(error))
        record = self.record
        # As in Golem, only consecutive failures without progress in between count.
        tries = 1 + (record.retries if self.executor.records.note_failure(self.number) else 0)
        delay = pause(error, tries)
        if delay is None:
            self._note("failed", retries=tries - 1)
            raise error
        self._note("retrying", retries=tries)
        self.executor.say(f"worker `{record.name}`: {described(error)}; attempt {tries + 1}{of_all} in {delay:g} s")
        try:
            self._await_attempt(delay, due)
        except (Stopped, DeadlineError):
            self._note("interrupted", retries=tries)
            raise

    def _pauses(self) -> tuple[Callable[[Exception, int], float | None], str]:
        """Return the function that says when the call is attempted again, and of how many attempts, for a message."""
        session, record = self._session, self.record
        if self.executor.program(record.component, record.version).guest is None:
            policy = DEFAULT_POLICY if session is None else session.policy
            return lambda _, tries: worker_pause(policy, tries), f" of {policy.max_attempts}"
        named = {DEFAULT.name: DEFAULT} if session is None else session.named_policies
        known: dict[str, str | bool] = {"agent-type": record.name.partition("(")[0]}
        known["is-idempotent"] = session is None or session.recorder.repeats
        known["in-region"] = bool(open_regions(self.executor.state.entries(self.number, alive=True)))
        return partial(agent_pause, named, self._streak, known), ""

    def _await_attempt(self, delay: float, due: float | None) -> None:
        end = time.monotonic() + delay
        while (rest := end - time.monotonic()) > 0:
            if self.executor.stopping.wait(min(rest, _LOOK_AGAIN)) or self._is_stopped:
                raise Stopped
            if due is not None and time.monotonic() >= due:
                raise DeadlineError(
                    f"the call took longer than {self.executor.surroundings.deadline:g} seconds, including the wait "
                    "for its next attempt"
                )
