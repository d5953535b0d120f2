"""The pytest plugin of agents: the fixture `witgen_agents`, and tests that are `async def`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .agents import Agents

__all__ = ["pytest_pyfunc_call", "witgen_agents"]

_FIXTURE = "witgen_agents"
_OTHERS = ("asyncio", "anyio", "trio")
"""Markers by which other plugins run tests that are `async def`."""


@pytest.fixture
def witgen_agents(request: pytest.FixtureRequest) -> Iterator[Agents]:
    """Run agents for one test: fresh ones, on CPython, with fakes of everything that Golem has."""
    if request.config.getoption("--witgen-component", default=None):
        raise pytest.UsageError("`witgen_agents` runs agents on CPython only: leave out --witgen-component")
    from .agents import Agents  # noqa: PLC0415 - most test runs have no agents

    with Agents() as agents:
        yield agents


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that is `async def` and uses agents, unless another plugin is asked to."""
    agents: Any = pyfuncitem.funcargs.get(_FIXTURE)
    if agents is None and _FIXTURE in pyfuncitem.fixturenames:
        # pytest passes a fixture of a fixture to that one only.
        agents = pyfuncitem._request.getfixturevalue(_FIXTURE)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    marked = any(pyfuncitem.get_closest_marker(name) is not None for name in _OTHERS)
    if agents is None or marked or not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    given = {name: pyfuncitem.funcargs[name] for name in names if name in pyfuncitem.funcargs}
    agents.run(pyfuncitem.obj(**given))
    return True
