"""The pytest plugin of agents: the fixture `witgen_agents`, and tests that are `async def`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
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
    """Run agents for one test: fresh ones, on CPython, with fakes of everything that Golem has.

    With `--witgen-component`, those of a component run, on this machine's executor.
    """
    with _agents(request.config.getoption("--witgen-component", default=None)) as agents:
        yield agents


def _agents(component: str | None) -> Agents:
    # Most test runs have no agents, and the SDK does without what runs components.
    if component is None:
        from .agents import Agents  # noqa: PLC0415

        return Agents()
    try:
        from ...worker.tested_agents import ComponentAgents  # noqa: PLC0415
    except ModuleNotFoundError as error:
        message = f"--witgen-component needs `pip install 'witgen[golem]'` ({error})"
        raise pytest.fail.Exception(message, pytrace=False) from None
    path = Path(component)
    if not path.is_file():
        pytest.fail(f"--witgen-component {component}: there is no such file", pytrace=False)
    return ComponentAgents(path)


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
