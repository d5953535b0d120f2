"""The `witgen` command.

Exit codes are API: 0 fine, 1 drift, 2 bad WIT, configuration or usage, 3 a bug in witgen.
"""

from __future__ import annotations

import sys
import traceback
from typing import NoReturn

import click

from ..errors import WitError
from ..version import VERSION
from .output import report

__all__ = ["main"]

# Subcommands are imported when they are called: `witgen --help` must not load a parser, black or wasmtime.
_COMMANDS = {
    "demo": "Run a conversation over a WebSocket: generate, build, run.",
    "generate": "Write the bindings of a world.",
    "inspect": "Show packages, worlds, interfaces and functions as a tree.",
    "resolve": "Print the resolved WIT as JSON.",
}


class _Lazy(click.Group):
    """A group whose commands are loaded on demand."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        del ctx
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command, or answer None where there is none."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        from . import commands

        return commands.load(cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without loading them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(sorted(_COMMANDS.items()))


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="witgen")
def cli() -> None:
    """Typed Python from WIT: host bindings for wasmtime-py, guest wrappers for componentize-py."""


def main() -> NoReturn:
    """Run the command line and exit."""
    try:
        code = cli.main(prog_name="witgen", standalone_mode=False)
    except WitError as error:
        report(error.diagnostics)
        sys.exit(2)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        click.echo("witgen: interrupted", err=True)
        sys.exit(130)
    except OSError as error:
        place = f": {error.filename}" if error.filename else ""
        click.echo(f"error: {error.strerror or error}{place}", err=True)
        sys.exit(2)
    except Exception:  # noqa: BLE001 - a bug must not look like a user's mistake
        traceback.print_exc()
        click.echo("witgen: this is a bug in witgen; please report it with the lines above", err=True)
        sys.exit(3)
    sys.exit(code if isinstance(code, int) else 0)
