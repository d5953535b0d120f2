"""The `witgen` command.

Exit codes are API: 0 fine, 1 drift, 2 bad WIT, configuration or usage, 3 a bug in witgen.
"""

from __future__ import annotations

import io
import sys
import warnings
from importlib import import_module
from typing import Any, NoReturn, TextIO

import click

from ..diagnostics.errors import WitgenError
from ..diagnostics.model import Diagnostic, Severity
from .output import reporter

__all__ = ["cli", "main"]

# Module and summary. Subcommands are imported when they are called: `witgen --help` must not load a parser or black.
_COMMANDS = {
    "build": ("commands", "Build a component from Python with componentize-py."),
    "check": ("generating", "Write nothing; name every file that `generate` would change."),
    "compile": ("compiling", "Write what a server opens at start: a component's machine code."),
    "completion": ("setup", "Print the script that lets a shell complete witgen's commands and options."),
    "demo": ("commands", "Run a conversation over a WebSocket: generate, build, run."),
    "generate": ("generating", "Write the bindings of a world, or of every target in pyproject.toml."),
    "golem": ("golem", "Agents of Golem: their types, new projects, manifests, clusters."),
    "init": ("setup", "Write an initial [tool.witgen] for the WIT in this project."),
    "inspect": ("commands", "Show packages, worlds, interfaces and functions as a tree."),
    "mcp": ("tools", "Serve a component's functions as tools to language models."),
    "resolve": ("commands", "Print the resolved WIT as JSON."),
    "run": ("running", "Call a function of a component, with Golem's services on this machine."),
    "serve": ("serving", "Serve a component that answers HTTP requests."),
    "watch": ("watching", "Generate again whenever the WIT or pyproject.toml is saved."),
    "workers": ("workers", "List the workers of a state file; show, interrupt, revert, delete them."),
}


class _Lazy(click.Group):
    """A group whose commands are loaded on demand."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        del ctx
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command; return None if it does not exist."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f".{_COMMANDS[cmd_name][0]}", __package__)
        command: click.Command = getattr(module, cmd_name)
        _take_text(command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command, and put its command line into a form that click can parse."""
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            ctx.fail(_no_command(args[0]))
        name, command, rest = super().resolve_command(ctx, args)
        from .options import ReleaseOption

        for parameter in command.params if command is not None else ():
            if isinstance(parameter, ReleaseOption):
                rest = parameter.joined(rest)
        return name, command, rest

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without loading them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in sorted(_COMMANDS.items())])


def _no_command(name: str) -> str:
    from difflib import get_close_matches

    meant = get_close_matches(name, _COMMANDS, n=1)
    return f"No such command '{name}'." + (f" Did you mean '{meant[0]}'?" if meant else "")


class _Text(click.types.StringParamType):
    """Text. Arguments that are not UTF-8 contain lone surrogates, which are valid in paths, but not in other text."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the text, or refuse bytes that are not text."""
        text: Any = super().convert(value, param, ctx)
        if isinstance(text, str) and any("\ud800" <= char <= "\udfff" for char in text):
            shown = text.encode("utf-8", "backslashreplace").decode()
            self.fail(f"`{shown}` is not UTF-8: encode it as UTF-8, or rename the item", param, ctx)
        return text


def _take_text(command: click.Command) -> None:
    """Make a command refuse text arguments that are not UTF-8."""
    for parameter in command.params:
        if parameter.type is click.STRING:
            parameter.type = _Text()
    for inner in command.commands.values() if isinstance(command, click.Group) else ():
        _take_text(inner)


def _show_versions(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click calls it
    del parameter
    if value and not ctx.resilient_parsing:
        from .setup import versions

        click.echo(versions())
        ctx.exit()


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_show_versions,
    help="Show the versions of witgen and of the runtimes it finds.",
)
def cli() -> None:
    """Typed Python from WIT: host bindings for wasmtime-py, guest wrappers for componentize-py."""


def main() -> NoReturn:
    """Run the command line and exit."""
    warnings.showwarning = _report
    code = _run()
    reporter.flush()
    sys.exit(code)


def _report(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Report witgen's own warnings like other problems; show all others as Python does."""
    if category.__module__.partition(".")[0] == "witgen":
        text, _, remedy = str(message).partition("; ")
        reporter.add([Diagnostic("W0941", text, help=remedy or None, severity=Severity.WARNING)])
    else:
        print(warnings.formatwarning(message, category, filename, lineno, line), end="", file=file or sys.stderr)


def _show(error: click.ClickException) -> None:
    """Show an error as click does, but with `error:` before it, as all other errors have."""
    shown = io.StringIO()
    error.show(shown)
    text, ending = shown.getvalue(), f"Error: {error.format_message()}\n"
    if text.endswith(ending):
        text = f"{text.removesuffix(ending)}e{ending[1:]}"
    click.echo(text, err=True, nl=False)


def _run() -> int:
    try:
        code = cli.main(prog_name="witgen", standalone_mode=False)
    except WitgenError as error:
        reporter.add(error.diagnostics)
    except click.ClickException as error:
        _show(error)
    except (click.Abort, KeyboardInterrupt):
        click.echo("witgen: interrupted", err=True)
        return 130
    except OSError as error:
        place = f": {error.filename}" if error.filename else ""
        click.echo(f"error: {error.strerror or error}{place}", err=True)
    except Exception:  # noqa: BLE001 - a bug must not look like a user's mistake
        import traceback

        traceback.print_exc()
        click.echo("witgen: this is a bug in witgen; please report it with the lines above", err=True)
        return 3
    else:
        return code if isinstance(code, int) else 0
    return 2
