"""The subcommands."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import click

from .output import report

__all__ = ["load"]

_features = click.option("--features", default="", metavar="A,B", help="Turn on these @unstable features.")
_all_features = click.option("--all-features", is_flag=True, help="Turn on every @unstable feature.")
_wit = click.argument("wit", type=click.Path(path_type=Path), default=Path("wit"))


def load(name: str) -> click.Command:
    """Return the command called `name`."""
    return _COMMANDS[name]


def _split(features: str) -> list[str]:
    return [name.strip() for name in features.split(",") if name.strip()]


@click.command()
@_wit
@click.option("-w", "--world", metavar="WORLD", help="The world: its name, or ns:pkg/world[@version].")
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, metavar="DIR", help="The output package.")
@click.option("--host", is_flag=True, help="Write host bindings (for wasmtime-py).")
@click.option("--guest", is_flag=True, help="Write guest wrappers (for componentize-py). Without either: both.")
@click.option("--world-module", default="wit_world", show_default=True, help="As componentize-py's own option.")
@click.option("--force", is_flag=True, help="Overwrite files that were edited or not written by witgen.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but problems.")
@_features
@_all_features
def generate(*, host: bool, guest: bool, features: str, quiet: bool, **options: Any) -> None:
    """Write the bindings of a world of WIT (a folder with deps/, or a file) to DIR."""
    from .. import api

    started = time.perf_counter()
    both = host == guest
    result = api.generate(api.Config(host=host or both, guest=guest or both, features=_split(features), **options))
    if result.diagnostics:
        report(result.diagnostics)
    if not quiet and result.plan is not None:
        plan = result.plan
        counts = f"{len(plan.write)} written, {len(plan.unchanged)} unchanged, {len(plan.remove)} removed"
        click.echo(f"{plan.folder}: {counts} in {time.perf_counter() - started:.1f} s", err=True)


@click.command()
@_wit
@click.option("--json", "as_json", is_flag=True, help="Print JSON (the only form there is).")
@_features
@_all_features
def resolve(*, wit: Path, as_json: bool, features: str, all_features: bool) -> None:
    """Print resolved WIT in the shape of `wasm-tools component wit --json`."""
    del as_json
    from .. import api
    from ..model.wit_json import to_wit_json

    document = to_wit_json(api.resolve(wit, _split(features), all_features=all_features))
    json.dump(document, sys.stdout, indent=2)
    sys.stdout.write("\n")


_COMMANDS: dict[str, click.Command] = {"generate": generate, "resolve": resolve}
