"""Calls of other agents."""

from __future__ import annotations

import asyncio
import datetime as dt
import inspect
import time
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, ParamSpec, TypeVar, cast, overload
from uuid import UUID, uuid4

from .calling import Data, Given, Remote, RemoteCall, Token
from .data_values import arguments_of, read_result
from .declaring import definition_of
from .definitions import AgentDefinition, MethodDefinition
from .schema import check
from .suggesting import did_you_mean

__all__ = ["Call", "Client", "Scheduled", "bound", "call", "client", "phantom_of", "schedule", "trigger"]

P = ParamSpec("P")
T = TypeVar("T")

_SECOND = 1_000_000_000


class Client(Generic[P, T]):
    """Finds agents of a class; `client` makes it. Calling it with a constructor's arguments returns an agent."""

    def __init__(
        self,
        cls: Callable[P, T],
        phantom: Callable[[], UUID | None] = lambda: None,
        config: dict[str, Any] | None = None,
    ) -> None:
        self._cls = cls
        self._definition = definition_of(cls)
        self._phantom = phantom
        self._config = config or {}

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Return the agent with these arguments; Golem makes it if it does not exist."""
        given = bound(self._cls, self._definition, None, args, kwargs)
        data = arguments_of(self._definition.constructor, given)
        phantom = self._phantom()
        if phantom is None and self._definition.mode == "ephemeral":
            phantom = uuid4()  # the host gives none to ephemeral agents
        configuration = list(_configuration(self._definition, self._config))
        rpc = Remote(self._definition.name, data, phantom, configuration)
        return cast("T", RemoteAgent(self._definition, rpc, phantom))

    def phantom(self, phantom: UUID) -> Client[P, T]:
        """Find one of several agents with the same arguments by its phantom id."""
        return Client(self._cls, lambda: phantom, self._config)

    def new_phantom(self) -> Client[P, T]:
        """Make another agent with the same arguments: each one gets a random phantom id, see `phantom_of`."""
        return Client(self._cls, uuid4, self._config)

    def with_config(self, **values: Any) -> Client[P, T]:
        """Give configuration to agents that do not exist yet. A dict gives the values of a group; secrets cannot be."""
        return Client(self._cls, self._phantom, {**self._config, **values})


def client(cls: Callable[P, T]) -> Client[P, T]:
    """Return what finds agents of a class that is declared with `@agent`, to call them.

        total = client(Cart)("bob").total("usd")

    Calls take and return values, so the agents share nothing. A method that is `async def` is awaited, any other one
    waits for the result; `call`, `trigger` and `schedule` call in other ways. Parameters that are injected stay out.
    """
    return Client(cls)


class RemoteAgent:
    """Another agent: it has the methods of its class, but not its fields."""

    def __init__(self, definition: AgentDefinition, rpc: Remote, phantom: UUID | None) -> None:
        self._definition = definition
        self._rpc = rpc
        self._phantom = phantom

    def __getattr__(self, name: str) -> RemoteMethod:
        method = self._definition.attribute(name)
        if method is None:
            hint = did_you_mean(name, [each.attribute for each in self._definition.methods])
            raise AttributeError(
                f"`{self._definition.name}` has no method `{name}` that other agents can call{hint}",
                name=name,
                obj=self,
            )
        return RemoteMethod(self._definition, method, self._rpc)

    def __repr__(self) -> str:
        return f"<another agent: {self._definition.name}>"


def phantom_of(agent: object) -> UUID | None:
    """Return the phantom id of an agent that a client has found; None if it has none."""
    return agent._phantom if isinstance(agent, RemoteAgent) else None  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


class RemoteMethod:
    """A method of another agent. Calling it waits for the result, or returns a coroutine that does."""

    def __init__(self, definition: AgentDefinition, method: MethodDefinition, rpc: Remote) -> None:
        self.method = method
        self.rpc = rpc
        self._definition = definition

    def arguments(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Data:
        """Return the arguments of a call as Golem takes them."""
        given = bound(self.method.function, self._definition, self.method, (None, *args), kwargs)
        return arguments_of(self.method.parameters, given)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.method.is_async:
            return self._awaited(args, kwargs)
        return read_result(self.method, self.rpc.ask(self.method.name, self.arguments(args, kwargs)))

    async def _awaited(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return await Call(self, args, kwargs)


class Call(Generic[T]):
    """A call that is under way: await it, or call it off.

    A task that is cancelled while it waits for a call calls it off.

    Raises:
        RpcError: the call has failed, or it was called off.
    """

    def __init__(self, method: RemoteMethod, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._method = method
        data = method.arguments(args, kwargs)
        self._call: RemoteCall = method.rpc.begin(method.method.name, data)
        self._outcome: list[Data | Exception] = []

    def __await__(self) -> Generator[Any, None, T]:
        return self._result().__await__()

    def cancel(self) -> None:
        """Call it off; if it has begun, it may still come to its end."""
        self._call.cancel()

    async def _result(self) -> T:
        # Golem lets a result be read only once.
        if not self._outcome:
            try:
                self._outcome.append(await self._call.outcome())
            except asyncio.CancelledError:
                self._call.cancel()
                raise
        [outcome] = self._outcome
        if isinstance(outcome, Exception):
            raise outcome
        return cast("T", read_result(self._method.method, outcome))


class Scheduled:
    """A call in the future."""

    def __init__(self, token: Token) -> None:
        self._token = token

    def cancel(self) -> None:
        """Call it off; once its time has come, this does nothing."""
        self._token.cancel()


@overload
def call(method: Callable[P, Coroutine[Any, Any, T]], /, *args: P.args, **kwargs: P.kwargs) -> Call[T]: ...
@overload
def call(method: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Call[T]: ...
def call(method: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Call[Any]:
    """Begin a call of another agent's method, and return what to await: several can be under way at once.

    await asyncio.gather(call(ann.total, None), call(bob.total, None))
    """
    return Call(_remote(method), args, kwargs)


def trigger(method: Callable[P, object], /, *args: P.args, **kwargs: P.kwargs) -> None:
    """Ask for a call of another agent's method without waiting for it."""
    remote = _remote(method)
    remote.rpc.enqueue(remote.method.name, remote.arguments(args, kwargs))


