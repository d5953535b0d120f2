"""One session of a worker: from loading it until it is unloaded, fails, or jumps back in its oplog."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NoReturn
from uuid import UUID, uuid4, uuid5

from .._bindings.types.golem_rpc_types import ComponentId, WorkerId
from ..agents._bindings.types.golem_api_retry import NamedRetryPolicy
from ..agents.retries import DEFAULT
from ..composition import AGENT_FIELD
from ..services import random
from ..services.budget import Budget, size_of
from ..services.clocks import Clocks
from ..services.http.client import HttpClient
from .agents import calls_method, refuse_unfit
from .attempts import DEFAULT_POLICY
from .durable.files import Files, worker_folder
from .durable.functions import Durable
from .errors import RefusedError, Stopped, WorkerError
from .exports import Export
from .host_api import (
    agent_api,
    agent_retry,
    agents,
    config_store,
    context,
    durable_functions,
    host,
    main_agents,
    main_clocks,
    main_functions,
    oplog,
    quota,
    rpc,
)
from .host_api.identity import to_wit_uuid
from .instance import Loaded
from .oplog.codec import Encoded
from .oplog.entries import snapshot_files
from .oplog.recorder import Recorder
from .program import Program
from .snapshot_forms import packed, unpacked
from .storage.tables import WorkerRecord

if TYPE_CHECKING:
    from .roles import WorkerExecutor

__all__ = ["Restart", "Session"]

_KEYS: Final = UUID("8f0c6a4e-0c53-5a1c-9d2a-5f6b3b7c2d10")
"""The namespace of idempotency keys."""

_LEVELS: Final = {
    "PersistenceLevelPersistNothing": "persist-nothing",
    "PersistenceLevelPersistRemoteSideEffects": "persist-remote-side-effects",
    "PersistenceLevelSmart": "smart",
}


class Restart(BaseException):
    """Request to reload the worker, because its oplog has changed. Host code must not catch this."""


class Session:
    """A loaded worker and its progress along the oplog.

    Attributes:
        policy: the current retry policy.
    """

    def __init__(self, executor: WorkerExecutor, record: WorkerRecord, version: int) -> None:
        self.executor = executor
        self.record = record
        self.version = version
        self.program: Program = executor.program(record.component, version)
        seen = executor.surroundings
        bodies = executor.folder / "http" / str(record.number)
        limit, used = seen.disk, executor.state.size(record.number) + size_of(bodies)
        budget = Budget(f"worker `{record.name}` with its oplog and responses", limit, used)
        is_committed = executor.services.databases.is_committed
        self.recorder = Recorder(executor.state, record.number, executor.stopping, budget, is_committed)
        self.policy = DEFAULT_POLICY
        self.named_policies: dict[str, NamedRetryPolicy] = {DEFAULT.name: DEFAULT}
        """The retry policies of an agent, by name."""
        self._clocks = Clocks()
        self._last_reading = 0
        self.recorder.on_live.append(lambda: self._clocks.resume(self._last_reading))
        self._loaded: Loaded | None = None
        self.files = Files(
            worker_folder(executor.folder, record.number), f"worker `{record.name}`", lambda: self.recorder.now, limit
        )
        self._http = HttpClient(bodies, allowed=seen.network, limit=seen.response_limit, budget=budget)

    @property
    def _running(self) -> Loaded:
        if self._loaded is None:
            raise WorkerError("the component waits for something before it has started")
        return self._loaded

    def implementations(self) -> dict[str, object]:
        """Return the implementations of the imports, by field of the bindings' `ServicesImports`."""
        return {
            **self.executor.services.implementations(),
            **self._clocks.implementations(),
            **random.implementations(),
            **host.implementations(self),
            **oplog.implementations(self),
            **context.implementations(self),
            **durable_functions.implementations(self),
            **config_store.implementations(self),
            **rpc.implementations(self),
            **self._http.implementations(),
            **self._for_agents(),
        }

    def _for_agents(self) -> dict[str, object]:
        """Return the implementations of the imports of agents; none for other components."""
        if self.program.guest is None:
            return {}
        [tracing] = context.implementations(self).values()
        return {
            **agents.implementations(self),
            **agent_api.implementations(self),
            **agent_retry.implementations(self),
            **quota.implementations(self),
            **main_agents.implementations(self),
            **main_clocks.implementations(self, self._clocks),
            **main_functions.implementations(self),
            AGENT_FIELD.format("golem_api_context"): tracing,
        }

    def start(self) -> None:
        """Instantiate the component, which may already call its host."""
        begins = self.recorder.snapshot
        self.files.rebuild(None if begins is None else snapshot_files(begins))
        durable = Durable(self.recorder, self._observe)
        surroundings = self.executor.surroundings_of(self.record, self.version)
        self._loaded = Loaded(self.program, self.implementations(), self.recorder, durable, surroundings, self.files)

    def call(self, export: Export, request: Encoded) -> Encoded:
        """Call an exported function."""
        return self._running.call(export.of(self.record.name), request)

    def refuse_unfit(self, export: Export, request: Encoded) -> None:
        """Raise if a call refers to an object that the worker does not keep, or to what an older agent does not have.

        Raises:
            WorkerError: it does; nothing was called.
        """
        self._running.refuse_unknown(export, request)
        if calls_method(export):
            refuse_unfit(self.executor, replace(self.record, version=self.version), request)

    def load_snapshot(self, snapshot: bytes) -> None:
        """Let the component load the state that another version has saved."""
        export = self.program.lifecycle("load-snapshot")
        if export is None:
            raise WorkerError(f"version {self.version} of the component exports no golem:api/load-snapshot")
        outcome: Any = export.result(self.call(export, export.request([unpacked(export.params, snapshot)])))
        if (refusal := getattr(outcome, "value", None)) is not None:
            raise WorkerError(f"version {self.version} of the component does not load the snapshot: {refusal}")

    def save_snapshot(self) -> tuple[bytes, str | None]:
        """Let the component save its state, and pack its files; return the state and the name of the archive."""
        export = self.program.lifecycle("save-snapshot")
        if export is None:
            raise WorkerError(f"version {self.version} of the component exports no golem:api/save-snapshot")
        self.recorder.pause()
        return packed(export.result(self.call(export, export.request([])))), self.files.pack()

    def refuse_snapshot(self) -> None:
        """Raise if the worker has state that a snapshot does not include.

        Raises:
            WorkerError: it has; the message says which.
        """
        if self._running.has_objects:
            raise WorkerError("it keeps objects of the component for later calls, which a snapshot does not contain")
        recorder = self.recorder
        policies = (self.policy, self.named_policies)
        if policies != (DEFAULT_POLICY, {DEFAULT.name: DEFAULT}) or recorder.level != "smart" or not recorder.repeats:
            raise WorkerError(
                "it has set its retry policy, persistence level or idempotence mode, which a snapshot does not contain"
            )

    def close(self) -> None:
        """Unload the component; twice is fine."""
        self.recorder.close()
        if self._loaded is not None:
            self._loaded.close()
        self._http.close()

    # Used by the services of this worker

    @property
    def worker_id(self) -> WorkerId:
        """The worker's id."""
        return WorkerId(ComponentId(to_wit_uuid(self.record.component)), self.record.name)

    def key_here(self) -> UUID:
        """Return a UUID for the entry of the current call, the same whenever the call is repeated.

        A call that is not recorded has no entry, and gets a new UUID each time.
        """
        if not self.recorder.current:
            return uuid4()
        # The creation time distinguishes workers that are created one after the other under the same name.
        record = self.record
        return uuid5(_KEYS, f"{record.component}/{record.name}/{record.created}/{self.recorder.current}")

    def check_if_started(self) -> None:
        """Do the same as `check`, but only after the component has started: before that, no call could be ended."""
        if self._loaded is not None:
            self._loaded.check()

    def check(self) -> None:
        """Raise if the current call has to end; host code that waits must call this itself."""
        self._running.check()

    def stop(self, cause: BaseException | None = None) -> None:
        """End the current call, which the next process resumes. Any thread may call this."""
        if self._loaded is not None:
            self._loaded.stop(cause or Stopped())

    def go_back(self, position: int, kind: str) -> NoReturn:
        """Discard all entries after a position of the oplog, and continue from there.

        Args:
            position: the last entry to keep.
            kind: the kind of the new entry: `jump` or `revert`.
        """
        if not 0 < position <= self.recorder.current:
            raise RefusedError(f"the oplog has no entry {position} to go back to")
        self.executor.records.go_back(self.record.number, position, kind)
        raise Restart

    def _observe(self, interface: str, function: str, arguments: Sequence[Any], value: Any) -> None:
        """Track settings and clock readings of the worker, also in replay."""
        if interface.startswith("wasi:clocks/monotonic-clock") and function == "now":
            self._last_reading = value
        elif interface.startswith("golem:api/retry"):
            self._observe_policies(function, arguments)
        elif not interface.startswith("golem:api/host"):
            return
        elif function == "set-retry-policy":
            [self.policy] = arguments
        elif function == "set-oplog-persistence-level":
            self.recorder.level = _LEVELS[type(arguments[0]).__name__]
        elif function == "set-idempotence-mode":
            [self.recorder.repeats] = arguments

    def _observe_policies(self, function: str, arguments: Sequence[Any]) -> None:
        if function == "set-retry-policy":
            [policy] = arguments
            self.named_policies[policy.name] = policy
        elif function == "remove-retry-policy":
            self.named_policies.pop(arguments[0], None)
