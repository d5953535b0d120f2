"""`witgen golem deploy` and `witgen golem invoke`."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

import click

from .agent_types import component_types, types_of
from .options import reporting
from .output import reporter

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from ..golem.cluster.connection import Cluster

__all__ = ["deploy", "invoke"]

_Command = TypeVar("_Command", bound=Callable[..., Any])

_LOCAL = "local"


def _connection_options(timeout: float) -> Callable[[_Command], _Command]:
    """Return a decorator that adds the options for reaching a cluster."""
    options = [
        click.option("--app", required=True, metavar="NAME", help="The name of the application."),
        click.option(
            "--environment", default=_LOCAL, metavar="NAME", show_default=True, help="The application's environment."
        ),
        click.option("--profile", metavar="NAME", help="Take the variables WITGEN_GOLEM_<NAME>_URL, _TOKEN, _ACCOUNT."),
        click.option("--url", metavar="URL", help="The cluster; http://localhost:9881 by default."),
        click.option("--token", metavar="TOKEN", help="The bearer token; better in WITGEN_GOLEM_TOKEN."),
        click.option(
            "--ca", "authority", type=click.Path(path_type=Path), metavar="FILE",
            help="The certificate of the authority of the cluster's certificate; that of the system by default.",
        ),
        click.option(
            "--timeout", type=click.FloatRange(min=0, min_open=True, max=1e6), default=timeout, metavar="SECONDS",
            show_default=True, help="Time limit of each answer.",
        ),
    ]  # fmt: skip

    def decorate(command: _Command) -> _Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


@contextmanager
def _connected(options: dict[str, Any], account: str | None = None) -> Generator[Cluster]:
    """Connect to a cluster; what goes wrong is one message with exit code 2."""
    try:
        from ..golem import cluster as package
    except ModuleNotFoundError as error:
        if error.name != "httpx":
            raise
        raise click.ClickException(str(error)) from error
    del package
    from ..golem.cluster.connection import Cluster
    from ..golem.cluster.errors import ClusterError
    from ..golem.cluster.settings import settings

    try:
        found = settings(account=account, **options)
        if found.is_open:
            reporter.say(f"{found.url} has no TLS: others on the way can read the token")
        with Cluster(found) as cluster:
            yield cluster
    except ClusterError as error:
        raise click.ClickException(str(error)) from error


@click.command()
@click.argument("component", type=click.Path(path_type=Path))
@_connection_options(timeout=120.0)
@click.option("--account", metavar="ID", help="The account that owns the application.")
@click.option("--name", metavar="APP:NAME", help="The component's name; by default the application's and the file's.")
@click.option("--env", multiple=True, metavar="[TYPE:]K=V", help="An environment variable of the agents.")
@click.option("--config", multiple=True, metavar="[TYPE:]K=V", help="A value of the agents' configuration.")
@click.option(
    "--file", "files", multiple=True, metavar="[TYPE:]PATH:/TARGET[:rw]",
    help="A file or folder that the agents have; :rw if they may change it.",
)  # fmt: skip
@click.option("--domain", help="Where mounts answer; APP.localhost:9006 by default in the environment `local`.")
@click.option("--session-header", metavar="NAME", help="The header with the JSON of a test session.")
@click.option("--version", metavar="TEXT", help="The name of the deployment; by default the number of its revision.")
@reporting
def deploy(*, component: Path, app: str, environment: str, account: str | None, **options: Any) -> int:
    """Deploy COMPONENT with its agents to a cluster, over Golem's REST API.

    Applications, environments and components that the cluster does not have are made.
    """
    connection = {each: options.pop(each) for each in ("profile", "url", "token", "authority", "timeout")}
    with _connected(connection, account) as cluster:
        from ..golem.cluster.deploying import Deployment, checked_component_name
        from ..golem.cluster.deploying import deploy as deployed
        from ..golem.cluster.provisioning import provisions

        name = checked_component_name(options["name"] or f"{app}:{component.name.removesuffix('.wasm')}")
        types = component_types(component)
        wanted = Deployment(
            app=app, environment=environment, component=name, content=component.read_bytes(), types=types,
            provisions=provisions(types, env=options["env"], config=options["config"], files=options["files"]),
            domain=options["domain"] or (f"{app}.localhost:9006" if environment == _LOCAL else None),
            session_header=options["session_header"], version=options["version"], say=reporter.say,
        )  # fmt: skip
        done = deployed(cluster, wanted)
    _remark(wanted)
    number = "" if done.revision is None else f" {done.revision}"
    reporter.say(
        f"{name}: revision {done.component_revision} is in deployment{number} of {app}/{environment}: "
        f"{', '.join(each.name for each in types)}"
    )
    return 0


def _remark(wanted: Any) -> None:
    """Say what the agents lack that a deployment cannot give, or was not told."""
    for each in wanted.types:
        known = wanted.provisions[each.name].config
        lacking = [entry.name for entry in each.config if not entry.is_secret and entry.path not in known]
        needed = [entry.name for entry in each.config if entry.name in lacking and entry.is_needed]
        secrets = [entry.name for entry in each.config if entry.is_secret]
        if needed:
            reporter.say(f"{each.name} cannot be made without its config {', '.join(needed)}: pass --config")
        if secrets:
            reporter.say(f"{each.name} reads secrets of the environment: {', '.join(secrets)}")
    if wanted.mounted and wanted.domain is None:
        names = ", ".join(each.name for each in wanted.mounted)
        reporter.say(f"{names}: without --domain, the mounts do not answer HTTP requests")


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("types", type=click.Path(path_type=Path))
@click.argument("agent")
@click.argument("words", nargs=-1, metavar="METHOD [ARGUMENTS]...")
@_connection_options(timeout=600.0)
@click.option("--key", help="The call's idempotency key: calls with the same key are one call. Random by default.")
@click.option("--at", metavar="TIME", help="Make the call at this time, 2026-12-24T18:00:00Z, and do not wait.")
@click.option("--deployment", type=click.IntRange(min=0), metavar="N", help="The deployment's revision.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON instead of WAVE.")
@reporting
def invoke(
    *, types: Path, agent: str, words: Sequence[str], app: str, environment: str, key: str | None, at: str | None,
    deployment: int | None, as_json: bool, **options: Any,
) -> int:  # fmt: skip
    """Call METHOD of AGENT, Type(parameters), in a cluster, over Golem's REST API.

    TYPES is the component, or a file with what `witgen golem types --json` prints. Arguments are words as for
    `witgen run`: WAVE, JSON, or text without quotes. Only the result is written to stdout.
    """
    moment = None if at is None else _moment(at)
    chosen = key or str(uuid4())
    with _connected(options) as cluster:
        from ..golem.cluster.errors import ClusterError
        from ..golem.cluster.invoking import invocation
        from ..golem.cluster.invoking import invoke as invoked

        call = invocation(types_of(types), agent, words)
        try:
            result = invoked(
                cluster, call, app=app, environment=environment, key=chosen, at=moment, revision=deployment
            )
        except ClusterError as error:
            if error.is_uncertain:
                remedy = f"the call may go on: the same command with --key {chosen} joins it"
                raise ClusterError(f"{error}\n{remedy}", error.status) from None
            raise
    if result.values:
        click.echo(json.dumps(result.json) if as_json else result.text)
    scheduled = "" if at is None else f": {call.method.name} will be called at {at}"
    reporter.say(f"agent {result.agent}{scheduled}")
    return 1 if result.is_error else 0


def _moment(text: str) -> dt.datetime:
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise click.ClickException(f"--at {text:.60}: write a time with its zone: 2026-12-24T18:00:00Z")
    return found
