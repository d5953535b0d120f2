"""`witgen resolve` and `witgen demo`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from .options import reporting, split, wit_options

__all__ = ["demo", "resolve"]

_wit = click.argument("wit", type=click.Path(path_type=Path), default=Path("wit"))


@click.command()
@_wit
@click.option("--json", "as_json", is_flag=True, help="Print JSON (the only form there is).")
@wit_options
@reporting
def resolve(*, wit: Path, as_json: bool, features: str | None, all_features: bool) -> None:
    """Print resolved WIT in the shape of `wasm-tools component wit --json`."""
    del as_json
    from .. import api
    from ..model.wit_json import to_wit_json

    document = to_wit_json(api.resolve(wit, split(features), all_features=all_features))
    json.dump(document, sys.stdout, indent=2)
    sys.stdout.write("\n")


@click.command()
def demo() -> None:
    """Generate, build and run a conversation over a WebSocket in ./witgen-demo/."""
    from .. import demo as demonstration

    try:
        demonstration.run(Path("witgen-demo"), out=sys.stdout, err=sys.stderr)
    except demonstration.DemoError as error:
        raise click.ClickException(str(error)) from error
