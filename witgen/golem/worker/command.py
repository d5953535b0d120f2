"""`witgen run`: one call of one worker."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from witgen_runtime.host import DeadlineError, HostError
from witgen_runtime.host.signatures import describe
from witgen_runtime.values import Err

from ... import wave
from ...base.counted import counted
from ...diagnostics.errors import WitgenError
from ..agents.definitions import AgentTypes
from ..agents.errors import AgentError
from ..services.errors import ServiceError
from .advice import DEFAULT_STATE, command
from .agent_command import AgentCall, call_of, configure, names_agent
from .agents import INVOKE
from .errors import Stopped, TrappedError, WorkerError
from .executor import Executor
from .exports import Export
from .instance import Surroundings
from .oplog.codec import Encoded
from .oplog.entries import Entry
from .storage.tables import ComponentRecord
from .worker import Worker

__all__ = ["DEFAULT_STATE", "Answer", "Run", "opened", "run", "variables"]


DEADLINE: Final = 3600.0
MEMORY: Final = 1 << 30
DISK: Final = 1 << 30
"""The default limit of disk space, in bytes: a component may not be trusted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Options of one run.

    Attributes:
        component: the component's file; `name=file` to give it another name.
        function: the exported function, by its full name or an unambiguous part of it; or an agent's id.
        arguments: the arguments in WAVE, or in JSON with `json`; for an agent, the method and its arguments.
        worker: the worker's name; None for a new worker with a generated name.
        env: the environment of a new worker.
        folders: folders that the guest can access: `folder`, or `folder::name in the guest`.
        others: other components to add, written like `component`.
        key: the call's idempotency key; a key that was used before resumes that call or returns its result.
        update: how to update a worker of another version: `automatic` or `snapshot-based`.
        deadline: the time limit of the call, in seconds; None for no limit.
        memory: the size limit of each memory, in bytes; None for no limit.
        disk: the size limit, in bytes, of the oplog with response bodies, of the worker's files, and of each store.
        config: configuration of the agent types that read it, to set first: `path=value`.
        secrets: secrets of the environment of all agents, to set first: `path=value`.
        guest_stdout: the destination of the component's standard output: `stderr`, `stdout` or `none`.
        say: takes lines for people; `warn` takes those that tell of a probable mistake.
    """

    component: str
    function: str
    arguments: Sequence[str] = ()
    worker: str | None = None
    state: Path = DEFAULT_STATE
    env: Sequence[str] = ()
    folders: Sequence[str] = ()
    others: Sequence[str] = ()
    key: str | None = None
    update: str | None = None
    deadline: float | None = DEADLINE
    memory: int | None = MEMORY
    disk: int | None = DISK
    network: bool = True
    json: bool = False
    guest_stdout: str = "stderr"
    config: Sequence[str] = ()
    secrets: Sequence[str] = ()
    say: Callable[[str], None] = field(default=print)
    warn: Callable[[str], None] = field(default=print)


@dataclass(frozen=True, slots=True)
class Answer:
    """Outcome of a run: the result as text, whether it is an error declared by the function, and the worker."""

    text: str
    is_error: bool
    status: str


def run(wanted: Run, begun: Callable[[Executor], object] = lambda _: None) -> Answer:
    """Call a function of a worker and wait for its result.

    Args:
        wanted: the options.
        begun: is called with the executor, which another thread may then stop.

    Raises:
        WorkerError: the call is impossible, or the component failed; the message says why.
        Stopped: the call was stopped; the message gives the worker's status.
    """
    *others, main = map(_located, (*wanted.others, wanted.component))
    try:
        executor = Executor(wanted.state, surroundings=_surroundings(wanted), say=wanted.say)
    except ServiceError as error:
        raise WorkerError(str(error)) from error
    with executor:
        begun(executor)
        for other in others:
            executor.add_component(*other)
        component = executor.add_component(*main)
        program = executor.program(component.id, component.version)
        if names_agent(program, wanted.function):
            return _run_agent(executor, component, wanted)
        return _run_function(executor, component, wanted)


@contextmanager
def opened(wanted: Run) -> Generator[tuple[Executor, ComponentRecord]]:
    """Open an executor with a component with agents, for any number of calls.

    Raises:
        WorkerError: the component has no agents, or the configuration is not of the right type.
    """
    path, name = _located(wanted.component)
    try:
        executor = Executor(wanted.state, surroundings=_surroundings(wanted), say=wanted.say)
    except ServiceError as error:
        raise WorkerError(str(error)) from error
    with executor:
        component = executor.add_component(path, name)
        program = executor.program(component.id, component.version)
        if program.guest is None:
            raise WorkerError(f"{path}: the component has no agents: it does not export golem:agent/guest")
        configure(executor, program.agents, _pairs("--config", wanted.config), _pairs("--secret", wanted.secrets))
        yield executor, component


def _run_function(executor: Executor, component: ComponentRecord, wanted: Run) -> Answer:
    """Call a function of a worker."""
    _refuse_agent_options(wanted)
    name = wanted.worker or f"run-{secrets.token_hex(4)}"
    found = executor.find(component.id, name)
    if found is not None:
        _look_at(found, component, wanted)
    # Before the worker is created, so that a mistake leaves nothing behind.
    version = component.version if found is None else _version_of(found)
    with _of_version(found, component, wanted.say):
        export = executor.program(component.id, version).find(wanted.function)
        request = _request(export, wanted)
    worker = found or executor.create(
        component.id, name, env=tuple(map(_variable, wanted.env)), once=wanted.worker is None
    )
    earlier = worker.executor.state.call_with(worker.number, wanted.key or "")
    response = _response(executor, worker, export.name, request, wanted.key, is_new=found is None)
    # The worker may have been updated, and the key that of a call of another function.
    called = _earlier(earlier, worker, export.name, request, wanted)
    export = executor.program(component.id, worker.record.version).find(called)
    return Answer(*_rendered(export, response, as_json=wanted.json), _status(worker))


def _run_agent(executor: Executor, component: ComponentRecord, wanted: Run) -> Answer:
    """Call a method of an agent; the first argument is the method."""
    if wanted.worker is not None:
        raise WorkerError(f"--worker {wanted.worker}: an agent's name is its id: leave the option out")
    types = executor.program(component.id, component.version).agents
    configure(executor, types, _pairs("--config", wanted.config), _pairs("--secret", wanted.secrets))
    found = _existing(executor, component, types, wanted.function)
    if found is not None:
        _look_at(found, component, wanted)
        types = executor.program(component.id, _version_of(found)).agents
    with _of_version(found, component, wanted.say):
        call = call_of(types, wanted.function, wanted.arguments)
    if found is not None and wanted.config:
        wanted.say(f"agent {call.agent.text} already exists and keeps the config it was made with")
    worker = found or call.worker(executor, component, tuple(map(_variable, wanted.env)))
    earlier = executor.state.call_with(worker.number, wanted.key or "")
    key = wanted.key or _interrupted(worker, call, wanted.say)
    response = _response(executor, worker, INVOKE, call.request, key, is_new=found is None)
    called = _earlier(earlier, worker, call.method.name, call.request, wanted)
    return Answer(*call.of_method(called).rendered(response, as_json=wanted.json), _status(worker))


def _existing(executor: Executor, component: ComponentRecord, types: AgentTypes, text: str) -> Worker | None:
    """Return the worker of an agent, None if there is none: its own version of the component may know another id."""
    try:
        name = types.parse(text).text
    except AgentError:
        name = text.strip()
    return executor.find(component.id, name)


def _earlier(earlier: Entry | None, worker: Worker, called: str, request: Encoded, wanted: Run) -> str:
    """Return what a call with a key has called; tell the user if that was an earlier call, and how it differs."""
    if earlier is None:
        return called
    is_same = earlier.request == request and earlier.called == called
    what = "with the same arguments" if is_same else "with other arguments"
    if earlier.called != called:
        what = f"of `{earlier.called}`"
    tell = wanted.say if is_same else wanted.warn
    tell(
        f"worker `{worker.record.name}`: this is the result of an earlier call with --key {wanted.key}, {what}; "
        "another key makes another call"
    )
    return earlier.called


def _interrupted(worker: Worker, wanted: AgentCall, say: Callable[[str], None]) -> str | None:
    """Return the key of the call that the agent is in the middle of, if it is this one: who repeats it means that."""
    call = worker.executor.state.open_call(worker.number)
    if call is None or call.request != wanted.request or worker.record.status == "failed":
        return None
    program = worker.executor.program(worker.record.component, worker.record.version)
    if call.name != program.find_called(INVOKE).name:
        return None
    say(f"agent {worker.record.name} goes on with this call, which was interrupted; another --key makes another call")
    return call.key


def _refuse_agent_options(wanted: Run) -> None:
    for option, given in (("--config", wanted.config), ("--secret", wanted.secrets)):
        if given:
            raise WorkerError(f"{option} {given[0]}: only agents have this: name one as Type(parameters)")


def _pairs(option: str, given: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in given:
        name, separator, value = each.partition("=")
        if not separator or not name:
            raise WorkerError(f"{option} {each}: expected NAME=VALUE")
        found[name] = value
    return found


def _surroundings(wanted: Run) -> Surroundings:
    return Surroundings(
        folders=tuple(map(_folder, wanted.folders)),
        network=wanted.network,
        deadline=wanted.deadline,
        memory=wanted.memory,
        disk=wanted.disk,
        output=_passing(wanted.guest_stdout),
    )


@contextmanager
def _explained(worker: Worker) -> Generator[None]:
    """Add the worker's status to the error of a failed call."""
    try:
        yield
    except (HostError, WitgenError, TrappedError, NotImplementedError) as error:
        raise WorkerError(f"{type(error).__name__}: {error}\n{_status(worker)}") from error
    except WorkerError as error:
        raise WorkerError(f"{error}\n{_status(worker)}") from error
    except Stopped as error:
        raise Stopped(_status(worker)) from error


