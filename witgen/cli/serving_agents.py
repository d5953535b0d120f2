"""`witgen serve` of a component with agents."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from ..base.files import read
from .output import reporter
from .running import imported

if TYPE_CHECKING:
    from ..golem.worker.agent_site import AgentSite

__all__ = ["AgentOptions", "agent_site", "has_agents"]

_EXPORT = b"golem:agent/guest@"


class AgentOptions(NamedTuple):
    """The options of `witgen serve` that agents heed."""

    state: Path | None
    config: Sequence[str]
    secrets: Sequence[str]
    env: Sequence[str]
    folders: Sequence[str]
    session_header: str | None
    deadline: float | None
    memory: int | None
    body_limit: int | None


def has_agents(component: Path) -> bool:
    """Return whether a component probably has agents: any other has no reason to mention their interface."""
    try:
        return _EXPORT in read(component)
    except OSError:
        return False


@contextmanager
def agent_site(component: Path, options: AgentOptions) -> Generator[AgentSite]:
    """Open the application for a component's agents, and their executor."""
    command = imported()
    from witgen_runtime.host import HostError

    from ..diagnostics.errors import WitgenError
    from ..golem.worker.agent_site import AgentSite
    from ..golem.worker.errors import WorkerError

    wanted = command.Run(
        component=str(component), function="", state=options.state or command.DEFAULT_STATE, env=options.env,
        folders=options.folders, deadline=options.deadline, memory=options.memory, say=reporter.say,
        config=options.config, secrets=options.secrets,
    )  # fmt: skip
    try:
        with command.opened(wanted) as (executor, record):
            env, header = command.variables(options.env), options.session_header
            site = AgentSite(executor, record, env=env, session_header=header, body_limit=options.body_limit)
            for route in site.routes:
                reporter.say(f"  {route.shown}")
            try:
                yield site
            finally:
                executor.stop()
                site.close()
    except (WorkerError, HostError, WitgenError) as error:
        raise click.ClickException(str(error)) from error
