"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from ..base.resources import GOLEM_RELEASES, GOLEM_UNNAMED
from ..project.options_table import BUILD_OPTIONS, OPTIONS, Kind, Option, Scope
from .output import Format, reporter

__all__ = ["ReleaseOption", "build_options", "config_options", "overrides", "reporting"]

_Command = TypeVar("_Command", bound=Callable[..., Any])


class ReleaseOption(click.Option):
    """An option that may be followed by a release of Golem: `--golem` or `--golem 1.5`.

    click would take any word that follows for the release, even the path of the WIT.

    Args:
        unnamed: the release that is meant where none follows.
    """

    def __init__(self, *names: Any, unnamed: str = GOLEM_UNNAMED, **rest: Any) -> None:
        super().__init__(*names, **rest)
        self._unnamed = unnamed

    def joined(self, arguments: list[str]) -> list[str]:
        """Return the command line with `--golem=RELEASE` in each place of this option."""
        joined: list[str] = []
        rest = list(arguments)
        while rest and rest[0] != "--":
            word = rest.pop(0)
            if word in self.opts:
                release = rest.pop(0) if rest and rest[0] in GOLEM_RELEASES else self._unnamed
                word = f"{word}={release}"
            joined.append(word)
        return joined + rest


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
    told = "The format of diagnostics; `github` if GITHUB_ACTIONS is set, else `text`."

    def option(*names: str, callback: Callable[..., None], **rest: Any) -> Callable[[Any], Any]:
        return click.option(*names, callback=callback, expose_value=False, is_eager=True, **rest)

    return _apply(
        [
            option("--format", type=formats, callback=_choose_format, help=told),
            option("-q", "--quiet", is_flag=True, callback=_less, help="Print only problems."),
            option("-v", "--verbose", is_flag=True, callback=_more, help="List every file that is written."),
        ],
        command,
    )


def _pairs(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str] | None:
    """Return the values of a mapping; None where there are none."""
    del ctx, parameter
    pairs = [value.partition("=") for value in values]
    if not all(name and given for name, _, given in pairs):
        raise click.BadParameter("must be INTERFACE=NAME")
    return {name: given for name, _, given in pairs} or None


def _all(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return the values of a list; None where there are none."""
    del ctx, parameter
    return values or None


def _split(ctx: click.Context, parameter: click.Parameter, value: str | None) -> list[str] | None:
    """Return the names in a comma-separated list."""
    del ctx, parameter
    return None if value is None else [name.strip() for name in value.split(",") if name.strip()]


def _click_options(options: Iterable[Option], *, wit: bool) -> Iterator[Callable[[Any], Any]]:
    for option in options:
        if option.switch is None or (option.field == "wit" and not wit):
            continue
        names, told, metavar, commas = option.switch
        given: dict[str, Any] = {"help": told, "metavar": metavar}
        match option.kind:
            case Kind.FLAG | Kind.SIDE:
                given |= {"is_flag": True}
            case Kind.PATH:
                given |= {"type": click.Path(path_type=Path)}
            case Kind.CHOICE | Kind.CHOICES:
                given |= {"type": click.Choice(option.choices)}
            case Kind.RELEASE:
                given |= {"cls": ReleaseOption, "type": click.Choice(option.choices)}
            case Kind.MAPPING:
                given |= {"multiple": True, "callback": _pairs}
            case Kind.LIST | Kind.PACKAGES:
                given |= {"callback": _split} if commas else {"multiple": True, "callback": _all}
            case Kind.TEXT:
                pass
        yield click.option(*names, option.field, **given)


def config_options(scope: Scope, *, wit: bool = False) -> Callable[[_Command], _Command]:
    """Return a decorator that adds the options which commands of this scope share.

    The WIT is an option with `wit`, for commands whose argument is something else; by default it is the argument.
    """

    def decorate(command: _Command) -> _Command:
        argument = click.argument("wit", type=click.Path(path_type=Path), required=False)
        options = (each for each in OPTIONS if each.scope <= scope)
        return _apply([*(() if wit else (argument,)), *_click_options(options, wit=wit)], command)

    return decorate


def build_options(command: _Command) -> _Command:
    """Add the options that `build` alone has."""
    return _apply([*_click_options(BUILD_OPTIONS, wit=False)], command)


def overrides(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of `Config`, or of `Build`, that are set on the command line."""
    given = {each: options.get(each.field) for each in (*OPTIONS, *BUILD_OPTIONS)}
    fields = {each.field: value for each, value in given.items() if value is not None and value is not False}
    sides = {each.field: value for each, value in given.items() if each.kind is Kind.SIDE}
    return fields | sides if any(sides.values()) else fields
