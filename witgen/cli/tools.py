"""`witgen mcp`."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import click

from ..base.counted import counted
from .options import reporting
from .output import reporter
from .serving import hosts_allowed

__all__ = ["mcp"]

_LIMIT_HELP = "0 for no limit."


@click.command()
@click.argument("component", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--wit",
    type=click.Path(exists=True, path_type=Path),
    metavar="WIT",
    help="The WIT of the component, for its documentation, which most components lack.",
)
@click.option("-w", "--world", metavar="WORLD", help="The world in WIT, if it has several.")
@click.option("--http", "address", metavar="HOST:PORT", help="Serve by HTTP, at /mcp, instead of stdin and stdout.")
@click.option(
    "--deadline",
    type=click.FloatRange(min=0),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help=f"The time that a call may take. {_LIMIT_HELP}",
)
@click.option(
    "--memory",
    type=click.IntRange(min=0),
    default=256,
    show_default=True,
    metavar="MIB",
    help=f"The size that each of the component's memories may have. {_LIMIT_HELP}",
)
@click.option("--network", is_flag=True, help="Let the component send HTTP requests, to any address.")
@click.option("--allow", "hosts", multiple=True, metavar="HOST", help="Let it send requests to this host. Repeatable.")
@reporting
def mcp(
    *,
    component: Path,
    wit: Path | None,
    world: str | None,
    address: str | None,
    deadline: float,
    memory: int,
    network: bool,
    hosts: tuple[str, ...],
) -> None:
    """Serve the functions that COMPONENT exports as tools to language models.

    The Model Context Protocol goes over stdin and stdout by default. Each call runs in a new instance, without folders,
    environment or, without --network and --allow, network.
    """
    if network and hosts:
        raise click.UsageError("--network allows every host: leave out --allow, or --network")
    try:
        from ..tools.server import serve_http, serve_stdio
    except ModuleNotFoundError:
        raise click.ClickException("this needs the package mcp: pip install 'witgen[mcp]'") from None
    from witgen_runtime.host import HostError

    from ..tools.component import Limits, Tools

    place = _address(address) if address is not None else None
    try:
        limits = Limits(deadline or None, (memory << 20) or None, hosts_allowed(hosts) if hosts else network)
        tools = Tools(component, limits, wit=wit, world=world)
    except (HostError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    reporter.say(f"{component}: {counted(len(tools.by_name), 'tool')}: {', '.join(tools.by_name)}")
    if tools.left_out:
        reporter.say(f"left out, as their values have no JSON form or they are async: {', '.join(tools.left_out)}")
    if tools.unknown:
        reporter.say(f"calls fail that need an import which is not provided: {', '.join(tools.unknown)}")
    _tell_denials()
    if place is None:
        serve_stdio(tools)
    else:
        serve_http(tools, *place)


def _tell_denials() -> None:
    """Write the requests that are denied to stderr: a component may keep them to itself."""
    log = logging.getLogger("witgen_runtime.host")
    log.setLevel(logging.INFO)
    log.addHandler(reporter.log_handler())


def _address(given: str) -> tuple[str, int]:
    host, _, port = given.rpartition(":")
    if not re.fullmatch("[0-9]{1,5}", port) or int(port) > 65535:
        raise click.UsageError(f"--http {given}: expected HOST:PORT")
    return host.strip("[]") or "127.0.0.1", int(port)
