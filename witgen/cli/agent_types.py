"""The agent types that a command line names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .running import imported

if TYPE_CHECKING:
    from ..golem.agents.definitions import AgentTypes

__all__ = ["component_types", "types_of"]

_MAGIC = b"\0asm"


def component_types(component: Path) -> AgentTypes:
    """Return the agent types of a component; what is wrong is an error with exit code 2."""
    imported()
    from witgen_runtime.host import HostError

    from ..golem.worker.errors import WorkerError
    from ..golem.worker.program import Program

    try:
        return Program(component, component.name.removesuffix(".wasm")).agents
    except (WorkerError, HostError) as error:
        raise click.ClickException(f"{component}: {error}") from error


def types_of(path: Path) -> AgentTypes:
    """Return the agent types of a component, or of a file with what `witgen golem types --json` prints.

    What is wrong is an error with exit code 2.
    """
    if not path.is_file():
        raise click.ClickException(f"{path}: there is no such file; pass a component, or JSON of its agent types")
    with path.open("rb") as opened:
        if opened.read(len(_MAGIC)) == _MAGIC:
            return component_types(path)
    from ..golem.agents.errors import AgentTypeError
    from ..golem.agents.rest_types import agent_types_of_json

    try:
        return agent_types_of_json(json.loads(path.read_bytes()))
    except AgentTypeError as error:
        raise click.ClickException(f"{path}: {error}") from error
    except (ValueError, RecursionError) as error:
        raise click.ClickException(
            f"{path}: neither a component nor JSON: {error}; `witgen golem types --json` prints it"
        ) from error
