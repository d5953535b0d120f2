"""`witgen resolve`, `witgen inspect`, `witgen build` and `witgen demo`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..project.options_table import Scope
from .options import build_options, config_options, overrides, reporting
from .output import Format, reporter

if TYPE_CHECKING:
    from ..build.componentize import Built
    from ..config import Config
    from ..wit.model import ir

__all__ = ["build", "demo", "inspect", "resolve"]


def _resolved(
    wit: Path | None, features: list[str] | None, *, all_features: bool, golem: str | bool | None
) -> ir.Resolve:
    """Resolve the WIT from the command line, by default that of pyproject.toml."""
    from .. import api
    from ..project.discovery import default_wit
    from .generating import installed_wit

    config = _configured() if wit is None else None
    golem = golem or False
    if config is None:
        place = wit or default_wit(Path(), golem=golem)
        return api.resolve(place, features or (), all_features=all_features, golem=golem, installed=installed_wit)
    wanted = features or config.features
    everything = all_features or config.all_features
    golem = golem or config.golem
    return api.resolve(config.wit, wanted, all_features=everything, golem=golem, installed=installed_wit)


def _configured() -> Config | None:
    """Return the options of a target of pyproject.toml if all targets read the same WIT in the same way."""
    from ..project.discovery import find
    from ..project.pyproject import load

    file = find(Path.cwd())
    configs = [each.config for each in load(file)] if file is not None else []
    ways = {(os.fspath(each.wit), frozenset(each.features), each.all_features, each.golem) for each in configs}
    return configs[0] if len(ways) == 1 else None


@click.command()
@config_options(Scope.WIT)
@click.option("--json", "as_json", is_flag=True, help="Print JSON (the only format).")
@reporting
def resolve(*, as_json: bool, **options: Any) -> None:
    """Print resolved WIT in the shape of `wasm-tools component wit --json`."""
    del as_json
    from ..wit.model.wit_json import to_wit_json

    document = to_wit_json(_resolved(**options))
    sys.stdout.write(json.dumps(document, indent=2))
    sys.stdout.write("\n")


@click.command()
@click.option("-w", "--world", metavar="WORLD", help="Show only this world.")
@config_options(Scope.WIT)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--schema", is_flag=True, help="Print JSON Schema of what the world exports.")
@click.option("--graph", is_flag=True, help="Print the world as SVG: its interfaces, and who uses whose types.")
@click.option("--html", is_flag=True, help="Print the world as one page of HTML, with that picture.")
@reporting
def inspect(*, world: str | None, as_json: bool, schema: bool, graph: bool, html: bool, **options: Any) -> None:
    """Show the contents of a WIT tree, including items of inactive features."""
    from ..wit import outline as inspection

    if as_json + schema + graph + html > 1:
        raise click.UsageError("--json, --schema, --graph and --html are different forms: choose one")
    resolved = _resolved(**options)
    if graph or html:
        sys.stdout.write(_drawn(resolved, world, html=html))
    elif schema:
        from ..wit.json_schema import world_schema
        from ..wit.resolve import select_world

        chosen = resolved.worlds[select_world(resolved, world)]
        sys.stdout.write(json.dumps(world_schema(resolved, chosen), indent=2))
        sys.stdout.write("\n")
    elif as_json:
        sys.stdout.write(json.dumps(inspection.outline_json(resolved, world=world), indent=2))
        sys.stdout.write("\n")
    else:
        sys.stdout.write(inspection.outline(resolved, world=world))


def _drawn(resolved: ir.Resolve, world: str | None, *, html: bool) -> str:
    """Return a world as a page or as a picture; documents are UTF-8 whatever the terminal is."""
    from ..wit.picture import world_page, world_svg
    from ..wit.resolve import select_world

    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(encoding="utf-8")
    chosen = select_world(resolved, world)
    return world_page(resolved, chosen) if html else world_svg(resolved, chosen)


@click.command()
@click.argument("app")
@config_options(Scope.WORLD, wit=True)
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), metavar="FILE", help="The component; APP.wasm by default."
)
@build_options
@click.option("--stub-wasi", is_flag=True, help="Leave out the parts of WASI that the world does not import.")
@click.option("--force", is_flag=True, help="Build even if nothing has changed.")
@click.option("--explain", is_flag=True, help="Print what is in the component, and what it costs.")
@reporting
def build(*, app: str, out: Path | None, stub_wasi: bool, force: bool, explain: bool, **options: Any) -> None:
    """Build a component from APP, a Python file or a module's name, with componentize-py.

    A target of pyproject.toml for this world applies here, too: its WIT, features and names. `[tool.witgen.build]` has
    folders with modules, packages to install, modules to take along, and what to leave out.

    Two builds of the same sources are never the same bytes: componentize-py keeps Python's memory, where the hash seed
    of the build decides the order of things.
    """
    from ..build import componentize as building
    from ..build.bindings_drift import out_of_date
    from .generating import installed_wit

    if explain and reporter.format is Format.SARIF:
        raise click.UsageError("--explain has no form in SARIF")

    given = building.settings(Path(), overrides(options))
    asked = building.Build(app, out=out, stub_wasi=stub_wasi, force=force, **given)
    reporter.add(out_of_date(Path(), asked.wit, asked.world, installed_wit))
    if not reporter.format.is_document:
        reporter.flush()  # the build takes long, and may fail because of it
    try:
        with reporter.during(f"building {app}"):
            built = building.build(asked)
    except building.BuildError as error:
        raise click.ClickException(str(error)) from error
    if explain:
        _explain(built)
    else:
        reporter.add(built.diagnostics)
    state = "built" if built.is_new else "nothing has changed"
    reporter.say(f"{built.path}: {state}, {built.size / 1_000_000:.1f} MB")


def _explain(built: Built) -> None:
    """Print what a component consists of; as JSON, with the problems in the same document."""
    from ..build.explanation import explanation
    from ..diagnostics.formats import render_json

    explained = explanation(built.path, built.modules)
    if reporter.format is Format.JSON:
        document = {**explained.as_json(), "diagnostics": json.loads(render_json(built.diagnostics))}
        click.echo(json.dumps(document, indent=2))
    else:
        reporter.add(built.diagnostics)
        click.echo(explained.as_text(), nl=False)


@click.command()
def demo() -> None:
    """Generate, build and run a conversation over a WebSocket in ./witgen-demo/."""
    from .. import demo as demonstration

    try:
        demonstration.run(Path("witgen-demo"), out=sys.stdout, err=sys.stderr)
    except demonstration.DemoError as error:
        raise click.ClickException(str(error)) from error