def _version_of(worker: Worker) -> int:
    """Return the version that the worker's next call runs on, with a pending update."""
    wanted = worker.executor.records.next_update(worker.number)
    return worker.record.version if wanted is None else wanted[1]


def _located(given: str) -> tuple[Path, str | None]:
    """Return a component's path and name; raise if the file does not exist, before anything is written."""
    name, separator, path = given.rpartition("=")
    if not Path(path).exists():
        raise WorkerError(f"`{path}` does not exist: pass the path of a component")
    return Path(path), name if separator else None


def _folder(given: str) -> tuple[str, str]:
    here, _, guest = given.partition("::")
    if not Path(here).is_dir():
        raise WorkerError(f"--dir {given}: there is no folder {here}")
    return guest or here, here


def _passing(stdout: str) -> Callable[[str, bytes], None]:
    """Return the function that passes on the component's output; stdout is reserved for the result by default."""

    def pass_on(stream: str, data: bytes) -> None:
        place = stdout if stream == "stdout" else stream
        if place != "none":
            out = getattr(sys, place).buffer
            out.write(data)
            out.flush()

    return pass_on


def _response(
    executor: Executor, worker: Worker, function: str, request: Encoded, key: str | None, *, is_new: bool
) -> Encoded:
    """Call the function; discard a new worker if that fails."""
    try:
        with _explained(worker):
            response = executor.invoke(worker, function, request, key or secrets.token_hex(16))
            executor.settle()
            return response
    except BaseException as error:
        if isinstance(error.__cause__, DeadlineError):
            # Other workers may be busy forever; the next process resumes them.
            executor.stopping.set()
        if is_new:
            executor.discard(worker)
        raise


