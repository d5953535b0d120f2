"""`witgen golem client`."""

from __future__ import annotations

from pathlib import Path

import click

from ..base.files import replace
from .agent_types import types_of
from .options import reporting
from .output import reporter

__all__ = ["client"]


@click.command()
@click.argument("types", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), metavar="FILE", help="The module; stdout by default.")
@click.option("--agent", "names", multiple=True, metavar="TYPE", help="Only this agent type; all by default.")
@reporting
def client(*, types: Path, out: Path | None, names: tuple[str, ...]) -> int:
    """Write a Python module with typed clients for the agents of TYPES.

    TYPES is a component in any language, or a file with what `witgen golem types --json` prints. An agent in Python
    imports the module and calls `client(Cart)("bob").add(item)`.
    """
    found = types_of(types)
    from ..golem.agents.clients.module import HEADER, client_module
    from ..golem.agents.definitions import AgentTypes
    from ..golem.agents.errors import AgentError

    try:
        chosen = AgentTypes(found.find(each).declared for each in dict.fromkeys(names)) if names else found
        text = client_module(chosen, types.name)
    except AgentError as error:
        raise click.ClickException(f"{types}: {error}") from error
    if out is None:
        click.echo(text, nl=False)
        return 0
    if out.exists() and not out.read_bytes().startswith(HEADER.encode()):
        raise click.ClickException(f"{out} was not written by witgen, which does not replace it; choose another file")
    replace(out, text.encode())
    reporter.say(f"{out}: {', '.join(each.name for each in chosen) or 'no agents'}")
    return 0
