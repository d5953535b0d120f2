"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from .output import Format, reporter

__all__ = ["naming_options", "overrides", "reporting", "split", "targets", "wit_options"]

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _apply(decorators: list[Callable[[Any], Any]], command: _Command) -> _Command:
    for decorator in reversed(decorators):
        command = decorator(command)
    return command


def _choose_format(ctx: click.Context, parameter: click.Parameter, value: str | None) -> None:
    del ctx, parameter
    if value is not None:
        reporter.format = Format(value)


def _less(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click calls it
    del ctx, parameter
    reporter.verbosity -= value


def _more(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click calls it
    del ctx, parameter
    reporter.verbosity += value


def reporting(command: _Command) -> _Command:
    """Add `--format`, `-q` and `-v`, which set up the reporter."""
    formats = click.Choice([each.value for each in Format])
    told = "How to write problems; `github` where GITHUB_ACTIONS is set, else `text`."

    def option(*names: str, callback: Callable[..., None], **rest: Any) -> Callable[[Any], Any]:
        return click.option(*names, callback=callback, expose_value=False, is_eager=True, **rest)

    return _apply(
        [
            option("--format", type=formats, callback=_choose_format, help=told),
            option("-q", "--quiet", is_flag=True, callback=_less, help="Say nothing but problems."),
            option("-v", "--verbose", is_flag=True, callback=_more, help="Name every file that is written."),
        ],
        command,
    )


def wit_options(command: _Command) -> _Command:
    """Add the options for reading WIT."""
    return _apply(
        [
            click.option("--features", metavar="A,B", help="Turn on these @unstable features."),
            click.option("--all-features", is_flag=True, help="Turn on every @unstable feature."),
        ],
        command,
    )


def _pairs(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    del ctx, parameter
    pairs = [value.partition("=") for value in values]
    if not all(name and given for name, _, given in pairs):
        raise click.BadParameter("must be INTERFACE=NAME")
    return {name: given for name, _, given in pairs}


def naming_options(command: _Command) -> _Command:
    """Add componentize-py's own options about the names of its modules; bindings and build must have the same."""

    def interface_names(side: str) -> Callable[[Any], Any]:
        told = f"As componentize-py's own option: what it calls an {side}ed interface."
        name, field = f"--{side}-interface-name", f"{side}_names"
        return click.option(name, field, metavar="INTERFACE=NAME", multiple=True, callback=_pairs, help=told)

    return _apply(
        [
            click.option("--world-module", metavar="NAME", help="As componentize-py's own option."),
            click.option("--full-names", is_flag=True, help="As componentize-py's own option."),
            interface_names("import"),
            interface_names("export"),
        ],
        command,
    )


def targets(command: _Command) -> _Command:
    """Add the options that select targets of pyproject.toml, and those that override theirs."""
    told_out = "The output package: a target's, or any other folder."
    return _apply(
        [
            click.argument("wit", type=click.Path(path_type=Path), required=False),
            click.option("-w", "--world", metavar="WORLD", help="The world: its name, or ns:pkg/world[@version]."),
            click.option("-o", "--out", type=click.Path(path_type=Path), metavar="DIR", help=told_out),
            click.option("--host", is_flag=True, help="Host bindings only (for wasmtime-py)."),
            click.option("--guest", is_flag=True, help="Guest wrappers only (for componentize-py)."),
            click.option("--all-imports", is_flag=True, help="Of a component: also what wasmtime provides (WASI)."),
            click.option("--golem", is_flag=True, help="Resolve missing packages from the bundled Golem WIT."),
            click.option(
                "--reuse", metavar="PACKAGE[=DIR]", multiple=True, help="Import what this generated package has."
            ),
            click.option("--skip", metavar="INTERFACE", multiple=True, help="Leave out this import of the world."),
            click.option("--runtime", metavar="PACKAGE", help="Import the runtime from here, or `copy` it into DIR."),
            naming_options,
            wit_options,
        ],
        command,
    )


def split(features: str | None) -> list[str]:
    """Return the names in a comma-separated list."""
    return [name.strip() for name in (features or "").split(",") if name.strip()]


def overrides(options: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of `Config` that are set on the command line."""
    fields = {
        name: options[name]
        for name in ("wit", "world", "out", "world_module", "runtime")
        if options.get(name) is not None
    }
    if options.get("features") is not None:
        fields["features"] = split(options["features"])
    fields |= {name: options[name] for name in ("reuse", "skip", "import_names", "export_names") if options.get(name)}
    fields |= {name: True for name in ("all_features", "all_imports", "golem", "full_names") if options.get(name)}
    host, guest = options.get("host", False), options.get("guest", False)
    if host or guest:
        fields |= {"host": host, "guest": guest}
    return fields