def _request(export: Export, wanted: Run) -> Encoded:
    read = wave.parse_json if wanted.json else wave.parse
    try:
        return export.request(wave.parse_arguments(wanted.arguments, export.function.params, read))
    except ValueError as error:
        raise WorkerError(f"{describe(export.function)}: {error}") from None


def _look_at(worker: Worker, component: ComponentRecord, wanted: Run) -> None:
    """Update an existing worker if requested; tell the user which options do not apply to it."""
    record = worker.record
    if wanted.env and tuple(map(_variable, wanted.env)) != record.env:
        wanted.say(f"worker `{record.name}` already exists and keeps the environment it was created with")
    if record.version != component.version and wanted.update is not None:
        with _explained(worker):
            worker.update(component.version, wanted.update)


@contextmanager
def _of_version(worker: Worker | None, component: ComponentRecord, say: Callable[[str], None]) -> Generator[None]:
    """Tell the user that a worker runs another version than the file's; if the call does not fit it, in the error."""
    version = component.version if worker is None else _version_of(worker)
    if worker is None or version == component.version:
        yield
        return
    told = (
        f"worker `{worker.record.name}` stays at version {version} of `{component.name}`; this file is version "
        f"{component.version} (update it with --update automatic or --update snapshot-based)"
    )
    try:
        yield
    except WorkerError as error:
        raise WorkerError(f"{error}\n{told}") from None
    say(told)


def variables(given: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return environment variables that are given as `NAME=VALUE`; raise `WorkerError` for others."""
    return tuple(map(_variable, given))


def _variable(given: str) -> tuple[str, str]:
    name, separator, value = given.partition("=")
    if not separator or not name:
        raise WorkerError(f"--env {given}: expected NAME=VALUE")
    return name, value


def _rendered(export: Export, response: Encoded, *, as_json: bool) -> tuple[str, bool]:
    declared = export.function.result
    if declared is None:
        return "", False
    value = export.result(response)
    text = json.dumps(wave.to_json(value, declared)) if as_json else wave.render(value, declared)
    return text, export.function.raises is not None and isinstance(value, Err)


def _status(worker: Worker) -> str:
    record = worker.record
    entries = counted(worker.executor.state.last_position(worker.number), "oplog entry", "oplog entries")
    retries = f", {counted(record.retries, 'retry', 'retries')}" if record.retries else ""
    status = f"worker `{record.name}`: {record.status}{retries}, version {record.version}, {entries}"
    call = worker.executor.state.open_call(worker.number)
    if call is None or record.status == "running":
        return status
    give_up = command("abandon", record.name, worker.executor.path)
    if record.status == "failed":
        again = command("retry", record.name, worker.executor.path)
        return f"{status}\n{again} lets it try `{call.called}` again, {give_up} abandons that call"
    return f"{status}\nin the middle of `{call.called}`, which its next call resumes first; {give_up} abandons it"
