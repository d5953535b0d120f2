"""Agents for tests: `Agents`, which the fixture `witgen_agents` gives."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from typing import Any, ParamSpec, Self, TypeVar
from uuid import UUID

from .._bindings.guest import aio
from .._bindings.guest.testing import Fakes
from ..clients import Client, bound
from ..data_values import arguments_of
from ..declaring import definition_of
from ..definitions import AgentDefinition
from ..principal import GolemUserPrincipal, Principal
from .databases import Databases
from .host import Host
from .scheduler import DeadlockError, Scheduler, patched

__all__ = ["Agents", "DeadlockError"]

P = ParamSpec("P")
T = TypeVar("T")


class Agents:
    """The agents of one test, and the Golem that runs them.

    They share nothing with other tests. A call goes through the same conversions and checks as in a component. Time is
    that of the tests' clock: it stands still while something runs, and moves on to whatever comes next where all agents
    wait, so that an hour of `asyncio.sleep` takes no time.

    Attributes:
        principal: whoever the test is to the agents that it calls.
    """

    def __init__(self) -> None:
        self._fakes = Fakes()
        self.principal: Principal = GolemUserPrincipal(UUID(int=1))
        self._scheduler = Scheduler()
        self._host = Host(self._fakes, self._scheduler, lambda: self.principal)
        self._databases = Databases(self._fakes)
        self._stack = ExitStack()

    @property
    def fakes(self) -> Fakes:
        """The fakes of the host's functions, to script what they answer and to see how they were called."""
        return self._fakes

    def __enter__(self) -> Self:
        self._stack.enter_context(patched(self._scheduler))
        self._stack.enter_context(self._fakes)
        self._host.install()
        self._databases.install()
        self._stack.callback(self._databases.close)
        return self

    def __exit__(self, *_: object) -> None:
        self._scheduler.abandon()
        self._stack.close()

    def configure(self, cls: Callable[..., Any], **values: Any) -> None:
        """Give configuration and secrets to agents of a class. A dict gives the values of a group.

        Raises:
            TypeError: the class does not declare such a value.
            ValueError: a value is not of the declared type.
        """
        self._host.configure(self._known(cls), values)

    def database(self, url: str) -> sqlite3.Connection:
        """Return a connection to the database that agents have under an address, to fill it and to look into it.

        It is SQLite, in which each statement is a transaction, and empty for each test.
        """
        return self._databases.connect(url)

    def get(self, cls: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return an agent, as its callers see it: it has the methods of its class, but not its fields.

        It is made when it is first needed. A method that fails in an unexpected way raises
        `RpcErrorRemoteInternalError` with the agent's traceback, and the agent takes no more calls.
        """
        return self.client(cls)(*args, **kwargs)

    def client(self, cls: Callable[P, T]) -> Client[P, T]:
        """Return what finds agents of a class, to ask for phantoms, or to give configuration."""
        self._known(cls)
        return Client(cls)

    def calls(self, cls: Callable[..., Any] | str, *args: Any, **kwargs: Any) -> list[tuple[Any, ...]]:
        """Return the calls that an agent has got, each as the method's name and the arguments.

        What has been asked for with `trigger` happens before.

        Args:
            cls: the class, or the name of the type.
            args: the arguments of the agent's constructor.
            kwargs: the same by name.
        """
        self.settle()
        definition = self._host.definition(cls) if isinstance(cls, str) else self._known(cls)
        given = bound(definition.python, definition, None, args, kwargs)
        return self._host.calls(definition, arguments_of(definition.constructor, given))

    def restart(self, cls: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Save an agent's state, and load it into a new instance, as an update by snapshot does.

        Raises:
            LoadError: the new instance refuses the state.
        """
        self.settle()
        definition = self._known(cls)
        given = bound(definition.python, definition, None, args, kwargs)
        self._host.restart(definition, arguments_of(definition.constructor, given))

    @property
    def now(self) -> dt.datetime:
        """The time of the tests' clock."""
        return dt.datetime.fromtimestamp(self._scheduler.time_ns() / 1_000_000_000, dt.UTC)

    def advance(self, time: float | dt.timedelta) -> None:
        """Let time pass, in seconds or as a timedelta: what is due until then happens."""
        self._scheduler.sleep(time.total_seconds() if isinstance(time, dt.timedelta) else time)

    def settle(self) -> None:
        """Let all agents run until they wait for something, without letting time pass."""
        self._scheduler.settle()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine of a test, whose sleeps and timeouts live by the tests' clock."""
        with self._scheduler.virtually():
            return aio.run(coroutine)

    def _known(self, cls: Callable[..., Any]) -> AgentDefinition:
        definition = definition_of(cls)
        self._host.know(definition)
        return definition
