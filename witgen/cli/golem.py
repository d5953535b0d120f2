"""`witgen golem` and its subcommands."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click

from .agent_clients import client
from .agent_types import component_types
from .cluster import deploy, invoke
from .options import reporting
from .running import imported, state_option

__all__ = ["golem"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")

_component = click.argument("component", type=click.Path(path_type=Path))


@click.group()
def golem() -> None:
    """Agents of Golem 1.5: what a component has, new projects, and the way to a cluster."""


golem.add_command(client)
golem.add_command(deploy)
golem.add_command(invoke)


@golem.command()
@_component
@click.option("--json", "as_json", is_flag=True, help="Print JSON, as in Golem's REST API.")
@reporting
def types(*, component: Path, as_json: bool) -> int:
    """Show what a cluster sees of COMPONENT.

    That is its agent types with their methods, parameters, endpoints and configuration.
    """
    found = component_types(component)
    from ..golem.agents.overview import overview
    from ..golem.agents.rest_json import agent_type_json

    if as_json:
        click.echo(json.dumps([agent_type_json(each.declared) for each in found], indent=2))
        return 0
    blocks = ["\n".join(overview(each)) for each in found]
    click.echo("\n\n".join(blocks) or "the component has no agents")
    return 0


@golem.command()
@click.argument("folder", type=click.Path(path_type=Path))
@reporting
def new(*, folder: Path) -> int:
    """Write a project with an agent into FOLDER.

    Existing files are never replaced.
    """
    from ..golem.agents.new_project import new_project

    name = folder.resolve().name
    if not _NAME.fullmatch(name):
        raise click.ClickException(
            f"{folder}: the folder's name is that of the application, which takes only letters, digits, - and _"
        )
    files = new_project(name)
    present = [each for each in files if (folder / each).exists()]
    if present:
        raise click.ClickException(f"{folder / present[0]} exists already; choose another folder")
    folder.mkdir(parents=True, exist_ok=True)
    for path, content in files.items():
        (folder / path).write_text(content, encoding="utf-8")
    click.echo(f"wrote {', '.join(files)} in {folder}; README.md says how to go on")
    return 0


@golem.command()
@click.argument("component", type=click.Path(path_type=Path), required=False)
@click.option("--app", required=True, metavar="NAME", help="The name of the application.")
@click.option(
    "--source", type=click.Path(path_type=Path), help="The Python file of the agents; by default, named as COMPONENT."
)
@state_option
@reporting
def manifest(*, component: Path | None, app: str, source: Path | None, state: Path | None) -> int:
    """Print golem.yaml for the agents of COMPONENT, by default the only one in this folder.

    It builds with `witgen build`, and has the configuration that `witgen run --config` has set here.
    """
    command = imported()
    from ..golem.agents.manifest import Manifest
    from ..golem.agents.manifest import manifest as text_of
    from ..golem.worker.storage.environment import Environment

    found = component or _only_component()
    types = component_types(found)
    python = source or found.with_suffix(".py")
    if not python.exists():
        raise click.ClickException(f"{python} does not exist: pass the Python file of the agents with --source")
    place: Path = state or command.DEFAULT_STATE
    environment = Environment(place.with_name(f"{place.name}.d"))
    given = Manifest(
        app=app,
        source=python.as_posix(),
        component=found.name.removesuffix(".wasm"),
        config={each.name: environment.config(each.name) for each in types},
    )
    click.echo(text_of(types, given), nl=False)
    return 0


def _only_component() -> Path:
    found = sorted(Path().glob("*.wasm"))
    if len(found) != 1:
        known = f": {', '.join(map(str, found))}" if found else ""
        raise click.ClickException(f"this folder has {len(found)} components{known}; pass one")
    return found[0]