def schedule(
    when: float | dt.timedelta | dt.datetime, method: Callable[P, object], /, *args: P.args, **kwargs: P.kwargs
) -> Scheduled:
    """Ask for a call of another agent's method at a later time.

    Args:
        when: seconds or a timedelta from now, or a datetime with a time zone.
        method: a method of an agent that `client` has found.
        args: its arguments.
        kwargs: its arguments by name.

    Returns:
        What can call it off until then.
    """
    remote = _remote(method)
    data = remote.arguments(args, kwargs)
    return Scheduled(remote.rpc.schedule(_time(when), remote.method.name, data))


def _time(when: float | dt.timedelta | dt.datetime) -> int:
    """Return a time in nanoseconds since 1970."""
    if isinstance(when, dt.datetime):
        if when.tzinfo is None:
            raise ValueError(f"expected a datetime with a time zone, got {when!r}")
        nanoseconds = (when - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1) * 1000
    else:
        seconds = when.total_seconds() if isinstance(when, dt.timedelta) else when
        nanoseconds = time.time_ns() + round(seconds * _SECOND)
    return max(nanoseconds, 0)


def _remote(method: Callable[..., Any]) -> RemoteMethod:
    if not isinstance(method, RemoteMethod):
        raise TypeError(f"expected a method of an agent that `client(…)(…)` has found, got {method!r:.60}")
    return method


def bound(
    function: Callable[..., Any],
    definition: AgentDefinition,
    method: MethodDefinition | None,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> dict[str, Any]:
    """Return the arguments by parameter.

    Raises:
        TypeError: they are not those of the function, or one of them is injected.
    """
    owner = definition if method is None else method
    parameters = definition.constructor if method is None else method.parameters
    signature = inspect.signature(function)
    try:
        given = dict(signature.bind(*args, **kwargs).arguments)
    except TypeError as error:
        wrong = next((each for each in kwargs if each not in signature.parameters), None)
        if wrong is None:
            raise TypeError(f"{owner.name}(): {error}") from None
        hint = did_you_mean(wrong, [each.name for each in parameters])
        raise TypeError(f"{owner.name}(): got an unexpected keyword argument `{wrong}`{hint}") from None
    for each in owner.injected:
        if each.name in given:
            raise TypeError(f"`{each.name}` of {owner.name}() is filled in by the SDK: no caller passes it")
    return given


def _configuration(definition: AgentDefinition, given: dict[str, Any]) -> Generator[Given]:
    declared = {leaf.path: leaf for leaf in definition.config}
    for path, value in _flat(given, ()):
        leaf = declared.get(path)
        if leaf is None:
            raise TypeError(f"`{definition.name}` has no configuration called `{'.'.join(path)}`")
        if leaf.source == "secret":
            raise TypeError(f"`{'.'.join(path)}` is a secret, which no other agent can give")
        yield Given(path, leaf.schema, check(leaf.schema, value, ".".join(path)))


def _flat(given: dict[str, Any], path: tuple[str, ...]) -> Generator[tuple[tuple[str, ...], Any]]:
    for name, value in given.items():
        if isinstance(value, dict):
            yield from _flat(cast("dict[str, Any]", value), (*path, name))
        else:
            yield (*path, name), value
