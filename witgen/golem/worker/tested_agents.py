"""The agents of a component, for tests that are written for those on CPython: `--witgen-component`."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import sleep, time_ns
from typing import Any, Final, NoReturn, ParamSpec, Self, TypeVar, cast
from uuid import UUID, uuid4

from witgen_runtime.host import HostError
from witgen_runtime.values import Err, Ok

from ..agents._bindings._abi import golem_agent_common as host_common
from ..agents._bindings._abi import golem_agent_guest as guest
from ..agents._bindings._abi import golem_core_types as host_core
from ..agents.definitions import AgentDefinition
from ..agents.errors import AgentError
from ..agents.ids import agent_id
from ..fitting import converted
from ..sdk import agent_parts
from ..sdk._bindings._abi import golem_agent_common as sdk_common
from ..sdk._bindings._abi import golem_core_types as sdk_core
from ..sdk._bindings.guest.testing import Fakes
from ..sdk._bindings.types import golem_agent_host as api
from ..sdk.clients import Client, bound
from ..sdk.data_values import arguments_of, read_arguments
from ..sdk.declaring import definition_of, latest
from ..sdk.definitions import AgentDefinition as Declared
from ..sdk.json_values import to_json
from ..sdk.principal import GolemUserPrincipal, Principal
from ..sdk.schema import check
from ..sdk.testing.agents import Agents
from .agents import INVOKE, LOCAL_USER, invocation, outcome_of, secret_path
from .agents import Agents as WorkerAgents
from .durable.calls import request_type
from .errors import WorkerError
from .executor import Executor
from .oplog.codec import decode, no_handle
from .oplog.entries import INVOKED
from .storage.tables import Invocation
from .worker import Worker

__all__ = ["ComponentAgents"]

P = ParamSpec("P")
T = TypeVar("T")

_SECOND: Final = 1_000_000_000


def _quiet(line: str) -> None:
    del line


class ComponentAgents(Agents):
    """The agents of one test, which run in a component on this machine's executor, with a state of their own.

    What differs from those on CPython: the fakes answer nothing, time is real, and a failing call is tried again as the
    retry policy says.

    Args:
        component: the component's path.
    """

    def __init__(self, component: Path) -> None:
        self.principal: Principal = GolemUserPrincipal(UUID(int=1))
        self._path = component
        self._answers = Fakes()
        self._stack = ExitStack()
        self._executor: Any = None

    @property
    def fakes(self) -> NoReturn:
        """Refuse: the component's imports are those of the executor."""
        raise NotImplementedError("fakes answer agents on CPython only: this test cannot run with --witgen-component")

    def database(self, url: str) -> NoReturn:
        """Refuse: the component connects to real databases, of which this machine has none of its own."""
        raise NotImplementedError(f"{url} is SQLite on CPython only: this test cannot run with --witgen-component")

    def __enter__(self) -> Self:
        folder = Path(self._stack.enter_context(TemporaryDirectory(prefix="witgen-agents-")))
        self._executor = self._stack.enter_context(Executor(folder / "state.db", say=_quiet))
        self._component = self._executor.add_component(self._path)
        self._types = self._executor.program(self._component.id, self._component.version).agents
        self._stack.enter_context(self._answers)
        self._install()
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.stop()
        self._stack.close()

    def configure(self, cls: Callable[..., Any], **values: Any) -> None:
        """Give configuration and secrets to agents of a class."""
        definition = self._known(cls)
        leaves = {leaf.path: leaf for leaf in definition.config}
        for path, value in _flat(values):
            if path not in leaves:
                raise TypeError(f"`{definition.name}` declares no configuration `{'.'.join(path)}`")
            leaf = leaves[path]
            text = json.dumps(to_json(leaf.schema, check(leaf.schema, value, ".".join(path))))
            if leaf.source == "secret":
                self._executor.environment.set_secrets({secret_path(path): text})
            else:
                self._executor.environment.set_config(definition.name, {".".join(path): text})

    def client(self, cls: Callable[P, T]) -> Client[P, T]:
        """Return what finds agents of a class."""
        self._known(cls)
        return Client(cls)

    def calls(self, cls: Callable[..., Any] | str, *args: Any, **kwargs: Any) -> list[tuple[Any, ...]]:
        """Return the calls that an agent has got, by its oplog."""
        self.settle()
        definition = latest(cls) if isinstance(cls, str) else self._known(cls)
        if definition is None:
            raise LookupError(f"there is no agent called `{cls}`")
        worker = self._found(definition, args, kwargs)
        if worker is None:
            return []
        made = (each for each in self._executor.state.entries(worker.number, alive=True) if each.kind == INVOKED)
        return [_called(definition, each.request) for each in made if each.name.endswith(".{invoke}")]

    def restart(self, cls: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Save an agent's state, and let its next call load it."""
        self.settle()
        worker = self._found(self._known(cls), args, kwargs)
        if worker is None:
            raise LookupError(f"`{self._known(cls).name}` has no such agent yet")
        if not worker.begin_anew():
            raise WorkerError(f"{worker.record.name} is not idle, or its component saves no state")

    @property
    def now(self) -> dt.datetime:
        """The time."""
        return dt.datetime.now(dt.UTC)

    def advance(self, time: float | dt.timedelta) -> None:
        """Wait for so long, and for what is due until then."""
        sleep(time.total_seconds() if isinstance(time, dt.timedelta) else time)
        self.settle()

    def settle(self) -> None:
        """Wait until no call is due or under way."""
        self._executor.settle()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine of a test."""
        return asyncio.run(coroutine)

    # Agents

    def _known(self, cls: Callable[..., Any]) -> Declared:
        definition = definition_of(cls)
        self._types.find(definition.name)
        return definition

    def _found(self, definition: Declared, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Worker | None:
        given = bound(definition.python, definition, None, args, kwargs)
        data = _to_host("DATA_VALUE", arguments_of(definition.constructor, given))
        declared = self._types.find(definition.name)
        name = agent_id(definition.name, declared.constructor, declared.constructor.from_data(data)).text
        found: Worker | None = self._executor.find(self._component.id, name)
        return found

    def _create(self, name: str, data: Any, phantom: Any, config: list[Any]) -> Any:
        made = self._answers.golem_agent_host.WasmRpc()
        definition: AgentDefinition = self._types.find(name)
        values = definition.constructor.from_data(_to_host("DATA_VALUE", data))
        chosen = None if phantom is None else UUID(int=phantom.high_bits << 64 | phantom.low_bits)
        agent = agent_id(name, definition.constructor, values, chosen)
        if config:
            raise NotImplementedError("with_config() cannot be used with --witgen-component: use configure()")
        made.definition = definition
        made.worker = lambda: WorkerAgents(self._executor).find_or_create(
            self._component.id, definition, agent, LOCAL_USER
        )
        return made

    # Calls

    def _request(self, rpc: Any, method: str, data: Any) -> Any:
        given = _to_host("DATA_VALUE", data)
        with _rpc_errors():
            rpc.definition.method(method).takes.from_data(given)
        caller = converted(sdk_common.PRINCIPAL, host_common.PRINCIPAL, agent_parts.to_golem(self.principal))
        return invocation(method, given, caller)

    def _ask(self, rpc: Any, method: str, data: Any) -> Any:
        request = self._request(rpc, method, data)
        with _rpc_errors():
            return _from_host("DATA_VALUE", outcome_of(self._executor.invoke(rpc.worker(), INVOKE, request, _key())))

    def _begin(self, rpc: Any, method: str, data: Any) -> Any:
        made = self._answers.golem_agent_host.FutureInvokeResult()
        made.future = self._executor.submit(lambda: self._ask(rpc, method, data))
        return made

    def _enqueue(self, rpc: Any, method: str, data: Any, due: int | None = None) -> str:
        request, key = self._request(rpc, method, data), _key()
        with _rpc_errors():
            worker = rpc.worker()
            self._executor.enqueue(Invocation(worker.number, key, INVOKE, request, due or time_ns()))
        return key

    def _schedule(self, rpc: Any, when: Any, method: str, data: Any) -> Any:
        token = self._answers.golem_agent_host.CancellationToken()
        key = self._enqueue(rpc, method, data, when.seconds * _SECOND + when.nanoseconds)
        token.cancelling = lambda: self._executor.records.settle(rpc.worker().number, key, "cancelled")
        return token

    def _install(self) -> None:
        """Let clients of the SDK call agents of the executor."""
        host, rpc = self._answers.golem_agent_host, self._answers.golem_agent_host.WasmRpc
        rpc.constructor.answers(self._create)
        rpc.invoke_and_await.answers(self._ask)
        rpc.invoke.answers(self._trigger)
        rpc.async_invoke_and_await.answers(self._begin)
        rpc.schedule_cancelable_invocation.answers(self._schedule)
        host.FutureInvokeResult.subscribe.answers(self._subscribe)
        host.FutureInvokeResult.get.answers(self._get)
        host.FutureInvokeResult.cancel.answers(self._cancel)
        host.CancellationToken.cancel.answers(self._call_off)
        self._answers.wasi_io_poll.Pollable.ready.answers(self._is_ready)

    def _trigger(self, rpc: Any, method: str, data: Any) -> None:
        self._enqueue(rpc, method, data)

    def _get(self, made: Any) -> Ok[Any] | Err[Any] | None:
        return _outcome(made.future)

    def _cancel(self, made: Any) -> None:
        made.future.cancel()

    def _call_off(self, token: Any) -> None:
        token.cancelling()

    def _is_ready(self, pollable: Any) -> bool:
        return bool(pollable.future.done())

    def _subscribe(self, made: Any) -> Any:
        pollable: Any = self._answers.wasi_io_poll.Pollable()
        pollable.future = made.future
        return pollable


def _called(definition: Declared, request: Any) -> tuple[Any, ...]:
    name, data, _ = decode(request_type(guest.INVOKE), request, no_handle)
    method = definition.method(name)
    given = {} if method is None else read_arguments(method.parameters, _from_host("DATA_VALUE", data))
    return (name, *given.values())


def _outcome(future: Future[Any]) -> Ok[Any] | Err[Any] | None:
    if not future.done():
        return None
    if future.cancelled():
        return Err(api.RpcErrorProtocolError("Invocation cancelled"))
    try:
        return Ok(future.result())
    except api.RpcError as error:
        return Err(error)


@contextmanager
def _rpc_errors() -> Generator[None]:
    """Raise failures of calls as clients see them."""
    try:
        yield
    except AgentError as error:
        raise api.RpcErrorProtocolError(str(error)) from None
    except (HostError, WorkerError) as error:
        raise api.RpcErrorRemoteInternalError(str(error)) from error


def _to_host(name: str, value: Any) -> Any:
    return converted(getattr(sdk_core, name), getattr(host_core, name), value)


def _from_host(name: str, value: Any) -> Any:
    return converted(getattr(host_core, name), getattr(sdk_core, name), value)


def _key() -> str:
    return str(uuid4())


def _flat(given: dict[str, Any], path: tuple[str, ...] = ()) -> Generator[tuple[tuple[str, ...], Any]]:
    for name, value in given.items():
        if isinstance(value, dict):
            yield from _flat(cast("dict[str, Any]", value), (*path, name))
        else:
            yield (*path, name), value
